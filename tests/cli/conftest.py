from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from movierec.cli import main
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "DATASETS", "HOST", "API_PORT", "UI_PORT", "DATABASE_URL"):
        monkeypatch.delenv(f"MOVIEREC_{name}", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line and gives exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def give_feedback() -> Callable[[Path, str, str], None]:
    """Return a function that stores a like in a home folder, about the data set "toy"."""

    def give(home: Path, user_id: str, item_id: str) -> None:
        clock = datetime(2026, 3, 1, 12, tzinfo=UTC)
        with FeedbackStore.open(home / "feedback.sqlite3", "toy", lambda: clock) as store:
            store.append(FeedbackEvent(uuid4(), user_id, item_id, FeedbackAction.LIKE))

    return give
