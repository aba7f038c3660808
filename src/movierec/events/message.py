"""What travels through the broker: one accepted event."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from movierec.feedback.events import FeedbackAction, FeedbackEvent


class AcceptedFeedback(BaseModel):
    """An event, the data set its ids belong to, and the moment the API took it, which is its place in order.

    Fields that are not known are refused: a consumer older than the API must not drop what it cannot read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    dataset: str
    accepted: AwareDatetime
    event_id: UUID
    user_id: str
    item_id: str
    action: FeedbackAction
    undoes: UUID | None = None
    client_time: AwareDatetime | None = None
    context: dict[str, str] = {}

    @classmethod
    def of(cls, dataset: str, event: FeedbackEvent, accepted: datetime) -> Self:
        """Return the message for an event that was accepted at a moment."""
        return cls(
            dataset=dataset,
            accepted=accepted,
            event_id=event.event_id,
            user_id=event.user_id,
            item_id=event.item_id,
            action=event.action,
            undoes=event.undoes,
            client_time=event.client_time,
            context=event.context,
        )

    @property
    def event(self) -> FeedbackEvent:
        """The event as the store takes it."""
        return FeedbackEvent(
            event_id=self.event_id,
            user_id=self.user_id,
            item_id=self.item_id,
            action=self.action,
            undoes=self.undoes,
            client_time=self.client_time,
            context=dict(self.context),
        )
