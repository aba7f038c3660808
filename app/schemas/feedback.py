"""What viewers say about films."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from app.schemas.base import PLAIN, ItemId, Model, ViewerId, check_plain, check_time_text, convert_to_utc
from app.schemas.movies import MovieCard
from movierec.feedback.events import FeedbackAction


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
    action: Literal[FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE, FeedbackAction.UNDO]
    undoes: UUID | None = Field(None, description="With action `undo`: the event_id taken back.")
    client_time: Annotated[
        datetime | None, BeforeValidator(check_time_text), AfterValidator(convert_to_utc)
    ] = None
    context: dict[
        Annotated[
            str, Field(min_length=1, max_length=40, json_schema_extra=PLAIN), AfterValidator(check_plain)
        ],
        Annotated[str, Field(max_length=200, json_schema_extra=PLAIN), AfterValidator(check_plain)],
    ] = Field(default={}, max_length=10)

    @model_validator(mode="after")
    def _check_undo(self) -> Self:
        if (self.action is FeedbackAction.UNDO) != (self.undoes is not None):
            raise ValueError("`undoes` names an event for the action `undo`, and only for it")
        return self


class FeedbackResponse(Model):
    """Answer of ``POST /feedback``: the event is on a disk, where accepted that of the broker."""

    event_id: UUID
    status: Literal["stored", "already stored", "accepted"]
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
