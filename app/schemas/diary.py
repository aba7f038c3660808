"""What is known of a viewer by id: taste, history, the log of feedback, imports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import Model
from app.schemas.movies import MovieCard
from app.schemas.viewers import ShareOut
from movierec.diary import Origin
from movierec.feedback.events import FeedbackAction


class PeriodOut(Model):
    """One stretch of a history; ``genres`` are shares of the liked titles and sum to 1, or are empty."""

    start: str = Field(examples=["2021-01-01"])
    name: str = Field(examples=["2021 Q1"])
    n_events: int
    n_liked: int
    mean_rating: float | None
    genres: dict[str, float]
    median_year: int | None = Field(description="Median year of the liked films.")
    director: str | None = Field(description="The director liked most often, at least twice.")


class TimelineOut(Model):
    """Periods in order, empty ones included."""

    months: int = Field(description="Length of a period.")
    genres: list[str]
    periods: list[PeriodOut]


class ProfileResponse(Model):
    """Answer of ``GET /viewers/{viewer}/taste``; for anybody, with what was said in this app counted in."""

    viewer: str
    user_idx: int | None = Field(description="Dense index where the data set knows the viewer.")
    n_events: int
    n_liked: int = Field(description="Events the shares rest on.")
    mean_rating: float | None
    genres: list[ShareOut]
    eras: list[ShareOut]
    directors: list[ShareOut]
    timeline: TimelineOut


class DiaryEntryOut(Model):
    """One thing the viewer did."""

    item: MovieCard
    rating: float | None = Field(description="Stars from 0.5 to 5.")
    when: datetime
    origin: Origin = Field(description="From the data set, from an imported file, or said in the app.")
    action: FeedbackAction | None = Field(description="What was said, for the app.")


class HistoryResponse(Model):
    """Answer of ``GET /viewers/{viewer}/history``."""

    viewer: str
    total: int
    entries: list[DiaryEntryOut]


class LogEntry(Model):
    """One event as it was stored; ``in_force`` is False for undos and for what was undone or replaced."""

    event_id: UUID
    item_id: str
    item: MovieCard | None = Field(description="Null for a film this bundle does not know.")
    action: FeedbackAction
    rating: float | None
    in_force: bool
    undoes: UUID | None
    server_time: datetime | None
    client_time: datetime | None
    context: dict[str, str]


class LogResponse(Model):
    """Answer of ``GET /viewers/{viewer}/feedback``: every event, newest first."""

    viewer: str
    total: int
    events: list[LogEntry]


class ErasedResponse(Model):
    """Answer of ``DELETE /viewers/{viewer}/feedback``: the rows are gone from the database."""

    viewer: str
    erased: int


class MatchedRow(Model):
    """A row of the file and the film it was taken for."""

    line: int
    name: str = Field(description="The film as the file names it.")
    rating: float
    by: Literal["id", "title"]
    item: MovieCard


class RejectedRow(Model):
    """A row that was left out, and why."""

    line: int
    name: str
    reason: str = Field(examples=["no film here has that title and year"])


class ImportResponse(Model):
    """Answer of ``POST /viewers/{viewer}/imports``.

    ``matched`` shows the first films; ``rejected`` holds every row that was left out. ``stored`` is 0 for a
    dry run, whose ``new`` says how many would be stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    viewer: str
    format: Literal["letterboxd", "movielens", "other"]
    users: dict[str, int] = Field(description="Users the file names, with their number of usable rows.")
    dry_run: bool
    n_matched: int
    n_by_id: int = Field(description="Films found by id: right only where the ids are of this data set.")
    new: int
    stored: int
    unchanged: int = Field(description="Ratings that stand already.")
    kept_thumbs: int = Field(description="Films with a thumb given in the app, which counts more.")
    matched: list[MatchedRow]
    rejected: list[RejectedRow]
