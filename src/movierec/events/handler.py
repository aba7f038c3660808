"""The one way an event gets into the store, with a broker before it and without."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from movierec.feedback.events import FeedbackEvent, StoredFeedback


class EventStore(Protocol):
    """What the handler needs of a feedback store."""

    def append(self, event: FeedbackEvent, accepted: datetime | None = None) -> StoredFeedback:
        """Store an event, or find it stored already."""


def store_event(store: EventStore, event: FeedbackEvent, accepted: datetime | None = None) -> StoredFeedback:
    """Store an event: in the process that answers by default, else in the consumer, with its acceptance.

    A viewer's history and what is trending are read from the store, so both follow at once. Raises what
    ``FeedbackStore.append`` raises.
    """
    return store.append(event, accepted)
