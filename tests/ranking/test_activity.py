from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_data import DAY, START, tabulate

from movierec.ranking.activity import HALF_LIVES, ItemActivity
from movierec.ranking.pace import ItemPace
from movierec.schema import SECONDS_PER_DAY, Interactions

N_ITEMS = 5
EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, N_ITEMS - 1), st.just(4.0), st.integers(0, 40 * DAY)),
    min_size=1,
    max_size=25,
)


def look_up(events: Interactions, item: int, when: int) -> list[float]:
    """What happened to an item up to a moment, counted event by event."""
    times = events.timestamp[(events.item_idx == item) & (events.timestamp <= when)]
    age = (when - times) / SECONDS_PER_DAY
    decayed = [float(np.exp2(-age / half_life).sum()) for half_life in HALF_LIVES]
    ends = [float(age.max()), float(age.min())] if len(age) else [np.nan, np.nan]
    return [*decayed, float(len(age)), *ends]


@settings(max_examples=60)
@given(EVENTS, st.integers(-DAY, 60 * DAY))
def test_activity_at_any_moment_is_what_counting_gives(events, when):
    rows = tabulate(events, n_items=N_ITEMS)
    found = ItemActivity.fit(rows).at(np.arange(N_ITEMS, dtype=np.int32), when)
    assert (found.shape, found.dtype) == ((N_ITEMS, ItemActivity.WIDTH), np.float32)
    expected = [look_up(rows, item, when) for item in range(N_ITEMS)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("pace", ["even", "clumped", "rushed"])
def test_any_moment_of_a_long_life_is_found(pace):
    rng = np.random.default_rng(3)
    when = np.sort(rng.integers(0, 5_000 * DAY, 700))
    if pace == "clumped":
        when = when // (500 * DAY) * 500 * DAY
    elif pace == "rushed":
        when = (5_000 * DAY * np.sort(rng.random(700)) ** 30).astype(np.int64)
    activity = ItemActivity(np.array([0, 700], np.int64), when, np.ones((700, len(HALF_LIVES)), np.float32))
    item = np.zeros(1, np.int32)
    for moment in (*when[::23].tolist(), *(when[::31] + 1).tolist(), int(when[0]) - 1, int(when[-1]) + DAY):
        count = activity.at(item, moment)[0, len(HALF_LIVES)]
        assert count == np.searchsorted(when, moment, side="right")


def test_activity_answers_in_the_order_asked(toy_events):
    activity = ItemActivity.fit(toy_events)
    when = int(np.median(toy_events.timestamp))
    items = np.array([40, 3, 12, 40], np.int32)
    found = activity.at(items, when)
    np.testing.assert_allclose(found, [look_up(toy_events, item, when) for item in items], rtol=1e-4)


def test_activity_before_a_moment_ignores_what_came_after(toy_events):
    when = int(np.median(toy_events.timestamp))
    items = np.arange(150, dtype=np.int32)
    before = ItemActivity.fit(toy_events.take(toy_events.timestamp <= when))
    np.testing.assert_array_equal(ItemActivity.fit(toy_events).at(items, when), before.at(items, when))


def test_activity_round_trip(toy_events):
    activity = ItemActivity.fit(toy_events)
    again = ItemActivity.from_state(activity.state())
    items = np.arange(150, dtype=np.int32)
    np.testing.assert_array_equal(again.at(items, START), activity.at(items, START))


@settings(max_examples=60)
@given(EVENTS)
def test_pace_averages_positions_in_timelines(events):
    rows = tabulate(events, n_items=N_ITEMS)
    pace = ItemPace.fit(rows)
    steps: dict[int, list[float]] = {item: [] for item in range(N_ITEMS)}
    places: dict[int, list[float]] = {item: [] for item in range(N_ITEMS)}
    days: dict[int, list[float]] = {item: [] for item in range(N_ITEMS)}
    for user in range(rows.n_users):
        history = rows.history(user)
        for item, when in zip(history.item_idx.tolist(), history.timestamp.tolist(), strict=True):
            earlier = int((history.timestamp < when).sum())
            steps[item].append(np.log1p(earlier))
            places[item].append(earlier / len(history))
            days[item].append(np.log1p((when - history.timestamp[0]) / SECONDS_PER_DAY))
    for item in range(N_ITEMS):
        count = len(steps[item])
        assert pace.step[item] == pytest.approx(np.mean(steps[item]) if count else 0.0, abs=1e-5)
        deviation = np.sqrt(np.var(steps[item]) + 0.2) if count else np.sqrt(0.2)
        assert pace.spread[item] == pytest.approx(deviation, rel=1e-3)
        if count:
            assert pace.place[item] == pytest.approx((sum(places[item]) + 2.5) / (count + 5), abs=1e-5)
        assert pace.days_in[item] == pytest.approx(np.mean(days[item]) if count else 0.0, abs=1e-5)


def test_pace_of_tied_events_does_not_depend_on_their_order(toy_events):
    from toy_data import coarsen, shuffle_ties

    tied = coarsen(toy_events, 2 * DAY)
    one, other = ItemPace.fit(tied), ItemPace.fit(shuffle_ties(tied, 3))
    for name, values in one.state().items():
        np.testing.assert_allclose(other.state()[name], values, rtol=1e-5)
