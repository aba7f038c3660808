"""The HTTP contract: one pydantic model per request and response body."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from movierec.feedback.events import FeedbackAction
from movierec.schema import Generation, ReasonTag

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_plain(text: str) -> str:
    """Return the text; control characters and lone surrogates are refused, as databases refuse them."""
    if _UNPRINTABLE.search(text):
        raise ValueError("control characters and lone surrogates are not allowed")
    return text


def check_time_text(value: Any) -> Any:
    """Return the value; numbers are refused, because their unit and epoch would be a guess."""
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("send the time as ISO 8601 text")
    return value


def convert_to_utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC; one without an offset is taken as UTC."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is outside the years 1 to 9999") from None


ItemId = Annotated[str, Field(min_length=1, max_length=64, examples=["1"]), AfterValidator(check_plain)]
ViewerId = Annotated[str, Field(min_length=1, max_length=64, examples=["42"]), AfterValidator(check_plain)]
GenreName = Annotated[
    str, Field(min_length=1, max_length=40, examples=["Comedy"]), AfterValidator(check_plain)
]
ListLength = Annotated[
    int, Field(strict=True, ge=1, le=100, description="How many items to return, 1 to 100.")
]
Diversity = Annotated[
    float, Field(strict=True, ge=0.0, le=1.0, description="0 = pure score order, 1 = most varied.")
]


class Model(BaseModel):
    """Frozen and closed: unknown fields are an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MovieCard(Model):
    """The facts a card shows."""

    item_idx: int
    item_id: str
    title: str
    year: int | None
    genres: list[str]
    director: str | None
    poster: str = Field(description="Path of the poster on this API.", examples=["/posters/1.svg"])


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
    items: list[DebugItem]


class RecommendRequest(Model):
    """Body of ``POST /recommend``: a viewer without (or beyond) a trained history."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"likes": ["1"], "dislikes": [], "genres": ["Comedy"], "k": 10}]},
    )

    viewer: ViewerId | None = Field(
        None, description="Id whose stored feedback is added to the likes sent here."
    )
    likes: list[ItemId] = Field(default=[], max_length=200)
    dislikes: list[ItemId] = Field(default=[], max_length=200)
    genres: list[GenreName] = Field(
        default=[], max_length=30, description="Favourite genres: a cold-start hint, not a filter."
    )
    k: ListLength = 10
    generation: Generation = Generation.V2
    diversity: Diversity = 0.0
    only_genres: list[GenreName] = Field(default=[], max_length=30)
    year_from: int | None = Field(None, strict=True, ge=1870, le=2100)
    year_to: int | None = Field(None, strict=True, ge=1870, le=2100)
    exclude: list[ItemId] = Field(default=[], max_length=1000)


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


class MoviesResponse(Model):
    """Answer of ``GET /movies``."""

    total: int
    movies: list[MovieCard]


class MovieResponse(MovieCard):
    """Answer of ``GET /movies/{item_id}``."""

    keywords: list[str]
    country: str | None
    mean_rating: float | None
    n_interactions: int
    imdb_url: str | None
    tmdb_url: str | None


class SimilarMovie(MovieCard):
    """A neighbour and what the similarity rests on."""

    similarity: float
    basis: str = Field(examples=["watched by the same people"])


class SimilarResponse(Model):
    """Answer of ``GET /movies/{item_id}/similar``."""

    item: MovieCard
    similar: list[SimilarMovie]


class GenresResponse(Model):
    """Answer of ``GET /genres``."""

    genres: list[str]


class FeedbackRequest(Model):
    """Body of ``POST /feedback``. Sending the same ``event_id`` again changes nothing."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "event_id": "6f1c1a52-7d0f-4f5b-9b43-0c8a3f6f2b11",
                    "user_id": "42",
                    "item_id": "1",
                    "action": "like",
                }
            ]
        },
    )

    event_id: UUID
    user_id: ViewerId
    item_id: ItemId
    action: FeedbackAction
    undoes: UUID | None = Field(None, description="With action `undo`: the event_id taken back.")
    client_time: Annotated[
        datetime | None, BeforeValidator(check_time_text), AfterValidator(convert_to_utc)
    ] = None
    context: dict[
        Annotated[str, Field(min_length=1, max_length=40), AfterValidator(check_plain)],
        Annotated[str, Field(max_length=200), AfterValidator(check_plain)],
    ] = Field(default={}, max_length=10)

    @model_validator(mode="after")
    def _check_undo(self) -> Self:
        if (self.action is FeedbackAction.UNDO) != (self.undoes is not None):
            raise ValueError("`undoes` names an event for the action `undo`, and only for it")
        return self


class FeedbackResponse(Model):
    """Answer of ``POST /feedback``: written to disk when this arrives."""

    event_id: UUID
    status: Literal["stored", "already stored"]
    server_time: datetime


class FeedbackEntry(Model):
    """One feedback event that is in force (not undone, not replaced)."""

    event_id: UUID
    item: MovieCard
    action: FeedbackAction
    server_time: datetime


class FeedbackListResponse(Model):
    """Answer of ``GET /feedback?user_id=``: events in force, newest first."""

    user_id: str
    feedback: list[FeedbackEntry]


class HealthResponse(Model):
    """Answer of ``GET /health``."""

    status: Literal["ok", "degraded"]
    version: str
    bundle: str
    dataset: str
    simulated: bool
    licence: str
    n_users: int
    n_items: int
    n_interactions: int
    generations: list[Generation]
    feedback: Literal["ok", "unavailable"]


class ReadyResponse(Model):
    """Answer of ``GET /health/live`` and ``GET /health/ready``."""

    status: Literal["ok"]


class FieldError(BaseModel):
    """One part of a request that cannot be accepted; what was sent is never repeated."""

    where: str = Field(examples=["query.k"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """RFC 9457 problem details; ``type`` is stable, ``detail`` is for people."""

    type: str = Field(examples=["/problems/unknown-user"])
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldError] | None = Field(None, description="With 422: every part that was refused.")
