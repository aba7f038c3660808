"""Recommended lists, with and without everything behind them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict, Field

from app.schemas.base import Diversity, GenreName, ItemId, ListLength, Model, ViewerId
from app.schemas.movies import MovieCard
from movierec.dayparts import Daypart
from movierec.schema import Aim, Generation, ReasonTag
from movierec.sessions import SessionAction

SESSION_REQUEST: Final[dict[str, Any]] = {
    "events": [
        {"item_id": "1", "action": "watch"},
        {"item_id": "2", "action": "like"},
        {"item_id": "3", "action": "skip"},
        {"item_id": "4", "action": "dislike"},
    ],
    "time_of_day": "evening",
    "k": 10,
}


class BecauseItem(Model):
    """A watched title that caused a recommendation."""

    item_id: str
    title: str


class ReasonOut(Model):
    """One sentence on why an item is shown."""

    tag: ReasonTag
    text: str
    because: list[BecauseItem]


class SourceHitOut(Model):
    """Where one recall source put the item: rank from 1, raw score, share of the evidence."""

    source: str
    rank: int
    score: float
    share: float


class RecommendedMovie(MovieCard):
    """One place of a recommended list."""

    rank: int
    score: float = Field(description="Orders the list; comparable within one response only.")
    match: float = Field(
        ge=0.0, le=1.0, description="Modelled probability that this viewer likes the film if they watch it."
    )
    reasons: list[ReasonOut]
    sources: list[SourceHitOut]


class RecommendationResponse(Model):
    """Answer of ``GET /recommend/user/{user_idx}``."""

    user_idx: int
    user_id: str
    k: int
    generation: Generation
    bundle: str
    note: str | None = Field(description="Why the list is short or degraded, if it is.")
    items: list[RecommendedMovie]


class AnonymousRecommendationResponse(Model):
    """Answer of ``POST /recommend``."""

    viewer: str | None
    k: int
    generation: Generation
    bundle: str
    note: str | None
    items: list[RecommendedMovie]


class EvidenceOut(Model):
    """A watched title and the amount it adds to one source's score."""

    item_id: str
    title: str
    amount: float


class DebugItem(Model):
    """Everything known about one recommended item.

    ``contributions`` are exact TreeSHAP values on the log-odds scale and add up to
    ``raw_score - base_score``.
    """

    item: RecommendedMovie
    features: dict[str, float | None]
    contributions: dict[str, float]
    base_score: float
    raw_score: float
    evidence: dict[str, list[EvidenceOut]]


class DebugResponse(Model):
    """Answer of ``GET /recommend/user/{user_idx}/debug``."""

    user_idx: int
    user_id: str
    k: int
    generation: Generation
    bundle: str
    note: str | None
    funnel: dict[str, int] = Field(description="Stage → number of items left after it, in order.")
    timings_ms: dict[str, float] = Field(description="Stage → milliseconds.")
    failed: list[str] = Field(description="Sources, or `ranker`, that a fault kept out of this list.")
    items: list[DebugItem]


class AnonymousDebugResponse(Model):
    """Answer of ``POST /recommend/debug``: a list for anybody with everything that made it."""

    viewer: str | None
    k: int
    generation: Generation
    bundle: str
    note: str | None
    funnel: dict[str, int] = Field(description="Stage → number of items left after it, in order.")
    timings_ms: dict[str, float] = Field(description="Stage → milliseconds.")
    failed: list[str] = Field(description="Sources, or `ranker`, that a fault kept out of this list.")
    items: list[DebugItem]


class SessionEventIn(Model):
    """One thing that happened in this session; the order of the list is the order in time."""

    item_id: ItemId
    action: SessionAction = Field(
        description="`watch`: seen, no opinion; `skip`: leave it out of this list, learn nothing from it."
    )


class RecommendRequest(Model):
    """Body of ``POST /recommend``: a viewer without (or beyond) a trained history."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"likes": ["1"], "dislikes": [], "genres": ["Comedy"], "k": 10},
                SESSION_REQUEST,
            ]
        },
    )

    viewer: ViewerId | None = Field(
        None, description="Id whose stored feedback is added to the likes sent here."
    )
    likes: list[ItemId] = Field(default=[], max_length=200)
    dislikes: list[ItemId] = Field(default=[], max_length=200)
    events: list[SessionEventIn] = Field(
        default=[],
        max_length=200,
        description="The session, oldest first; newer than `likes`, `dislikes` and stored feedback.",
    )
    time_of_day: Daypart | None = Field(
        None, description="Tilts the genres as everybody's habits do at that time; a hint, not a filter."
    )
    genres: list[GenreName] = Field(
        default=[], max_length=30, description="Favourite genres: a cold-start hint, not a filter."
    )
    k: ListLength = 10
    generation: Generation = Generation.V2
    diversity: Diversity = 0.0
    aim: Aim = Aim.BALANCED
    only_genres: list[GenreName] = Field(default=[], max_length=30)
    year_from: int | None = Field(None, strict=True, ge=1870, le=2100)
    year_to: int | None = Field(None, strict=True, ge=1870, le=2100)
    exclude: list[ItemId] = Field(default=[], max_length=1000)
