"""One viewer by id: taste over time, history, log, imports; values and the calls that bring them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from ui.api_client import ApiClient
from ui.models import Movie, Share

Origin = Literal["dataset", "import", "app"]
LogAction = Literal["like", "dislike", "save", "rate", "undo"]


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of a history; ``genres`` are shares of the liked titles, which sum to 1 or are empty."""

    start: str
    name: str
    n_events: int
    n_liked: int
    mean_rating: float | None
    genres: dict[str, float]
    median_year: int | None
    director: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods in order, each ``months`` long."""

    months: int
    genres: tuple[str, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What anybody likes, what they said in the app counted in."""

    viewer: str
    n_events: int
    n_liked: int
    mean_rating: float | None
    genres: tuple[Share, ...]
    eras: tuple[Share, ...]
    directors: tuple[Share, ...]
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class DiaryEntry:
    """One thing the viewer did."""

    item: Movie
    rating: float | None
    when: datetime
    origin: Origin
    action: LogAction | None


@dataclass(frozen=True, slots=True)
class History:
    """A page of a diary, and how long it is."""

    total: int
    entries: tuple[DiaryEntry, ...]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event as it was stored."""

    event_id: str
    item_id: str
    item: Movie | None
    action: LogAction
    rating: float | None
    in_force: bool
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class Log:
    """A page of everything a viewer said, newest first, and how much it is."""

    total: int
    events: tuple[LogEvent, ...]


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row of a file and the film it was taken for."""

    line: int
    name: str
    rating: float
    by: Literal["id", "title"]
    item: Movie


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a file that was left out, and why."""

    line: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do; ``users`` counts the rows of each user the file names."""

    format: Literal["letterboxd", "movielens", "other"]
    users: dict[str, int]
    dry_run: bool
    n_matched: int
    n_by_id: int
    new: int
    stored: int
    unchanged: int
    kept_thumbs: int
    matched: tuple[MatchedRow, ...]
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many events were erased."""

    erased: int


def load_profile(client: ApiClient, viewer: str) -> Profile:
    """Return the taste of anybody."""
    return client.ask(Profile, "GET", _path(viewer, "taste"))


def load_history(client: ApiClient, viewer: str, limit: int, offset: int) -> History:
    """Return a page of what a viewer did, newest first."""
    return client.ask(History, "GET", _path(viewer, "history"), params={"limit": limit, "offset": offset})


def load_log(client: ApiClient, viewer: str, limit: int, offset: int) -> Log:
    """Return a page of everything a viewer said, newest first."""
    return client.ask(Log, "GET", _path(viewer, "feedback"), params={"limit": limit, "offset": offset})


def export_feedback(client: ApiClient, viewer: str, form: Literal["csv", "json"]) -> bytes:
    """Return everything a viewer said as a file."""
    return client.fetch(_path(viewer, "feedback/export"), {"format": form})


def erase_feedback(client: ApiClient, viewer: str, only: Literal["all", "imports"]) -> int:
    """Erase what a viewer said and return how many events there were."""
    return client.ask(Erased, "DELETE", _path(viewer, "feedback"), params={"only": only}).erased


def import_ratings(
    client: ApiClient, viewer: str, data: bytes, user: str | None, *, dry_run: bool
) -> ImportReport:
    """Send a file of ratings; with ``dry_run`` nothing is stored."""
    params = {"dry_run": str(dry_run).lower()} | ({"user": user} if user is not None else {})
    headers = {"Content-Type": "text/csv"}
    path = _path(viewer, "imports")
    return client.ask(ImportReport, "POST", path, params=params, data=data, headers=headers)


def _path(viewer: str, what: str) -> str:
    return f"/viewers/{quote(viewer, safe='')}/{what}"
