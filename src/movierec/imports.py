"""Ratings given elsewhere: a file of MovieLens or Letterboxd becomes feedback of one viewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final, Literal
from uuid import uuid4

from movierec.data.printed_titles import parse_title
from movierec.errors import ConfigError, LayoutError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.rows import MAX_RATING, MIN_RATING
from movierec.schema import Catalog
from movierec.titles import TitleIndex

if TYPE_CHECKING:
    import polars as pl

FileFormat = Literal["letterboxd", "movielens", "other"]

_COLUMNS: Final = {
    "userid": "user",
    "user_id": "user_other",
    "movieid": "item",
    "item_id": "item_other",
    "imdbid": "imdb",
    "imdb_id": "imdb_other",
    "tmdbid": "tmdb",
    "tmdb_id": "tmdb_other",
    "name": "title",
    "title": "title_other",
    "year": "year",
    "letterboxd uri": "letterboxd",
    "timestamp": "when",
    "date": "when_other",
}
_NEWEST: Final = 4_102_444_800
"""Seconds from 1970 to 2100: larger numbers are milliseconds."""


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One usable row: ``rating`` in stars, ``rated_at`` where the file tells; ``line`` from 1."""

    line: int
    user_id: str | None
    item_id: str | None
    imdb_id: str | None
    tmdb_id: str | None
    title: str | None
    year: int
    rating: float
    rated_at: datetime | None

    @property
    def name(self) -> str:
        """What people call the row's film: title and year, or the id."""
        if self.title is None:
            return self.item_id or self.imdb_id or self.tmdb_id or ""
        return f"{self.title} ({self.year})" if self.year else self.title


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is left out: its line, the film as the file names it, and why."""

    line: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RatingsFile:
    """What a file holds; ``users`` counts the usable rows of each user it names."""

    format: FileFormat
    rows: tuple[RatingRow, ...]
    rejected: tuple[Rejected, ...]
    users: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Matched:
    """A row and the film of this catalogue it is about."""

    row: RatingRow
    item_idx: int
    by: Literal["id", "title"]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import of one viewer would do.

    ``events`` are to be stored; ``unchanged`` ratings stand already; for ``kept_thumbs`` films the viewer
    gave a thumb in the app, which counts more; ``rejected`` rows are left out, in the order of the file.
    """

    matched: tuple[Matched, ...]
    rejected: tuple[Rejected, ...]
    events: tuple[FeedbackEvent, ...]
    unchanged: int
    kept_thumbs: int


def read_ratings(data: bytes) -> RatingsFile:
    """Read a CSV file with a header; a BOM, any line ends and quotes are fine.

    It needs a column ``rating`` (0.5 to 5 stars) and something that names the film: ``movieId``, ``imdbId``
    or ``tmdbId``, or ``Name`` or ``title``, best with ``Year``. ``userId``, ``timestamp`` (seconds) and
    ``Date`` are used where they are there. Raises ``LayoutError`` that says what is missing.
    """
    if data[:2] == b"PK":
        raise LayoutError("the file is a zip archive; unpack it and choose the ratings.csv inside")
    # Only here: it loads polars, which an API that is never sent a file does without.
    from movierec.data.readers.delimited import read_csv

    table = read_csv(data, "the file", {"rating": "rating"}, _COLUMNS)
    named = {"item", "item_other", "imdb", "imdb_other", "tmdb", "tmdb_other", "title", "title_other"}
    if not named & set(table.columns):
        raise LayoutError("the file names no films; expected a column movieId, or Name (or title) with Year")
    rows: list[RatingRow] = []
    rejected: list[Rejected] = []
    for cells in table.iter_rows(named=True):
        read = _read_row(cells)
        if isinstance(read, RatingRow):
            rows.append(read)
        else:
            rejected.append(read)
    users = Counter(row.user_id for row in rows if row.user_id is not None)
    return RatingsFile(_name_format(table), tuple(rows), tuple(rejected), dict(users))


