"""``movierec feedback``: what viewers said in the app, as a list, as files, as a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import CommandGroup, home_option, make_printable, read_settings

if TYPE_CHECKING:
    from movierec.config import Settings
    from movierec.feedback.store import FeedbackStore

dataset_option = click.option(
    "--dataset", metavar="NAME", help="Whose feedback; default is the data set of the current bundle."
)


@click.group("feedback", cls=CommandGroup, short_help="List, export, back up what viewers said in the app.")
def command() -> None:
    """List, export, back up or restore the likes, dislikes and saves given in the app."""


@command.command("list")
@home_option
@dataset_option
@click.option("--user", metavar="ID", help="Only what stands of this viewer, newest first.")
def list_events(home: Path | None, dataset: str | None, user: str | None) -> None:
    r"""Print one event per line: server time, viewer, action, film id.

    Without --user every event is listed, undone ones too, oldest first.

    \b
    Examples:
      movierec feedback list
      movierec feedback list --user 42
    """
    settings = read_settings(home=home)
    with open_store(settings, dataset) as store:
        events = () if store is None else store.events() if user is None else store.in_force(user)
        for event in events:
            when = f"{event.server_time:%Y-%m-%dT%H:%M:%SZ}" if event.server_time else "-"
            fields = (when, event.user_id, event.action.value, event.item_id)
            click.echo("\t".join(make_printable(field) for field in fields))


@command.command("export")
@home_option
@dataset_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the files; default is the folder exports in the home folder.",
)
def export(home: Path | None, dataset: str | None, out: Path | None) -> None:
    r"""Write every event, undone ones too, to ui_feedback.jsonl and ui_feedback.parquet.

    Each file appears whole or not at all; existing ones are replaced. Prints the paths.

    \b
    Example:
      movierec feedback export --home data --out data/exports
    """
    from movierec.feedback.export import JSONL_NAME, PARQUET_NAME, export_jsonl, export_parquet

    settings = read_settings(home=home)
    folder = out or settings.home / "exports"
    with open_store(settings, dataset) as store:
        events = tuple(store.events()) if store is not None else ()
    count = export_jsonl(events, folder / JSONL_NAME)
    export_parquet(events, folder / PARQUET_NAME)
    click.echo(f"{count} events", err=True)
    click.echo(str(folder / JSONL_NAME))
    click.echo(str(folder / PARQUET_NAME))


@command.command("backup")
@home_option
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(home: Path | None, target: Path) -> None:
    r"""Copy the whole store, of all data sets, to TARGET; the API may go on meanwhile.

    TARGET appears whole or not at all; an existing one is replaced. A store on PostgreSQL is copied with
    pg_dump.

    \b
    Example:
      movierec feedback backup backups/feedback-2026-11-21.sqlite3
    """
    from movierec.feedback.backup import back_up

    count = back_up(_find_file(read_settings(home=home)), target)
    click.echo(f"{count} events", err=True)
    click.echo(str(target))


@command.command("restore")
@home_option
@click.argument("source", type=click.Path(dir_okay=False, path_type=Path))
def restore_backup(home: Path | None, source: Path) -> None:
    r"""Make the store what the copy SOURCE holds. Stop the API first.

    What the store holds now is copied beside it before, as feedback.sqlite3.before-restore.

    \b
    Example:
      movierec feedback restore backups/feedback-2026-11-21.sqlite3
    """
    from movierec.feedback.backup import back_up, count_events, restore

    store = _find_file(read_settings(home=home))
    if source.is_file():
        count_events(source)
    if store.exists():
        kept = store.with_name(f"{store.name}.before-restore")
        click.echo(f"{back_up(store, kept)} events kept in {kept}", err=True)
    click.echo(f"{restore(source, store)} events restored", err=True)
    click.echo(str(store))


def _find_file(settings: Settings) -> Path:
    """Return the file of the store; raises ``ConfigError`` where it is not SQLite's."""
    from movierec.errors import ConfigError
    from movierec.feedback.connection import resolve_url

    url = resolve_url(settings.database_url or settings.feedback_path)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise ConfigError("MOVIEREC_DATABASE_URL names PostgreSQL: copy its database with pg_dump")
    return Path(url.database)


@contextmanager
def open_store(settings: Settings, dataset: str | None = None) -> Iterator[FeedbackStore | None]:
    """Give the feedback store, or None where nobody has said anything yet; looking creates no database.

    Parameters
    ----------
    settings : where the store is
    dataset : name of the data set the ids belong to; that of the current bundle where None
    """
    if settings.database_url is None and not settings.feedback_path.exists():
        yield None
        return
    from movierec.artifacts import open_current
    from movierec.feedback.store import FeedbackStore

    name = dataset or open_current(settings.bundles_dir).manifest.dataset.name
    with FeedbackStore.open(settings.database_url or settings.feedback_path, name) as store:
        yield store
