"""What a viewer said about an item, and which of it is in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class FeedbackAction(StrEnum):
    """What a viewer can say about an item; ``undo`` takes one earlier event back."""

    LIKE = "like"
    DISLIKE = "dislike"
    SAVE = "save"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One appended fact. Times are timezone-aware UTC; ``server_time`` is set by the store."""

    event_id: UUID
    user_id: str
    item_id: str
    action: FeedbackAction
    undoes: UUID | None = None
    server_time: datetime | None = None
    client_time: datetime | None = None
    context: dict[str, str] = field(default_factory=dict)
