"""What a viewer said about an item, and which of it is in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class FeedbackAction(StrEnum):
    """What a viewer can say about an item; ``undo`` takes one earlier event back.

    ``rate`` is a rating in stars that was given elsewhere and imported.
    """

    LIKE = "like"
    DISLIKE = "dislike"
    SAVE = "save"
    RATE = "rate"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One appended fact. Times are timezone-aware UTC; ``server_time`` is set by the store.

    ``rating`` is in stars, 0.5 to 5, for the action ``rate`` alone; its ``client_time`` is when the film was
    rated.
    """

    event_id: UUID
    user_id: str
    item_id: str
    action: FeedbackAction
    undoes: UUID | None = None
    server_time: datetime | None = None
    client_time: datetime | None = None
    context: dict[str, str] = field(default_factory=dict)
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """An event as it is on disk; ``created`` is False where the same event was there already."""

    event: FeedbackEvent
    created: bool


def select_in_force(events: Iterable[FeedbackEvent]) -> tuple[FeedbackEvent, ...]:
    """Return what one user's events amount to, newest first.

    Parameters
    ----------
    events : all events of one user, in server order

    Returns
    -------
    Per item at most one opinion (the latest like, dislike or rating) and one save, of those not undone.
    Taking back a dislike that had replaced a like brings the like back.
    """
    timeline = list(events)
    # An undo that came through a broker may name what is no event about this item; it takes nothing back.
    undone = {(event.undoes, event.item_id) for event in timeline if event.action is FeedbackAction.UNDO}
    slots: dict[tuple[str, bool], FeedbackEvent] = {}
    for event in reversed(timeline):
        if event.action is not FeedbackAction.UNDO and (event.event_id, event.item_id) not in undone:
            slots.setdefault((event.item_id, event.action is FeedbackAction.SAVE), event)
    return tuple(slots.values())
