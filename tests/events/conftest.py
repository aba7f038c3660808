from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from movierec.events.message import AcceptedFeedback
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

START = datetime(2026, 3, 1, tzinfo=UTC)
Accept = Callable[..., AcceptedFeedback]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "feedback.sqlite3", "toy") as opened:
        yield opened


@pytest.fixture
def accept() -> Accept:
    """Return a function that accepts what a viewer says, each a second later than the one before."""
    moments = iter(range(1_000_000))

    def make(action: str = "like", item: str = "i", user: str = "u", **more: object) -> AcceptedFeedback:
        event = FeedbackEvent(uuid.uuid4(), user, item, FeedbackAction(action), **more)  # type: ignore[arg-type]
        return AcceptedFeedback.of("toy", event, START + timedelta(seconds=next(moments)))

    return make
