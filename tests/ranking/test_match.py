from __future__ import annotations

import numpy as np
import pytest

from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.match import INPUTS, MIN_EXAMPLES, PRIOR_EVENTS, MatchModel
from movierec.ranking.training import TrainingRows
from movierec.schema import Aim
from movierec.service import Query

N_ROWS = 6000


def make_rows(features: np.ndarray, rating: np.ndarray) -> TrainingRows:
    n = len(rating)
    return TrainingRows(
        features,
        rating.astype(np.float32),
        np.ones(n, np.float32),
        np.arange(n),
        np.zeros(n, np.int64),
        (),
    )


@pytest.fixture(scope="module")
def world() -> tuple[TrainingRows, np.ndarray]:
    """Watched rows in which liking depends on two inputs by known odds; and the true chances."""
    rng = np.random.default_rng(0)
    features = np.ones((N_ROWS, len(FEATURE_NAMES)), np.float32)
    features[:, FEATURE_NAMES.index("user_interactions")] = 1e6
    signal = rng.normal(size=(2, N_ROWS))
    features[:, FEATURE_NAMES.index("item_liked_rate")] = signal[0]
    features[:, FEATURE_NAMES.index("user_liked_share")] = signal[1]
    chance = 1 / (1 + np.exp(-(0.4 + signal[0] - 0.7 * signal[1])))
    return make_rows(features, np.where(rng.random(N_ROWS) < chance, 4.5, 2.0)), chance


def test_inputs_are_features():
    assert set(INPUTS) <= set(FEATURE_NAMES)


def test_probabilities_are_calibrated(world):
    rows, chance = world
    found = MatchModel.fit(rows).predict(rows.features)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    assert np.abs(found - chance).mean() < 0.03
    liked = rows.rating >= 4
    for low in np.arange(0, 1, 0.2):
        bin_ = (found >= low) & (found < low + 0.2)
        if bin_.sum() > 200:
            assert liked[bin_].mean() == pytest.approx(found[bin_].mean(), abs=0.06)


def test_ranks_count_by_their_logarithm(world):
    """Odds that fall with the logarithm of a rank are found again, also at ranks rarely seen."""
    rng = np.random.default_rng(2)
    features = world[0].features.copy()
    rank = np.exp(rng.uniform(0, np.log(300), N_ROWS)).astype(np.float32)
    features[:, FEATURE_NAMES.index("als_rank")] = rank
    features[:, FEATURE_NAMES.index("item_liked_rate")] = 0
    features[:, FEATURE_NAMES.index("user_liked_share")] = 0
    chance = 1 / (1 + np.exp(-(2.0 - np.log(rank))))
    found = MatchModel.fit(make_rows(features, np.where(rng.random(N_ROWS) < chance, 4.5, 2.0)))
    assert np.abs(found.predict(features) - chance).mean() < 0.02


def test_candidates_that_were_not_watched_teach_nothing(world):
    rows, _ = world
    unwatched = make_rows(
        np.concatenate([rows.features, 5 * rows.features]), np.concatenate([rows.rating, -np.ones(N_ROWS)])
    )
    np.testing.assert_array_equal(
        MatchModel.fit(unwatched).predict(rows.features), MatchModel.fit(rows).predict(rows.features)
    )


def test_little_known_of_a_viewer_counts_little(world):
    """The same liked share moves the odds by its share of the evidence: n of n + 40 events."""
    model = MatchModel.fit(world[0])
    rows = world[0].features[:200].copy()
    plain, n_events = rows.copy(), FEATURE_NAMES.index("user_interactions")
    for name in ("user_liked_share", "user_mean_rating", "genre_liked_share"):
        plain[:, FEATURE_NAMES.index(name)] = np.nan
    moves = {}
    for count in (0, 3, 40, 1e9):
        rows[:, n_events] = count
        moves[count] = model.score(rows) - model.score(plain)
    np.testing.assert_allclose(moves[0], 0, atol=1e-6)
    np.testing.assert_allclose(moves[3], moves[1e9] * 3 / (3 + PRIOR_EVENTS), atol=1e-5)
    np.testing.assert_allclose(moves[40], moves[1e9] / 2, atol=1e-5)
    assert np.abs(moves[1e9]).max() > 1


