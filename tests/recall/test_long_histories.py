"""What has faded is passed over in long histories, and nothing but time may tell."""

from __future__ import annotations

import numpy as np
import pytest
from toy_data import DAY, START, make_catalog, make_history, tabulate

from movierec.recall.als import Als, AlsSeen
from movierec.recall.base import age_rank
from movierec.recall.genre import Genre
from movierec.recall.sitting import Sitting
from movierec.schema import History
from movierec.stages import AlsConfig, GenreConfig, SittingConfig

N_ITEMS = 12
GENRES = [[["Drama"], ["Comedy"], ["Drama", "War"]][item % 3] for item in range(N_ITEMS)]


@pytest.fixture(scope="module")
def history() -> History:
    """2,000 events, ten moments apart by turns of seconds and days."""
    rng = np.random.default_rng(5)
    items, stars = rng.integers(0, N_ITEMS, 2000), rng.integers(1, 6, 2000)
    plain = make_history([(int(item), float(star)) for item, star in zip(items, stars, strict=True)])
    gaps = rng.choice([0, 20, 200, DAY], 2000)
    return History(plain.item_idx, plain.rating, plain.confidence, START + np.cumsum(gaps))


@pytest.fixture(scope="module")
def events():
    rows = [
        (user, item, 4.0, START + item) for user in range(6) for item in range(N_ITEMS) if (user + item) % 3
    ]
    return tabulate(rows, n_items=N_ITEMS)


@pytest.mark.parametrize("recency", [None, 5.0, 20.0])
def test_genres_are_the_decayed_sum_over_all_events(history, events, recency):
    source = Genre(GenreConfig(prior_strength=1.0)).fit(events, make_catalog(N_ITEMS, GENRES))
    weight = history.confidence.astype(np.float64)
    if recency is not None:
        weight = weight * np.exp(-age_rank(history).astype(np.float64) / recency)
    total = weight @ source.item_genres_[history.item_idx].astype(np.float64)
    np.testing.assert_allclose(source.affinity(history, recency), total / total.sum(), rtol=1e-6)


@pytest.mark.parametrize("seconds", [60.0, 1e9])
def test_a_sitting_is_what_lies_within_five_decay_times(history, seconds):
    gap = (history.timestamp[-1] - history.timestamp) / seconds
    expected = np.where(gap <= 5.0, np.exp(-gap), 0.0).astype(np.float32)
    assert np.count_nonzero(expected) > 0
    np.testing.assert_array_equal(Sitting(SittingConfig(seconds=seconds)).weights(history), expected)


@pytest.mark.parametrize("kind", [Als, AlsSeen])
def test_a_fold_in_solves_the_least_squares_of_all_events(history, events, kind):
    config = AlsConfig(factors=4, iterations=3, min_rating=4.0 if kind is Als else 0.5)
    source = kind(config).fit(events, make_catalog(N_ITEMS))
    own = source.item_factors_[history.item_idx[history.rating >= config.min_rating]].astype(np.float64)
    system = source.gram_ + (config.alpha - 1.0) * own.T @ own
    expected = np.linalg.solve(system, config.alpha * own.sum(axis=0))
    np.testing.assert_allclose(source.factors(history), expected, rtol=1e-5)
