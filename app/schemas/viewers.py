"""Viewers and their tastes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.schemas.base import Model
from app.schemas.movies import MovieCard
from movierec.feedback.events import FeedbackAction


class ViewerOut(Model):
    """One known viewer."""

    user_idx: int
    user_id: str
    n_events: int
    last_event: datetime | None
    top_genres: list[str]


class ViewersResponse(Model):
    """Answer of ``GET /users``."""

    total: int
    users: list[ViewerOut]


class HistoryEntry(Model):
    """One thing the viewer did, from the data set or from this app."""

    item: MovieCard
    rating: float | None
    when: datetime
    live: bool = Field(description="True for feedback given in this app.")
    action: FeedbackAction | None = Field(None, description="What was said, for live feedback.")


class ShareOut(Model):
    """A share of a viewer's positive history, and of everybody's, for comparison."""

    name: str
    share: float
    everyone: float


class TasteResponse(Model):
    """Answer of ``GET /users/{user_idx}/taste``."""

    user_idx: int
    user_id: str
    n_events: int
    mean_rating: float | None
    genres: list[ShareOut]
    eras: list[ShareOut]
    directors: list[ShareOut]
    recent: list[HistoryEntry]
