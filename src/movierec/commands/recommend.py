"""``movierec recommend``: lists for many users as a table, or for one user to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from movierec.commands.console import home_option, make_printable, read_settings, start_progress
from movierec.commands.feedback import open_store
from movierec.errors import DataError, UnknownUserError

if TYPE_CHECKING:
    import polars as pl

    from movierec.recall.base import Candidates
    from movierec.schema import Aim, History
    from movierec.service import RecommenderService

MAX_K: Final = 1000
USER_COLUMN: Final = "userId"
_SHOWN_UNKNOWN: Final = 5
_BATCH: Final = 500
AIMS: Final = ("balanced", "next", "later", "return", "rating")


class ListLength(click.ParamType[int]):
    """A whole number of films that a list can have."""

    name = "integer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; fails with what was expected and what was seen."""
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MAX_K):
            self.fail(f"expected a whole number from 1 to {MAX_K}, got {text[:40]!r}", param, ctx)
        return int(text)


@click.command("recommend", short_help="Recommend films to many users, or to one.")
@home_option
@click.option(
    "--users",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help=f"Table with a column {USER_COLUMN}: the data set's own ids; other columns are ignored.",
)
@click.option("--user", metavar="ID", help="One user: print a list with reasons instead of a table.")
@click.option("--k", type=ListLength(), default=10, show_default=True, help=f"Films per user, 1 to {MAX_K}.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Where the table goes; stdout if not given.",
)
@click.option(
    "--aim",
    type=click.Choice(AIMS),
    default=AIMS[0],
    show_default=True,
    help="What the order is for: what is watched next, what is liked later, what somebody wants who "
    "comes back after a while, a balance of all three, or what is liked best if watched.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out ids the data set does not know.")
@click.option("--no-feedback", is_flag=True, help="Use the data set alone, not what was said in the app.")
def command(
    home: Path | None,
    users: Path | None,
    user: str | None,
    k: int,
    out: Path | None,
    aim: str,
    skip_unknown: bool,
    no_feedback: bool,
) -> None:
    r"""Recommend films to users of the data set: never ones they have seen.

    With --users the result is a table with the columns userId, movieId, rank (from 1) and score, best
    first; it appears whole or not at all. Blank ids are skipped, repeated ones count once.

    \b
    Examples:
      movierec recommend --users users.csv --k 20 --out picks.csv
      movierec recommend --user 42
    """
    if (users is None) == (user is None):
        raise click.UsageError("Give either --users FILE.csv or --user ID", click.get_current_context())
    if user is not None and out is not None:
        raise click.UsageError("--out goes with --users only", click.get_current_context())
    settings = read_settings(home=home)
    ids = [user] if user is not None else read_user_ids(users) if users is not None else []

    from movierec.schema import Aim
    from movierec.service import RecommenderService

    service = RecommenderService.open(settings.home)
    known = select_known(ids, service.user_index, skip_unknown)
    with ExitStack() as stack:
        store = None if no_feedback else stack.enter_context(open_store(settings, service.info.name))
        said = set(store.users()) if store is not None else set()

        def collect(user_id: str) -> History:
            index = service.user_index[user_id]
            if store is None or user_id not in said:
                return service.trained_history(index)
            return service.effective_history(index, store.in_force(user_id))

        if user is not None:
            for user_id in known:
                _show_list(service, user_id, collect(user_id), k, Aim(aim))
            return
        table = recommend_table(service, known, collect, k, start_progress(), Aim(aim))
    _write_table(table, out)


def read_user_ids(path: Path) -> list[str]:
    """Return the distinct ids of the column ``userId``, in the order of the file, blanks left out."""
    from movierec.data.readers.delimited import read_csv

    ids = read_csv(path.read_bytes(), str(path), {USER_COLUMN: "user_id"})["user_id"]
    distinct: list[str] = ids.drop_nulls().str.normalize("NFC").unique(maintain_order=True).to_list()
    if not distinct:
        raise DataError(f"{path} names no user; expected at least one id in the column {USER_COLUMN}")
    return distinct


