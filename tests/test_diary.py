from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from toy_data import DAY, START, make_catalog, make_history

from movierec.diary import Origin, write_diary
from movierec.feedback.events import FeedbackAction, FeedbackEvent

CATALOG = make_catalog(9)
RATED = datetime.fromtimestamp(START + DAY // 2, UTC)
SAID = datetime(2026, 1, 1, tzinfo=UTC)


def say(action: FeedbackAction, item_id: str, **changes: object) -> FeedbackEvent:
    return FeedbackEvent(uuid4(), "u", item_id, action, server_time=SAID, **changes)  # type: ignore[arg-type]


def test_everything_stands_in_one_row_newest_first():
    trained = make_history([(1, 4.0), (2, float("nan"))])
    feedback = (
        say(FeedbackAction.LIKE, "m3"),
        say(FeedbackAction.RATE, "m4", rating=2.5, client_time=RATED),
        say(FeedbackAction.LIKE, "gone"),
    )
    told = [(e.item_idx, e.rating, e.origin) for e in write_diary(trained, feedback, CATALOG)]
    assert told == [
        (3, None, Origin.APP),
        (2, None, Origin.DATASET),
        (4, 2.5, Origin.IMPORT),
        (1, 4.0, Origin.DATASET),
    ]


def test_a_new_opinion_replaces_the_old_rating_and_a_save_does_not():
    trained = make_history([(1, 4.0), (2, 3.0)])
    feedback = (say(FeedbackAction.SAVE, "m2"), say(FeedbackAction.RATE, "m1", rating=1.0))
    entries = write_diary(trained, feedback, CATALOG)
    assert sorted((e.item_idx, e.origin) for e in entries) == [
        (1, Origin.IMPORT),
        (2, Origin.APP),
        (2, Origin.DATASET),
    ]
    kept = write_diary(trained, feedback, CATALOG, saves=False)
    assert sorted((e.item_idx, e.origin) for e in kept) == [(1, Origin.IMPORT), (2, Origin.DATASET)]


def test_a_rating_without_a_date_counts_when_it_was_stored():
    (entry,) = write_diary(make_history([]), (say(FeedbackAction.RATE, "m1", rating=3.0),), CATALOG)
    assert entry.when == int(SAID.timestamp())
