from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
from toy_data import make_catalog, tabulate, wrap

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.retraining.accrual import accrue
from movierec.schema import Dataset

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = 1_000_000


def toy() -> Dataset:
    return wrap(tabulate([(0, 0, 5, END - 50), (0, 1, 1, END - 40), (1, 2, 4, END)]), make_catalog(3))


def say(user: str, item: str, action: str, hours: float = 0, **more: object) -> FeedbackEvent:
    when = FIRST + timedelta(hours=hours)
    return FeedbackEvent(uuid4(), user, item, FeedbackAction(action), server_time=when, **more)  # type: ignore[arg-type]


def test_without_feedback_nothing_changes() -> None:
    accrued = accrue(toy(), [])
    np.testing.assert_array_equal(accrued.dataset.interactions.item_idx, [0, 1, 2])
    assert not accrued.live.any()
    assert accrued.dataset.info.now == END


def test_the_gap_is_closed_and_distances_are_kept() -> None:
    events = [say("u1", "m0", "like"), say("u0", "m2", "save", 3)]
    rows = accrue(toy(), events).dataset.interactions
    assert list(rows.timestamp) == [END - 50, END - 40, END + 60 + 3 * 3600, END, END + 60]
    assert list(rows.rating) == [5, 1, 4, 4, 5]
    assert list(rows.user_idx) == [0, 0, 0, 1, 1]


def test_feedback_while_the_data_goes_on_keeps_its_own_time() -> None:
    late = int(FIRST.timestamp()) + 1_000
    dataset = wrap(tabulate([(0, 0, 5, late)]), make_catalog(2))
    rows = accrue(dataset, [say("u0", "m1", "like")]).dataset.interactions
    assert list(rows.timestamp) == [int(FIRST.timestamp()), late]


def test_newcomers_come_after_everybody_and_keep_old_indices() -> None:
    events = [say("zoe", "m1", "like"), say("ann", "m1", "dislike"), say("bob", "unknown", "like")]
    dataset = accrue(toy(), events).dataset
    assert dataset.user_id == ("u0", "u1", "ann", "zoe")
    assert dataset.info.n_users == dataset.interactions.n_users == 4
    assert list(dataset.interactions.rating) == [5, 1, 4, 1, 5]


def test_live_feedback_replaces_the_trained_event_of_the_pair() -> None:
    accrued = accrue(toy(), [say("u0", "m1", "like")])
    assert list(accrued.dataset.interactions.rating) == [5, 5, 4]
    assert list(accrued.live) == [False, True, False]


def test_what_was_undone_never_was() -> None:
    like = say("u1", "m0", "like")
    accrued = accrue(toy(), [like, say("u1", "m0", "undo", 1, undoes=like.event_id)])
    assert len(accrued.dataset.interactions) == 3
    assert not accrued.live.any()


def test_a_thumb_outweighs_a_save_and_imports_keep_their_day() -> None:
    rated = datetime.fromtimestamp(END - 45, UTC)
    events = [
        say("u1", "m0", "like"),
        say("u1", "m0", "save", 1),
        say("u0", "m2", "rate", 2, client_time=rated, rating=2.5),
    ]
    rows = accrue(toy(), events).dataset.interactions
    assert list(rows.rating) == [5, 2.5, 1, 4, 5]
    assert list(rows.timestamp) == [END - 50, END - 45, END - 40, END, END + 60]


def test_equal_events_give_equal_data() -> None:
    events = [say("u1", "m0", "like"), say("new", "m2", "like", 1)]
    first, second = accrue(toy(), events), accrue(toy(), iter(events))
    assert first.dataset.info == second.dataset.info
    assert first.dataset.info.content_hash != accrue(toy(), events[:1]).dataset.info.content_hash
