"""What is read without waiting is what the store says; where it would have to wait, it says nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pysqlite3.dbapi2 as sqlite
import pytest

from movierec.feedback import glance
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

Tell = Callable[..., UUID]


@pytest.fixture
def target(tmp_path: Path) -> str:
    return str(tmp_path / "home" / "feedback 1%.sqlite3")


def test_it_says_what_the_store_says(store: FeedbackStore, tell: Tell) -> None:
    assert (store.glance.revision(), store.glance.in_force("u")) == (0, ())
    like = tell("like")
    tell("save", item="Ünï")
    tell("dislike", user="v")
    assert store.glance.revision() == store.revision() == 3
    for user in ("u", "v", "nobody"):
        assert store.glance.in_force(user) == store.in_force(user)
    tell("undo", undoes=like)
    assert store.glance.in_force("u") == store.in_force("u")
    store.delete_user("u")
    assert store.glance.in_force("u") == ()


def test_other_data_sets_are_not_seen(store: FeedbackStore, tell: Tell, target: str) -> None:
    tell("like")
    with FeedbackStore.open(target, "other") as other:
        assert (other.glance.revision(), other.glance.in_force("u")) == (0, ())


def test_whoever_said_much_is_left_to_the_store(
    store: FeedbackStore, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        FeedbackEvent(uuid.uuid4(), "u", f"i{number}", FeedbackAction.LIKE)
        for number in range(glance.MOST_EVENTS)
    ]
    store.append_all(events)
    assert store.glance.in_force("u") == store.in_force("u")
    tell("like", item="one more")
    assert store.glance.in_force("u") is None


def test_what_is_locked_or_gone_is_not_waited_for(store: FeedbackStore, tell: Tell, target: str) -> None:
    tell("like")
    store._engine.dispose()  # nobody else has the file open, so it can be taken whole
    holder = sqlite.connect(target, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE").close()
    holder.execute("BEGIN EXCLUSIVE").close()
    assert store.glance.revision() is None
    holder.close()
    assert store.glance.revision() == 1
    store.glance.close()
    assert store.glance.revision() is None


def test_a_file_that_is_gone_is_not_made_anew(store: FeedbackStore, target: str) -> None:
    Path(target).unlink()
    assert store.glance.revision() is None
    assert not Path(target).exists()
