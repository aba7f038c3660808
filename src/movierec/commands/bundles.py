"""``movierec bundles``: which bundles there are, and which of them is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import (
    CommandGroup,
    home_option,
    list_headlines,
    make_printable,
    read_settings,
    start_progress,
)

if TYPE_CHECKING:
    from movierec.artifacts import Manifest


@click.group("bundles", cls=CommandGroup, short_help="List bundles, choose which one is served.")
def command() -> None:
    """List the bundles of a home folder, promote one of them, or go back to the one before.

    A running API follows by itself within MOVIEREC_RELOAD_SECONDS, without losing a request.
    """


@command.command("list")
@home_option
def list_all(home: Path | None) -> None:
    r"""Print one bundle per line: place, version, when it was built, data set, events, NDCG@10 of its check.

    The place is "current", "previous" (where a rollback leads), "earlier", or "aside" for what retraining
    made and did not promote. Newest first; files are not verified.

    \b
    Example:
      movierec bundles list --home data
    """
    from movierec.artifacts import list_aside, list_bundles, list_previous, read_pointer
    from movierec.errors import ArtifactError

    settings = read_settings(home=home)
    try:
        current = read_pointer(settings.bundles_dir)
    except ArtifactError as error:
        current = ""
        click.echo(str(error), err=True)
    before = list_previous(settings.bundles_dir)[:1]
    for manifest in list_bundles(settings.bundles_dir):
        place = "current" if manifest.version == current else "earlier"
        _show("previous" if manifest.version in before else place, manifest)
    for manifest in list_aside(settings.aside_dir):
        _show("aside", manifest)


@command.command("promote")
@home_option
@click.argument("version")
def promote(home: Path | None, version: str) -> None:
    r"""Make the bundle VERSION the current one, after checking every file of it.

    One that was kept aside may be promoted, too.

    \b
    Example:
      movierec bundles promote sample-1f0c2a9be4d7
    """
    from movierec.artifacts import list_aside, list_bundles, open_bundle, point_current, take_back
    from movierec.listing import list_films

    settings = read_settings(home=home)
    if version in {manifest.version for manifest in list_aside(settings.aside_dir)}:
        take_back(settings.aside_dir, settings.bundles_dir, version)
    elif version in {manifest.version for manifest in list_bundles(settings.bundles_dir)}:
        open_bundle(settings.bundles_dir / version)
    point_current(settings.bundles_dir, version)
    click.echo(version)
    list_films(settings, start_progress())


@command.command("rollback")
@home_option
def rollback(home: Path | None) -> None:
    r"""Make the bundle current that was so before; again, and it goes one further back.

    A damaged one is passed over. To return to what was left, promote it by name.

    \b
    Example:
      movierec bundles rollback
    """
    from movierec.artifacts import list_previous, open_bundle, roll_back
    from movierec.errors import ArtifactError, NoBundleError
    from movierec.listing import list_films

    settings = read_settings(home=home)
    for version in list_previous(settings.bundles_dir):
        try:
            open_bundle(settings.bundles_dir / version)
        except ArtifactError as error:
            click.echo(f"passed over: {error}", err=True)
            continue
        roll_back(settings.bundles_dir, version)
        click.echo(version)
        list_films(settings, start_progress())
        return
    raise NoBundleError(
        f"no sound bundle in {settings.bundles_dir} was current before; see: movierec bundles list"
    )


def _show(place: str, manifest: Manifest) -> None:
    data = manifest.dataset
    quality = list_headlines(manifest.metrics).get("ndcg@10 v2")
    fields = (
        place,
        manifest.version,
        f"{manifest.created_at:%Y-%m-%dT%H:%M:%SZ}",
        data.name,
        f"{data.n_interactions:,}",
        "-" if quality is None else f"{quality:.4f}",
    )
    click.echo("\t".join(make_printable(field) for field in fields))