def select_known(ids: Sequence[str], user_index: dict[str, int], skip_unknown: bool = False) -> list[str]:
    """Return the ids the bundle knows; raises ``UnknownUserError`` for others unless they are skipped."""
    unknown = [user_id for user_id in ids if user_id not in user_index]
    if unknown and not skip_unknown:
        first = ", ".join(user_id[:40] for user_id in unknown[:_SHOWN_UNKNOWN])
        more = ", …" if len(unknown) > _SHOWN_UNKNOWN else ""
        raise UnknownUserError(
            f"{len(unknown)} of {len(ids)} user ids are not in the data set: {first}{more}; "
            "correct them, or leave them out with --skip-unknown"
        )
    return [user_id for user_id in ids if user_id in user_index]


def recommend_table(
    service: RecommenderService,
    user_ids: Sequence[str],
    collect: Callable[[str], History],
    k: int,
    progress: Callable[[str], None],
    aim: Aim | None = None,
) -> pl.DataFrame:
    """Return the lists of many users below each other: ``userId, movieId, rank, score``.

    Parameters
    ----------
    service : the open recommender
    user_ids : the data set's own ids, all known
    collect : gives the effective history of an id
    k : films per user
    progress : receives one line per batch of users
    aim : what the order is for; balanced unless given
    """
    import numpy as np
    import polars as pl

    from movierec.batches import PROCESSES, recommend_batches
    from movierec.schema import Aim

    found: list[Candidates] = []
    batches = (
        [collect(user_id) for user_id in user_ids[start : start + _BATCH]]
        for start in range(0, len(user_ids), _BATCH)
    )
    processes = PROCESSES if len(user_ids) > _BATCH else 1
    for lists in recommend_batches(service, batches, k, aim or Aim.BALANCED, processes):
        found += lists
        progress(f"{len(found):,} of {len(user_ids):,} users")
    short = sum(len(candidates) < k for candidates in found)
    if short:
        progress(f"{short:,} users have fewer than {k} films left to recommend")
    sizes = [len(candidates) for candidates in found]
    items = [service.catalog.item_id[index] for candidates in found for index in candidates.item_idx.tolist()]
    scores = np.concatenate([np.empty(0, np.float32), *(candidates.score for candidates in found)])
    return pl.DataFrame(
        {
            USER_COLUMN: pl.Series(np.repeat(np.asarray(user_ids, object), sizes).tolist(), dtype=pl.String),
            "movieId": pl.Series(items, dtype=pl.String),
            "rank": [rank for size in sizes for rank in range(1, size + 1)],
            "score": scores,
        },
        schema_overrides={"rank": pl.Int64},
    )


def _write_table(table: pl.DataFrame, out: Path | None) -> None:
    if out is None:
        click.echo(table.write_csv(), nl=False)
        return
    from movierec.artifacts.files import replace_atomically

    with replace_atomically(out) as temporary:
        table.write_csv(temporary)


def _show_list(service: RecommenderService, user_id: str, history: History, k: int, aim: Aim) -> None:
    from movierec.service import Query

    catalog = service.catalog
    found = service.recommend(history, Query(k=k, aim=aim))
    click.echo(make_printable(f"For viewer {user_id} ({len(history):,} events, {service.info.name}):"))
    for item in found.items:
        index = item.item_idx
        year = f" ({catalog.year[index]})" if catalog.year[index] else ""
        genres = ", ".join(catalog.genres[index])
        line = f"{item.rank:>4}. {catalog.title[index]}{year}  {item.match:.0%}  {genres}"
        click.echo(make_printable(line.rstrip()))
        for reason in item.reasons:
            click.echo(f"      {make_printable(reason.text)}")
    if found.note:
        click.echo(make_printable(found.note), err=True)