def plan_import(
    file: RatingsFile,
    index: TitleIndex,
    user_id: str,
    in_force: Iterable[FeedbackEvent],
    user: str | None = None,
) -> ImportPlan:
    """Return what storing the file as feedback of ``user_id`` would do; importing it twice adds nothing.

    Parameters
    ----------
    in_force : the viewer's feedback that stands
    user : whose rows of the file; needed where it holds several users, else ``ConfigError``
    """
    if user is not None and user not in file.users:
        raise ConfigError(f"user must be one of the {len(file.users)} users of the file")
    if user is None and len(file.users) > 1:
        raise ConfigError(f"the file holds ratings of {len(file.users)} users; choose one with user")
    rejected = list(file.rejected)
    matched: dict[int, Matched] = {}
    for row in file.rows:
        if user is not None and row.user_id != user:
            continue
        found = _match(row, index)
        if isinstance(found, Rejected):
            rejected.append(found)
            continue
        earlier = matched.get(found.item_idx)
        if earlier is not None:
            earlier, found = sorted((earlier, found), key=_order)
            rejected.append(_reject(earlier.row, f"rated again in line {found.row.line}, which is newer"))
        matched[found.item_idx] = found
    kept = tuple(sorted(matched.values(), key=lambda each: each.row.line))
    events, unchanged, thumbs = _compare(kept, index.catalog, user_id, in_force, file.format)
    rejected.sort(key=lambda each: each.line)
    return ImportPlan(kept, tuple(rejected), events, unchanged, thumbs)


def _compare(
    matched: Sequence[Matched],
    catalog: Catalog,
    user_id: str,
    in_force: Iterable[FeedbackEvent],
    file_format: FileFormat,
) -> tuple[tuple[FeedbackEvent, ...], int, int]:
    standing = {event.item_id: event for event in in_force if event.action is not FeedbackAction.SAVE}
    events: list[FeedbackEvent] = []
    unchanged = thumbs = 0
    for each in sorted(matched, key=_order):
        item_id, row = catalog.item_id[each.item_idx], each.row
        earlier = standing.get(item_id)
        if earlier is not None and earlier.action is not FeedbackAction.RATE:
            thumbs += 1
        elif earlier is not None and (earlier.rating, earlier.client_time) == (row.rating, row.rated_at):
            unchanged += 1
        else:
            context = {"surface": "import", "format": file_format}
            events.append(
                FeedbackEvent(
                    uuid4(),
                    user_id,
                    item_id,
                    FeedbackAction.RATE,
                    None,
                    None,
                    row.rated_at,
                    context,
                    row.rating,
                )
            )
    return tuple(events), unchanged, thumbs


def _match(row: RatingRow, index: TitleIndex) -> Matched | Rejected:
    by_title = index.find(row.title, row.year) if row.title is not None else ()
    by_id = index.find_id(row.item_id, row.imdb_id, row.tmdb_id)
    if by_id is not None and (row.title is None or index.agrees(by_id, row.title, row.year)):
        return Matched(row, by_id, "id")
    if len(by_title) == 1:
        return Matched(row, by_title[0], "title")
    if len(by_title) > 1:
        known = "title and year" if row.year else "title; a year would tell which"
        return _reject(row, f"{len(by_title)} films here have that {known}")
    if by_id is not None:
        return _reject(row, "the id belongs to another film here")
    return _reject(
        row, "no film here has that id" if row.title is None else "no film here has that title and year"
    )


def _order(each: Matched) -> tuple[datetime, int]:
    return each.row.rated_at or datetime.min.replace(tzinfo=UTC), each.row.line


def _reject(row: RatingRow, reason: str) -> Rejected:
    return Rejected(row.line, row.name, reason)


def _read_row(cells: dict[str, str | None]) -> RatingRow | Rejected:
    def pick(name: str) -> str | None:
        return cells.get(name) or cells.get(f"{name}_other")

    line = int(cells["line"] or 0)
    title, year = pick("title"), 0
    if title is not None:
        # With a year beside it a name is taken as it stands: parentheses may belong to it.
        if (known := _read_year(cells.get("year"))) is not None:
            year = known
        else:
            parsed = parse_title(title)
            title, year = parsed.title, parsed.year
    stars = _read_stars(cells["rating"])
    row = RatingRow(
        line,
        pick("user"),
        pick("item"),
        pick("imdb"),
        pick("tmdb"),
        title,
        year,
        stars or 0.0,
        _read_moment(pick("when")),
    )
    if not row.name:
        return _reject(row, "the row names no film")
    if stars is None:
        given = cells["rating"]
        seen = "there is none" if given is None else f"got {given[:20]!r}"
        return _reject(row, f"a rating must be {MIN_RATING} to {MAX_RATING:g} stars; {seen}")
    return row


def _read_stars(text: str | None) -> float | None:
    try:
        stars = float(text or "")
    except ValueError:
        return None
    return stars if MIN_RATING <= stars <= MAX_RATING else None


def _read_year(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) == 4 else None


def _read_moment(text: str | None) -> datetime | None:
    """Return the moment of a count of (milli)seconds or an ISO date or time; None for anything else."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 13:
        seconds = int(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _NEWEST else seconds, UTC)
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _name_format(table: pl.DataFrame) -> FileFormat:
    if "letterboxd" in table.columns:
        return "letterboxd"
    return "movielens" if {"user", "item"} <= set(table.columns) else "other"
