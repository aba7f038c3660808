"""One film for one viewer, and whom it suits."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.schemas.base import Model
from app.schemas.movies import MovieCard
from app.schemas.recommendations import ReasonOut, SourceHitOut


class CauseOut(Model):
    """A liked title behind a recommendation, and its share of the evidence; all shares sum to 1."""

    item: MovieCard
    share: float


class StandingResponse(Model):
    """Answer of ``GET /movies/{item_id}/standing``."""

    item: MovieCard
    viewer: str
    seen: bool
    seen_rating: float | None
    seen_at: datetime | None
    match: float | None = Field(description="Chance that the viewer likes the film; null if seen.")
    place: int | None = Field(description="Place in the viewer's own list; null if not proposed.")
    n_candidates: int
    reasons: list[ReasonOut]
    causes: list[CauseOut] = Field(description="All liked titles that speak for the film, strongest first.")
    sources: list[SourceHitOut]
    note: str | None


class TasteGroupOut(Model):
    """Viewers who lean to a genre, and what those who rated the film made of it."""

    genre: str
    n_rated: int
    n_liked: int
    share: float = Field(description="Share of the raters who liked it.")


class FanOut(Model):
    """A viewer who has not seen the film, and the chance that they like it."""

    user_idx: int
    user_id: str
    match: float
    leaning: str | None = Field(description="The genre they like more than others do.")


class AppealResponse(Model):
    """Answer of ``GET /movies/{item_id}/appeal``."""

    item: MovieCard
    n_rated: int
    n_liked: int
    groups: list[TasteGroupOut]
    fans: list[FanOut]
