from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from toy_data import DAY, START, make_catalog, tabulate

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.trending import TrendMeter, TrendWindow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIKE, SAVE, DISLIKE = FeedbackAction.LIKE, FeedbackAction.SAVE, FeedbackAction.DISLIKE


@pytest.fixture
def meter() -> TrendMeter:
    """Film 0: two people long ago; 1: one today, one a week ago; 2: one a week ago; 3: nobody."""
    events = [
        (0, 0, 5.0, START - 70 * DAY),
        (1, 0, 5.0, START - 70 * DAY),
        (0, 1, 2.0, START),
        (1, 1, 5.0, START - 7 * DAY),
        (2, 2, 5.0, START - 7 * DAY),
    ]
    return TrendMeter(make_catalog(4), tabulate(events, 3, 4), START)


def say(user: str, item: int, action: FeedbackAction, age_days: float = 0.0) -> FeedbackEvent:
    return FeedbackEvent(uuid4(), user, f"m{item}", action, server_time=NOW - timedelta(days=age_days))


def test_activity_halves_with_every_window(meter: TrendMeter) -> None:
    week = meter.measure(TrendWindow.WEEK, moment=NOW)
    assert week.activity.tolist() == pytest.approx([2 * 2**-10, 1.5, 0.5, 0.0])
    assert week.n_recent.tolist() == [0, 2, 1, 0]
    day = meter.measure(TrendWindow.DAY, moment=NOW)
    assert day.activity.tolist() == pytest.approx([2 * 2.0**-70, 1 + 2**-7, 2**-7, 0.0])
    assert day.n_recent.tolist() == [0, 1, 0, 0]


def test_live_feedback_counts_from_its_own_clock(meter: TrendMeter) -> None:
    live = [say("a", 3, LIKE), say("b", 3, SAVE, 7), say("a", 2, LIKE, 14)]
    week = meter.measure(TrendWindow.WEEK, live, NOW)
    assert week.activity.tolist() == pytest.approx([2 * 2**-10, 1.5, 0.75, 1.5])
    assert week.n_live.tolist() == [0, 0, 0, 2]
    assert week.n_recent.tolist() == [0, 2, 1, 2]


def test_one_viewer_counts_once_and_a_dislike_not_at_all(meter: TrendMeter) -> None:
    live = [say("a", 3, SAVE, 7), say("a", 3, LIKE), say("b", 3, DISLIKE)]
    assert meter.measure(TrendWindow.WEEK, live, NOW).activity[3] == 1.0


def test_films_the_data_set_does_not_know_are_left_out(meter: TrendMeter) -> None:
    stray = FeedbackEvent(uuid4(), "a", "gone", LIKE, server_time=NOW)
    assert meter.measure(TrendWindow.WEEK, [stray], NOW).n_live.sum() == 0


def test_measuring_with_live_feedback_leaves_the_next_measure_alone(meter: TrendMeter) -> None:
    meter.measure(TrendWindow.WEEK, [say("a", 3, LIKE)], NOW)
    assert meter.measure(TrendWindow.WEEK, moment=NOW).activity[3] == 0.0
