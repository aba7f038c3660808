"""The feed: one personal list in pages, moods, and what is said about its films."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.base import ItemId, Model, ViewerId
from app.schemas.contracts import ClientTime, InteractionAction
from app.schemas.movies import MovieCard
from app.schemas.recommendations import ReasonOut
from movierec.moods import Mood

FEED_INTERACTION: Final[dict[str, Any]] = {"username": "42", "item_id": "1", "action": "like"}


class FeedMovie(MovieCard):
    """One place of a feed."""

    rank: int = Field(description="Place in the whole feed, from 1; the same on every page of one cursor.")
    match: float | None = Field(
        ge=0.0,
        le=1.0,
        description="Modelled probability that this viewer likes the film if they watch it, as of now; "
        "null where it would no longer be proposed.",
    )
    reasons: list[ReasonOut]


class FeedResponse(Model):
    """Answer of ``GET /api/v1/feed``: a page of a list that stands still."""

    username: str | None
    known: bool = Field(description="True for a viewer with a trained history.")
    page: int
    page_size: int
    total: int = Field(description="Films of the whole feed, over all pages.")
    genre: str | None
    mood: Mood | None
    bundle: str
    note: str | None
    cursor: str = Field(description="Send it with the other pages, so that they belong to this list.")
    next: str | None = Field(description="Address of the next page, cursor included; null on the last.")
    items: list[FeedMovie]


class MoodOut(Model):
    """What a mood stands for."""

    mood: Mood
    genres: list[str]
    tags: list[str]
    avoids: list[str] = Field(description="A film with one of these genres does not fit.")


class MoodsResponse(Model):
    """Answer of ``GET /api/v1/moods``."""

    moods: list[MoodOut]


class FeedInteractionRequest(Model):
    """Body of ``POST /api/v1/interaction``."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [FEED_INTERACTION]})

    username: ViewerId
    item_id: ItemId
    action: InteractionAction
    event_id: UUID | None = Field(
        None, description="Makes a repeated request harmless; without it, every request is a new event."
    )
    client_time: ClientTime = None
