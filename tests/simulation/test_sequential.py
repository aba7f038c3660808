from itertools import product

import numpy as np
import pytest

from movierec.errors import ConfigError
from movierec.simulation.sequential import bound_mean, judge_zero_mean

ALPHA = 0.05


def test_under_the_null_the_capital_is_fair_to_the_last_digit() -> None:
    # All sequences of fair coin flips, each as likely: what the martingale promises, without any sampling.
    capital = np.array(
        [judge_zero_mean(np.array(flips, float), ALPHA).e_value for flips in product((-1, 1), repeat=10)]
    )
    np.testing.assert_allclose(capital.mean(axis=0), 1.0, rtol=1e-12)
    assert capital.min() > 0


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5])
def test_by_exhaustion_the_test_errs_at_most_as_often_as_it_says(alpha: float) -> None:
    decided = [
        judge_zero_mean(np.array(flips, float), alpha).decided_after is not None
        for flips in product((-1, 1), repeat=12)
    ]
    assert np.mean(decided) <= alpha


@pytest.mark.parametrize("noise", ["coin", "clicks", "skewed"])
def test_over_many_seeds_the_test_errs_at_most_as_often_as_it_says(noise: str) -> None:
    rng = np.random.default_rng(7)
    runs = 300
    if noise == "coin":
        streams = rng.choice([-1.0, 1.0], (runs, 600))
    elif noise == "clicks":
        streams = (rng.binomial(5, 0.2, (runs, 600)) - rng.binomial(5, 0.2, (runs, 600))) / 5
    else:
        # Mean 0, but far from normal: 0.05 with chance 19/20, else -0.95.
        streams = np.where(rng.random((runs, 600)) < 0.95, 0.05, -0.95)
    wrong = sum(judge_zero_mean(stream, ALPHA).decided_after is not None for stream in streams)
    assert wrong / runs <= ALPHA


def test_a_difference_is_found_and_sooner_where_it_is_larger() -> None:
    rng = np.random.default_rng(3)
    noise = rng.uniform(-0.3, 0.3, 3_000)
    small = judge_zero_mean(noise + 0.03, ALPHA).decided_after
    large = judge_zero_mean(noise + 0.2, ALPHA).decided_after
    assert small is not None
    assert large is not None
    assert large < small


def test_either_direction_is_as_good_as_the_other() -> None:
    values = np.random.default_rng(5).uniform(-0.5, 0.9, 400)
    np.testing.assert_allclose(
        judge_zero_mean(values, ALPHA).e_value, judge_zero_mean(-values, ALPHA).e_value, rtol=1e-9
    )


def test_stakes_do_not_know_what_they_are_placed_on() -> None:
    values = np.random.default_rng(5).uniform(-1, 1, 50)
    other = values.copy()
    other[30:] = -other[30:]
    np.testing.assert_array_equal(
        judge_zero_mean(values, ALPHA).e_value[:30], judge_zero_mean(other, ALPHA).e_value[:30]
    )


def test_the_confidence_sequence_holds_at_all_times_at_once() -> None:
    rng = np.random.default_rng(11)
    times = np.arange(20, 401, 20)
    missed = 0
    for _ in range(100):
        values = np.where(rng.random(400) < 0.6, 0.5, -0.5)  # mean 0.1
        bounds = bound_mean(values, times, ALPHA)
        missed += bool(((bounds.low > 0.1) | (bounds.high < 0.1)).any())
        assert (np.diff(bounds.high - bounds.low) <= 1e-12).all()
    assert missed / 100 <= ALPHA


def test_the_interval_leaves_0_out_where_the_test_decides() -> None:
    values = np.random.default_rng(3).uniform(-0.3, 0.3, 2_000) + 0.1
    decided = judge_zero_mean(values, ALPHA).decided_after
    assert decided is not None
    bounds = bound_mean(values, np.array([decided + 200]), ALPHA)
    assert 0 < bounds.low[0] < 0.1 < bounds.high[0]


def test_values_that_bets_would_not_be_fair_on_are_refused() -> None:
    with pytest.raises(ConfigError, match="must lie in"):
        judge_zero_mean(np.array([0.0, 1.5]))
    with pytest.raises(ConfigError, match="alpha must lie between 0 and 1"):
        judge_zero_mean(np.array([0.0]), alpha=0)
