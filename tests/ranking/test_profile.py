from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import DAY, START, make_history

from movierec.ranking.profile import PROFILE_NAMES, describe
from movierec.schema import History


def read(history: History, as_of: int) -> dict[str, float]:
    return dict(zip(PROFILE_NAMES, describe(history, as_of).values.tolist(), strict=True))


def test_profile_of_three_evenings():
    history = make_history([(1, 5.0), (2, 2.0), (3, 4.0)])
    profile = read(history, START + 5 * DAY)
    assert profile["user_interactions"] == 3
    assert profile["user_conf_sum"] == 2.5 + 0 + 1.5
    assert profile["user_days_since_last"] == 3
    assert profile["user_liked_share"] == pytest.approx(2 / 3)
    assert profile["user_mean_rating"] == pytest.approx(11 / 3)
    assert profile["user_days_span"] == 2
    assert profile["user_sitting_events"] == 1
    assert profile["user_last_step_seconds"] == DAY
    assert profile["user_last_liked"] == 1


def test_a_tied_sitting_is_one_moment():
    history = make_history([(1, 5.0), (2, 2.0), (3, 4.0)], step=0)
    profile = read(history, START)
    assert profile["user_last_ties"] == 3
    assert profile["user_sitting_events"] == 3
    assert profile["user_last_step_seconds"] == 0
    assert profile["user_last_liked"] == pytest.approx(2 / 3)


def test_order_of_tied_events_does_not_matter():
    history = make_history([(1, 5.0), (2, 2.0), (3, 4.0), (4, 1.0)], step=0)
    order = np.array([2, 0, 3, 1])
    np.testing.assert_array_equal(
        describe(history.take(order), START).values, describe(history, START).values
    )


def test_nobody_has_counts_of_zero_and_unknown_taste():
    profile = read(History.empty(), START)
    assert [profile[name] for name in PROFILE_NAMES[:3]] == [0, 0, 0]
    assert all(np.isnan(profile[name]) for name in PROFILE_NAMES[3:])


def test_stretches_are_the_last_two_ten_and_all():
    history = make_history([(item, 4.0) for item in range(12)])
    last_2, last_10, everything = describe(history, START + 20 * DAY).stretches
    assert np.flatnonzero(last_2).tolist() == [10, 11]
    assert np.flatnonzero(last_10).tolist() == list(range(2, 12))
    assert everything.all()


def test_events_without_stars_are_liked_by_confidence():
    history = make_history([(1, 4.0), (2, 4.0)])
    unrated = replace(
        history, rating=np.full(2, np.nan, np.float32), confidence=np.array([0.0, 2.0], np.float32)
    )
    profile = read(unrated, START + 5 * DAY)
    assert np.isnan(profile["user_mean_rating"])
    assert profile["user_liked_share"] == 0.5
