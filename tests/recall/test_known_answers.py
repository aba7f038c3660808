"""Small worlds in which the right recommendation can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from toy_data import DAY, START, make_catalog, make_history, tabulate

from movierec.recall.als import Als
from movierec.recall.genre import Genre
from movierec.recall.item_item import CoSeen, ItemItem, solve_ease
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import NextStep, Sequence
from movierec.schema import SECONDS_PER_DAY
from movierec.stages import AlsConfig, GenreConfig, ItemItemConfig, PopularityConfig, SequenceConfig

N_USERS, N_ITEMS = 14, 10


@pytest.fixture(scope="module")
def checkerboard():
    """Even viewers like the even films, odd ones the odd; each has yet to see one of them."""
    return tabulate(
        [
            (user, item, 5.0, START + DAY * step)
            for user in range(N_USERS)
            for step, item in enumerate(range(user % 2, N_ITEMS, 2))
            if step != user // 2 % 5
        ],
        n_items=N_ITEMS,
    )


@pytest.mark.parametrize(
    "source",
    [
        ItemItem(ItemItemConfig(regularization=1.0)),
        CoSeen(ItemItemConfig(min_rating=0.5, regularization=1.0)),
        Als(AlsConfig(factors=2, regularization=0.1, iterations=15)),
        Sequence(),
        NextStep(),
    ],
    ids=lambda source: source.name,
)
def test_checkerboard_is_completed(source, checkerboard):
    source.fit(checkerboard, make_catalog(N_ITEMS))
    for user in range(N_USERS):
        missing = user % 2 + 2 * (user // 2 % 5)
        assert source.recall(checkerboard.history(user), 1).item_idx.tolist() == [missing]
        score = source.score(checkerboard.history(user))
        strangers = score[1 - user % 2 :: 2]
        assert score[missing] > 2 * np.abs(strangers).max()


def test_als_learns_items_from_a_wide_matrix_and_a_tall_one(checkerboard):
    """A transposed matrix would give one factor per viewer, or crash."""
    for n_items in (N_ITEMS, 40):
        events = tabulate(
            zip(
                checkerboard.user_idx.tolist(),
                checkerboard.item_idx.tolist(),
                checkerboard.rating.tolist(),
                checkerboard.timestamp.tolist(),
                strict=True,
            ),
            n_items=n_items,
        )
        als = Als(AlsConfig(factors=4, iterations=8, regularization=0.1)).fit(events, make_catalog(n_items))
        assert als.item_factors_.shape == (n_items, 4)
        likeness = als.item_factors_[:N_ITEMS] @ als.item_factors_[:N_ITEMS].T
        same = np.add.outer(np.arange(N_ITEMS), np.arange(N_ITEMS)) % 2 == 0
        assert likeness[same].min() > likeness[~same].max()
        assert not als.item_factors_[N_ITEMS:].any()


def test_als_fold_in_is_the_least_squares_solution(checkerboard):
    config = AlsConfig(factors=3, regularization=0.7, alpha=2.5, iterations=5)
    als = Als(config).fit(checkerboard, make_catalog(N_ITEMS))
    history = make_history([(0, 5.0), (3, 1.0), (4, 4.0)])
    item = als.item_factors_.astype(np.float64)
    weight = np.ones(N_ITEMS)
    weight[[0, 4]] = config.alpha
    target = np.zeros(N_ITEMS)
    target[[0, 4]] = 1.0
    system = item.T @ (weight[:, None] * item) + config.regularization * np.eye(3)
    expected = np.linalg.solve(system, item.T @ (weight * target))
    np.testing.assert_allclose(als.factors(history), expected, rtol=1e-4)


def test_als_fold_in_of_a_trained_viewer_is_what_training_would_give(checkerboard):
    """After convergence, one more half-step by ``implicit`` and the fold-in are the same algebra."""
    from implicit.cpu.als import AlternatingLeastSquares

    config = AlsConfig(factors=3, regularization=0.5, alpha=2.0, iterations=5)
    als = Als(config).fit(checkerboard, make_catalog(N_ITEMS))
    model = AlternatingLeastSquares(
        factors=3, regularization=0.5, alpha=2.0, use_cg=False, dtype=np.float64, random_state=1
    )
    model.item_factors = als.item_factors_.astype(np.float64)
    model.user_factors = np.zeros((1, 3))
    history = checkerboard.history(4)
    row = sparse.csr_matrix(np.isin(np.arange(N_ITEMS), history.item_idx).astype(np.float64)[None, :])
    expected = model.recalculate_user(0, row)
    np.testing.assert_allclose(als.factors(history), np.ravel(expected), rtol=1e-3, atol=1e-5)


def test_ease_is_the_closed_form():
    rng = np.random.default_rng(4)
    dense = (rng.random((30, 12)) < 0.3).astype(np.float32)
    inverse = np.linalg.inv(dense.T.astype(np.float64) @ dense + 3.0 * np.eye(12))
    expected = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(solve_ease(sparse.csr_matrix(dense), 3.0), expected, atol=1e-6)


def test_ease_keeps_only_the_most_liked_items():
    events = tabulate([(user, item, 5.0, START + item) for user in range(6) for item in range(user + 1)])
    source = ItemItem(ItemItemConfig(max_items=3, regularization=1.0)).fit(events, make_catalog(6))
    connected = np.flatnonzero(np.diff(source.neighbours_.indptr))
    assert connected.tolist() == [0, 1, 2]


def test_item_item_forgets_by_how_many_came_later():
    history = make_history([(0, 5.0), (1, 2.0), (2, 4.0), (3, 5.0)])
    source = ItemItem(ItemItemConfig(recency=2.0))
    expected = [np.exp(-2 / 2), 0.0, np.exp(-1 / 2), 1.0]
    np.testing.assert_allclose(source.weights(history), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def chain():
    return tabulate([(0, 0, 4.0, START), (0, 1, 4.0, START + 1), (0, 2, 4.0, START + 2)])


def test_sequence_counts_nearer_steps_more_and_backwards_less(chain):
    config = SequenceConfig(backward=0.25, damping=0.0)
    source = Sequence(config).fit(chain, make_catalog(3))
    np.testing.assert_allclose(source.score(make_history([(0, 4.0)])), [0, 1, 1 / 2])
    np.testing.assert_allclose(source.score(make_history([(1, 4.0)])), [0.25, 0, 1])
    np.testing.assert_allclose(source.score(make_history([(2, 4.0)])), [0.25 / 2, 0.25, 0])


def test_sequence_looks_no_further_than_its_window(chain):
    source = Sequence(SequenceConfig(window=1, backward=0.0)).fit(chain, make_catalog(3))
    np.testing.assert_array_equal(source.score(make_history([(0, 4.0)])), [0, 1, 0])


def test_sequence_divides_by_popularity(chain):
    twice = tabulate(
        [*zip([0, 0, 0], [0, 1, 2], [4.0] * 3, [1, 2, 3], strict=True), (1, 1, 4.0, 1)], n_items=3
    )
    source = Sequence(SequenceConfig(damping=1.0)).fit(twice, make_catalog(3))
    np.testing.assert_allclose(source.score(make_history([(0, 4.0)])), [0, 1 / 2, 1 / 2])


def test_sequence_treats_two_tied_events_alike_in_both_directions():
    events = tabulate([(0, 0, 4.0, START), (0, 1, 4.0, START)])
    source = Sequence(SequenceConfig(backward=0.5)).fit(events, make_catalog(2))
    np.testing.assert_allclose(source.score(make_history([(0, 4.0)])), [0, 0.75])
    np.testing.assert_allclose(source.score(make_history([(1, 4.0)])), [0.75, 0])


def test_sequence_does_not_run_from_one_viewer_into_the_next():
    events = tabulate([(0, 0, 4.0, START), (1, 1, 4.0, START + 1)])
    source = Sequence().fit(events, make_catalog(2))
    assert not source.score(make_history([(0, 4.0)])).any()


def test_sequence_asks_with_the_last_events_only():
    source = Sequence(SequenceConfig(last_events=2, recency=1.0))
    history = make_history([(0, 4.0), (1, 4.0), (2, 4.0)])
    np.testing.assert_allclose(source.weights(history), [0, np.exp(-1), 1], rtol=1e-6)


def test_popularity_halves_with_its_half_life():
    now = START + 60 * SECONDS_PER_DAY
    events = tabulate(
        [(0, 0, 4.5, now), (1, 1, 4.5, now - 30 * SECONDS_PER_DAY), (2, 2, 4.5, START), (3, 3, 1.0, now)]
    )
    score = Popularity(PopularityConfig(half_life_days=30.0)).fit(events, make_catalog(4)).score_
    np.testing.assert_allclose(score[:3] / score[0], [1, 1 / 2, 1 / 4], rtol=1e-4)
    assert score[3] == 0


def test_genre_follows_the_viewers_genres_and_what_does_well_in_them():
    genres = [("War",), ("War",), ("War",), ("Comedy",), ("Comedy",)]
    events = tabulate(
        [(user, item, 5.0 if item != 1 else 2.5, START + item) for user in range(9) for item in range(5)]
    )
    source = Genre(GenreConfig(prior_strength=1.0)).fit(events, make_catalog(5, genres))
    at_war = make_history([(0, 5.0)])
    assert source.recall(at_war, 5).item_idx.tolist() == [2, 1]
    np.testing.assert_allclose(source.affinity(at_war), [0, 1])
    np.testing.assert_allclose(source.affinity(make_history([(0, 5.0), (3, 3.75)])), [1 / 3, 2 / 3])


def test_genre_prior_is_the_weighted_rating():
    events = tabulate([(0, 0, 4.5, 1), (1, 0, 4.5, 1), (0, 1, 3.5, 2)], n_items=3)
    source = Genre(GenreConfig(prior_strength=4.0)).fit(events, make_catalog(3))
    overall = (2.0 + 2.0 + 1.0) / 3
    quality = np.array([(4.0 + 4 * overall) / 6 * np.log1p(2), (1.0 + 4 * overall) / 5 * np.log1p(1), 0.0])
    np.testing.assert_allclose(source.quality_, quality / quality.max(), rtol=1e-6)