def test_a_few_likes_do_not_promise_everything(toy_engine, toy_events):
    """Somebody who has said nothing but three likes must not be promised more than who likes most films."""
    known = toy_events.history(0)
    likes = known.take(np.flatnonzero(known.rating >= 4)[:3])
    items = np.arange(toy_engine.n_items, dtype=np.int32)
    scores = toy_engine.fusion.score(likes)
    rows = toy_engine.builder.build(likes, items, scores, np.zeros(len(items), np.float32))
    assert toy_engine.match.predict(rows).mean() < 0.5 + 0.5 * toy_engine.match.base_rate


def test_unknown_inputs_count_as_average(world):
    model = MatchModel.fit(world[0])
    nothing = np.full((1, len(FEATURE_NAMES)), np.nan, np.float32)
    assert model.predict(nothing)[0] == pytest.approx(model.base_rate, abs=1e-6)


def test_state_round_trip(world):
    model = MatchModel.fit(world[0])
    again = MatchModel.from_state(model.state())
    np.testing.assert_array_equal(again.predict(world[0].features), model.predict(world[0].features))


def test_few_examples_give_the_damped_share_of_likes(world):
    features = world[0].features[:40]
    rating = np.where(np.arange(40) < 30, 5.0, 1.0)
    assert MIN_EXAMPLES > 10
    model = MatchModel.fit(make_rows(features, rating))
    assert model.base_rate == pytest.approx(31 / 42)
    np.testing.assert_allclose(model.predict(features), 31 / 42, rtol=1e-6)


def test_nothing_known_is_even_odds(world):
    model = MatchModel.fit(None)
    assert model.base_rate == 0.5
    np.testing.assert_array_equal(model.predict(world[0].features[:3]), 0.5)


def test_an_input_unknown_everywhere_is_ignored(world):
    rows, chance = world
    features = rows.features.copy()
    features[:, FEATURE_NAMES.index("item_mean_rating")] = np.nan
    found = MatchModel.fit(make_rows(features, rows.rating)).predict(features)
    assert np.abs(found - chance).mean() < 0.03


def test_far_out_rows_stay_probabilities(world):
    model = MatchModel.fit(world[0])
    rows = np.random.default_rng(1).uniform(1, 1e6, (50, len(FEATURE_NAMES))).astype(np.float32)
    found = model.predict(rows)
    assert ((found >= 0) & (found <= 1)).all()


def test_match_of_real_lists_is_a_probability(toy_engine, toy_events):
    for user in (0, 50, 100):
        found = toy_engine.match.predict(toy_engine.rank(toy_events.history(user), 10).features)
        assert ((found > 0) & (found < 1)).all()


def test_the_order_of_the_match_is_explained_exactly(toy_service):
    history = toy_service.trained_history(17)
    traced = toy_service.trace(history, Query(k=12, aim=Aim.RATING))
    matches = [trace.item.match for trace in traced.traces]
    assert matches == sorted(matches, reverse=True)
    for trace in traced.traces:
        assert trace.raw_score - trace.base_score == pytest.approx(
            sum(trace.contributions.values()), abs=1e-4
        )
        assert 1 / (1 + np.exp(-trace.raw_score)) == pytest.approx(trace.item.match, abs=1e-5)


def test_batches_are_ordered_by_the_match_as_single_lists_are(toy_service):
    histories = [toy_service.trained_history(user) for user in (3, 17, 40)]
    for history, found in zip(histories, toy_service.recommend_batch(histories, 8, Aim.RATING), strict=True):
        single = toy_service.recommend(history, Query(k=8, aim=Aim.RATING)).items
        assert found.item_idx.tolist() == [item.item_idx for item in single]
        assert found.score.tolist() == [item.score for item in single]
