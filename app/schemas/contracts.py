"""Contracts other programs already speak: hosting containers, and lists by id with scores alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from app.schemas.base import ItemId, ListLength, Model, ViewerId, check_time_text, convert_to_utc
from app.schemas.recommendations import RecommendedMovie
from movierec.feedback.events import FeedbackAction
from movierec.schema import Generation

INVOCATION_REQUEST: Final[dict[str, Any]] = {"user_id": "u001", "k": 3}
INVOCATION_EXAMPLE: Final[dict[str, Any]] = {
    "userId": "u001",
    "recommendations": [
        {"videoId": "79", "score": 1.37},
        {"videoId": "8", "score": 1.21},
        {"videoId": "112", "score": 0.94},
    ],
}
SCORED_EXAMPLE: Final[dict[str, Any]] = {
    "user_id": "42",
    "recommendations": [{"item_id": "79", "score": 1.37}, {"item_id": "8", "score": 1.21}],
}
INTERACTION_REQUEST: Final[dict[str, Any]] = {"user_id": "42", "item_id": "1", "action": "like"}
SCORE: Final = "Orders the list; comparable within one response only."

InteractionAction = Literal[FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE]
ClientTime = Annotated[datetime | None, BeforeValidator(check_time_text), AfterValidator(convert_to_utc)]


class PingResponse(Model):
    """Answer of ``GET /ping``."""

    status: Literal["ok"]


class InvocationRequest(Model):
    """Body of ``POST /invocations``."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [INVOCATION_REQUEST]}
    )

    user_id: ViewerId
    k: ListLength = 10


class ScoredVideo(Model):
    """One place of an invocation's list; ``videoId`` is the ``item_id`` of the data set."""

    videoId: str  # noqa: N815 - the contract spells it so
    score: float = Field(description=SCORE)


class InvocationResponse(Model):
    """Answer of ``POST /invocations``, best first."""

    userId: str  # noqa: N815 - the contract spells it so
    recommendations: list[ScoredVideo]


class ScoredItem(Model):
    """One place of a list of scores."""

    item_id: str
    score: float = Field(description=SCORE)


class ScoredResponse(Model):
    """Answer of ``GET /recommend/{user_id}``, best first."""

    user_id: str
    recommendations: list[ScoredItem]


class ViewerListResponse(Model):
    """Answer of ``GET /recommendations/{user_id}``: the explained list of a viewer by id."""

    user_id: str
    known: bool = Field(description="True for a viewer with a trained history.")
    k: int
    generation: Generation
    bundle: str
    note: str | None = Field(description="Why the list is short or degraded, if it is.")
    items: list[RecommendedMovie]


class InteractionRequest(Model):
    """Body of ``POST /interact``."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [INTERACTION_REQUEST]}
    )

    user_id: ViewerId
    item_id: ItemId
    action: InteractionAction
    event_id: UUID | None = Field(
        None, description="Makes a repeated request harmless; without it, every request is a new event."
    )
    client_time: ClientTime = None
