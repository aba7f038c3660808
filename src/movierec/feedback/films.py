"""The films of a data set as tables beside its feedback, for programs that ask the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from movierec.feedback.connection import begin_write, create_engine, migrate, report_plainly, resolve_url
from movierec.feedback.rows import to_microseconds
from movierec.feedback.tables import catalogue_film, catalogue_release
from movierec.schema import Catalog


def publish_films(
    url_or_path: str | Path,
    dataset: str,
    version: str,
    catalog: Catalog,
    moment: datetime | None = None,
) -> bool:
    """Let the database hold exactly the films of a bundle; False where it did so already.

    All in one transaction: who reads meanwhile sees the films of the bundle before. Several may publish at
    once, the last one stays.

    Parameters
    ----------
    dataset : name of the data set, as feedback has it; films of others are not touched
    version : name of the bundle
    moment : when that is; timezone-aware, now if not given

    Raises
    ------
    ConfigError
        If the database is not supported.
    FeedbackUnavailableError
        If it fails.
    """
    engine = create_engine(resolve_url(url_or_path))
    try:
        with report_plainly(engine, "take the films of a bundle"):
            migrate(engine)
            with begin_write(engine) as connection:
                if _lock_release(connection, dataset) == version:
                    return False
                own = catalogue_film.c.dataset == dataset
                connection.execute(sa.delete(catalogue_film).where(own))
                rows = list(_make_rows(dataset, catalog))
                if rows:
                    connection.execute(sa.insert(catalogue_film), rows)
                published = to_microseconds("moment", moment or datetime.now(UTC))
                release = sa.update(catalogue_release).where(catalogue_release.c.dataset == dataset)
                connection.execute(release.values(bundle=version, published_us=published))
        return True
    finally:
        engine.dispose()


def _lock_release(connection: Connection, dataset: str) -> str:
    """Return the bundle whose films are there, "" for none, and keep other publishers out."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = {"dataset": dataset, "bundle": "", "published_us": 0}
    connection.execute(insert(catalogue_release).values(first).on_conflict_do_nothing())
    query = sa.select(catalogue_release.c.bundle).where(catalogue_release.c.dataset == dataset)
    return str(connection.execute(query.with_for_update()).scalar_one())


def _make_rows(dataset: str, catalog: Catalog) -> Iterator[dict[str, Any]]:
    for place, item_id in enumerate(catalog.item_id):
        yield {
            "dataset": dataset,
            "item_id": item_id,
            # PostgreSQL knows no NUL, and titles are what somebody's file says.
            "title": catalog.title[place].replace("\0", ""),
            "year": int(catalog.year[place]) or None,
            "genres": orjson.dumps(catalog.genres[place]).decode(),
            "director": catalog.director[place],
            "imdb_id": catalog.imdb_id[place],
            "tmdb_id": catalog.tmdb_id[place],
        }
