from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.errors import ConfigError
from movierec.simulation.off_policy import (
    Log,
    draw_lists,
    estimate_dr,
    estimate_ips,
    estimate_snips,
    fit_attraction,
    list_propensities,
    weigh,
)

WEIGHT = np.array([4.0, 2.0, 1.0, 0.5])
EXAMINE = np.array([1.0, 0.6])
ATTRACTION = np.array([0.1, 0.5, 0.9, 0.3])
TARGET = np.array([2, 3], np.int32)
TRUTH = 1.0 * 0.9 + 0.6 * 0.3
"""What the target's list is worth: chance to look times attraction, over its places."""


def chance_of(listed: tuple[int, ...]) -> float:
    """Plackett-Luce as it is defined: each place by weight among those left."""
    chance, left = 1.0, WEIGHT.sum()
    for item in listed:
        chance *= WEIGHT[item] / left
        left -= WEIGHT[item]
    return chance


def every_list() -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    lists = list(permutations(range(4), 2))
    return np.array(lists, np.int32), np.array([chance_of(listed) for listed in lists])


def log_everything() -> tuple[Log, NDArray[np.float64]]:
    """Every list once, with the clicks it brings on average: expectations are sums, not samples."""
    shown, chance = every_list()
    clicked = EXAMINE * ATTRACTION[shown]
    return Log(shown, clicked, list_propensities(WEIGHT, 2), EXAMINE), chance


def test_propensities_are_those_of_the_definition() -> None:
    shown, chance = every_list()
    expected = np.zeros((4, 2))
    for listed, share in zip(shown, chance, strict=True):
        for place, item in enumerate(listed):
            expected[item, place] += share
    found = list_propensities(WEIGHT, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), 1.0)


def test_drawn_lists_follow_the_propensities() -> None:
    shown = draw_lists(WEIGHT, 2, 20_000, np.random.default_rng(1))
    found = np.array([np.bincount(shown[:, place], minlength=4) / len(shown) for place in (0, 1)]).T
    np.testing.assert_allclose(found, list_propensities(WEIGHT, 2), atol=0.02)
    assert (shown[:, 0] != shown[:, 1]).all()


def test_ips_is_unbiased_exactly() -> None:
    log, chance = log_everything()
    target = np.tile(TARGET, (len(chance), 1))
    assert chance @ estimate_ips(log, target) == pytest.approx(TRUTH, rel=1e-12)


@pytest.mark.parametrize("model", [np.zeros(4), np.full(4, 0.8), ATTRACTION, ATTRACTION[::-1]])
def test_doubly_robust_is_unbiased_whatever_the_model(model: NDArray[np.float64]) -> None:
    log, chance = log_everything()
    target = np.tile(TARGET, (len(chance), 1))
    found = estimate_dr(log, target, np.tile(model, (len(chance), 1)))
    assert chance @ found == pytest.approx(TRUTH, rel=1e-12)


def test_doubly_robust_with_the_true_model_has_no_variance_but_that_of_the_clicks() -> None:
    log, chance = log_everything()
    target = np.tile(TARGET, (len(chance), 1))
    np.testing.assert_allclose(estimate_dr(log, target, np.tile(ATTRACTION, (len(chance), 1))), TRUTH)
    assert estimate_ips(log, target).std() > 0.1


def test_snips_is_exact_where_all_films_are_alike_whatever_was_drawn() -> None:
    shown = draw_lists(WEIGHT, 2, 40, np.random.default_rng(2))
    log = Log(shown, np.tile(EXAMINE * 0.7, (40, 1)), list_propensities(WEIGHT, 2), EXAMINE)
    target = np.tile(TARGET, (40, 1))
    assert estimate_snips(log, target) == pytest.approx(0.7 * EXAMINE.sum(), rel=1e-12)
    assert estimate_ips(log, target).mean() != pytest.approx(0.7 * EXAMINE.sum(), rel=1e-3)


def test_snips_is_consistent() -> None:
    rng = np.random.default_rng(4)
    shown = draw_lists(WEIGHT, 2, 60_000, rng)
    clicked = (rng.random(shown.shape) < EXAMINE * ATTRACTION[shown]).astype(np.float64)
    log = Log(shown, clicked, list_propensities(WEIGHT, 2), EXAMINE)
    target = np.tile(TARGET, (len(shown), 1))
    assert estimate_snips(log, target) == pytest.approx(TRUTH, abs=0.03)
    assert estimate_ips(log, target).mean() == pytest.approx(TRUTH, abs=0.03)


def test_a_log_of_the_target_itself_has_weights_of_one_on_average() -> None:
    log, chance = log_everything()
    target = np.tile(TARGET, (len(chance), 1))
    looked_at = (weigh(log, target) * EXAMINE).sum(axis=1)
    assert chance @ looked_at == pytest.approx(EXAMINE.sum(), rel=1e-12)


def test_attraction_never_saw_the_clicks_it_is_used_for() -> None:
    film = np.tile(np.arange(4, dtype=np.int32), (6, 1))
    shown = np.zeros((6, 2), np.int32) + np.array([0, 1], np.int32)
    clicked = np.zeros((6, 2))
    before = fit_attraction(Log(shown, clicked, list_propensities(WEIGHT, 2), EXAMINE), film, 4)
    clicked[2] = 1.0
    after = fit_attraction(Log(shown, clicked, list_propensities(WEIGHT, 2), EXAMINE), film, 4)
    np.testing.assert_array_equal(before[::2], after[::2])
    assert (after[1::2] > before[1::2]).all()


def test_too_many_candidates_are_refused() -> None:
    with pytest.raises(ConfigError, match="n <= 14 candidates, got n=20, k=5"):
        list_propensities(np.ones(20), 5)
