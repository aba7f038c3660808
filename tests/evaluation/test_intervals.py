from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from movierec.errors import ConfigError
from movierec.evaluation.intervals import compare_paired, estimate_means, resample_means


def test_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).exponential(size=300)
    (ours,) = estimate_means(values[:, None], np.arange(300, dtype=np.int32), seed=3)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=3).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    users = np.arange(80, dtype=np.int32)
    intervals = [
        estimate_means(rng.normal(5, 2, size=(80, 1)), users, seed=trial, n_resamples=400)[0]
        for trial in range(200)
    ]
    covered = np.mean([interval.low <= 5 <= interval.high for interval in intervals])
    assert 0.88 <= covered <= 0.99


def test_rows_of_one_user_stay_together() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=40), 5)[:, None]
    apart = estimate_means(values, np.arange(200, dtype=np.int32), seed=0)[0]
    together = estimate_means(values, np.repeat(np.arange(40), 5).astype(np.int32), seed=0)[0]
    assert together.mean == pytest.approx(apart.mean)
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(5**0.5, rel=0.15)


def test_equal_seeds_give_equal_draws_for_every_column() -> None:
    values = np.random.default_rng(0).normal(size=(50, 1))
    users = np.arange(50, dtype=np.int32)
    draws = resample_means(np.column_stack((values, values + 1)), users, seed=9, n_resamples=100)
    np.testing.assert_allclose(draws[:, 1] - draws[:, 0], 1.0)
    np.testing.assert_array_equal(draws[:, :1], resample_means(values, users, seed=9, n_resamples=100))
    assert not np.array_equal(draws[:, :1], resample_means(values, users, seed=8, n_resamples=100))


def test_a_steady_gain_is_told_from_chance() -> None:
    rng = np.random.default_rng(4)
    users = np.arange(300, dtype=np.int32)
    base = rng.random(300)
    gain = compare_paired(base + rng.normal(0.1, 0.2, 300), base, users, seed=0)
    assert gain.mean == pytest.approx(0.1, abs=0.03)
    assert 0 < gain.low < gain.mean < gain.high
    assert gain.p_value < 0.01
    loss = compare_paired(base, base + 0.1, users, seed=0)
    assert loss.high < 0
    assert loss.p_value == pytest.approx(2 / 4001)


def test_p_value_agrees_with_the_t_test_on_a_doubtful_gain() -> None:
    rng = np.random.default_rng(11)
    first, second = rng.normal(0.06, 0.5, 400), np.zeros(400)
    ours = compare_paired(first, second, np.arange(400, dtype=np.int32), seed=1)
    assert ours.p_value == pytest.approx(stats.ttest_1samp(first, 0).pvalue, abs=0.02)


def test_equal_systems_have_p_1() -> None:
    same = np.ones(10)
    difference = compare_paired(same, same, np.arange(10, dtype=np.int32), seed=0)
    assert (difference.mean, difference.low, difference.high, difference.p_value) == (0, 0, 0, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 100))
def test_interval_lies_within_the_values(values: list[float], seed: int) -> None:
    column = np.array(values)[:, None]
    (interval,) = estimate_means(column, np.arange(len(values), dtype=np.int32), seed, n_resamples=50)
    slack = 1e-9
    assert min(values) - slack <= interval.low <= interval.high <= max(values) + slack


def test_nothing_to_resample_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        estimate_means(np.empty((0, 1)), np.empty(0, np.int32), seed=0)
