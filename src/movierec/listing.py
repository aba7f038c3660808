"""The films that are served, listed in the database that is shared with other programs."""

from __future__ import annotations

from collections.abc import Callable

from movierec.artifacts import open_current
from movierec.config import Settings
from movierec.errors import FeedbackUnavailableError
from movierec.names import read_names


def list_films(settings: Settings, progress: Callable[[str], None]) -> None:
    """Publish the films of the current bundle where ``MOVIEREC_DATABASE_URL`` names a database.

    A database that is away stops neither a build nor a promotion: it is told, and the next one publishes.
    """
    if settings.database_url is None:
        return
    from movierec.feedback.films import publish_films  # only here: the default has no database to share

    bundle = open_current(settings.bundles_dir)
    catalog = read_names(bundle).catalog
    try:
        new = publish_films(
            settings.database_url, bundle.manifest.dataset.name, bundle.manifest.version, catalog
        )
    except FeedbackUnavailableError as error:
        progress(f"films not listed: {error}")
        return
    progress(f"{len(catalog):,} films {'listed' if new else 'are listed'} in the database")
