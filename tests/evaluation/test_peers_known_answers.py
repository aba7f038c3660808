from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy import sparse

from movierec.data.sample.films import read_films
from movierec.evaluation.peers import (
    AllTimePopularity,
    Bm25Knn,
    Bpr,
    CosineKnn,
    Ease,
    ImplicitAls,
    OrderedCoVisitation,
    Peer,
    RecencyEase,
    RecentPopularity,
    TrendingEase,
)
from movierec.evaluation.peers.ease import EaseWeights
from movierec.schema import Dataset, History, Interactions

DAY = 86_400
CATALOG = read_films()
BLAS_HINT = "ignore:OpenBLAS is configured to use:RuntimeWarning"

pytestmark = pytest.mark.filterwarnings(BLAS_HINT)

PERSONAL = (
    CosineKnn(),
    Bm25Knn(),
    ImplicitAls(factors=4, regularization=0.1),
    Bpr(factors=8, learning_rate=0.1, iterations=300),
    Ease(regularization=1.0),
    RecencyEase(regularization=1.0),
    TrendingEase(regularization=1.0, popularity=0.1),
    OrderedCoVisitation(),
)


def make_events(*rows: tuple[int, int, int], stars: float = 5.0, n_items: int = 6) -> Interactions:
    """Return events of (user, item, seconds)."""
    user_idx, item_idx, timestamp = (np.array(column) for column in zip(*rows, strict=True))
    rating = np.full(len(rows), stars, np.float32)
    return Interactions(
        user_idx.astype(np.int32),
        item_idx.astype(np.int32),
        rating,
        np.maximum(rating - 2.5, 0),
        timestamp.astype(np.int64),
        int(user_idx.max()) + 1,
        n_items,
    )


def build_liked_matrix(events: Interactions) -> sparse.csr_matrix:
    events = events.take(events.rating >= 4)
    return sparse.csr_matrix(
        (np.ones(len(events)), (events.user_idx, events.item_idx)), shape=(events.n_users, events.n_items)
    )


@pytest.mark.parametrize("peer", PERSONAL, ids=lambda peer: peer.name)
def test_personal_peers_propose_what_the_same_club_watches(peer: Peer, two_clubs: Dataset) -> None:
    peer.fit(two_clubs.interactions, two_clubs.catalog)
    histories = [two_clubs.interactions.history(user) for user in range(16)]
    for user, found in enumerate(peer.recommend_batch(histories, range(16), 1)):
        (missing,) = set(range(6 * (user % 2), 6 * (user % 2) + 6)) - set(histories[user].item_idx.tolist())
        assert found.item_idx.tolist() == [missing]


@pytest.mark.parametrize(
    ("peer", "theirs"),
    [
        (CosineKnn(neighbours=20), CosineRecommender(K=20, num_threads=1)),
        (Bm25Knn(neighbours=20, k1=1.2, b=0.75), BM25Recommender(K=20, K1=1.2, B=0.75, num_threads=1)),
    ],
    ids=["cosine", "bm25"],
)
@pytest.mark.filterwarnings("ignore:Method expects CSR")
def test_knn_agrees_with_implicit(peer: CosineKnn, theirs: CosineRecommender, tiny: Dataset) -> None:
    matrix = build_liked_matrix(tiny.interactions)
    theirs.fit(matrix, show_progress=False)
    peer.fit(tiny.interactions, tiny.catalog)
    for user in range(10):
        history = tiny.interactions.history(user).take(tiny.interactions.history(user).rating >= 4)
        _, score = theirs.recommend(user, matrix[user], N=10)
        kept = score > 0
        np.testing.assert_allclose(peer.recommend(history, 10).score[: kept.sum()], score[kept], rtol=1e-5)


def test_als_is_that_of_implicit_with_users_folded_in(tiny: Dataset) -> None:
    peer = ImplicitAls(factors=8, alpha=2.0, regularization=1.0).fit(tiny.interactions, tiny.catalog)
    matrix = build_liked_matrix(tiny.interactions)
    theirs = AlternatingLeastSquares(
        factors=8, alpha=2.0, regularization=1.0, iterations=15, random_state=0, num_threads=1
    )
    theirs.fit(matrix, show_progress=False)
    item, score = theirs.recommend(4, matrix[4], N=5, recalculate_user=True)
    found = peer.recommend(tiny.interactions.history(4).take(tiny.interactions.history(4).rating >= 4), 5)
    np.testing.assert_array_equal(found.item_idx, item)
    np.testing.assert_allclose(found.score, score, rtol=1e-4)
    # The equations of the fold-in: (Y'Y + (alpha - 1) Y_liked' Y_liked + ridge) x = alpha sum of Y_liked.
    factors = theirs.item_factors.astype(np.float64)
    liked = factors[matrix[4].indices]
    user = np.linalg.solve(factors.T @ factors + liked.T @ liked + np.eye(8), 2.0 * liked.sum(axis=0))
    np.testing.assert_allclose(peer.score(tiny.interactions.history(4)), factors @ user, atol=1e-4)


def test_bpr_uses_the_vectors_of_users_it_knows_and_folds_in_others(two_clubs: Dataset) -> None:
    events = two_clubs.interactions
    # User 15 is not in train, but of club 1.
    train = events.take(events.user_idx < 15)
    peer = Bpr(factors=8, learning_rate=0.1, iterations=300).fit(train, two_clubs.catalog)
    history = events.history(1)
    own = peer.item_factors_ @ peer.user_factors_[1]
    known = peer.score_known(history, 1)
    np.testing.assert_allclose(known - known.min(), own - own.min(), atol=1e-4)
    assert not np.allclose(known, peer.score(history))
    np.testing.assert_array_equal(peer.score_known(history, 15), peer.score(history))
    assert set(peer.recommend_batch([events.history(15)], [15], 1)[0].item_idx.tolist()) <= set(range(6, 12))


@pytest.mark.parametrize("peer", [CosineKnn(min_rating=0.0), Bm25Knn()], ids=lambda peer: peer.name)
def test_fewer_neighbours_are_borrowed_from_a_fit_of_more(peer: CosineKnn | Bm25Knn, tiny: Dataset) -> None:
    few, many = replace(peer, neighbours=7), replace(peer, neighbours=60)
    assert few.shares_fit_with(many)
    assert not many.shares_fit_with(few)
    assert not replace(few, min_rating=3.0).shares_fit_with(many)
    many.fit(tiny.interactions, tiny.catalog)
    before = many.similarity_.nnz
    borrowed = few.borrow(many).similarity_.toarray()
    own = replace(few).fit(tiny.interactions, tiny.catalog).similarity_.toarray()
    # Of equally similar titles any may be the last one.
    np.testing.assert_allclose(np.sort(borrowed, axis=1), np.sort(own, axis=1), rtol=1e-6)
    assert many.similarity_.nnz == before > few.borrow(many).similarity_.nnz


@pytest.mark.parametrize("shape", [(40, 9), (9, 40), (12, 12)], ids=["users", "items", "square"])
def test_ease_solves_its_equations(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    dense = (rng.random(shape) < 0.4).astype(np.float64)
    dense[0] = dense[:, 0] = 1.0
    ridge = 3.0
    found = EaseWeights.solve(sparse.csr_matrix(dense, dtype=np.float32), ridge, max_items=100)
    weights = found.spread(sparse.eye(shape[1], dtype=np.float32, format="csr")).astype(np.float64)
    np.fill_diagonal(weights, 0.0)
    # Off the diagonal the gradient of the constrained ridge regression vanishes (Steck 2019, eq. 5).
    gradient = dense.T @ (dense @ weights - dense) + ridge * weights
    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-4
    assert np.abs(weights).max() > 0.05


def test_ease_keeps_to_the_most_liked_items(tiny: Dataset) -> None:
    peer = Ease(max_items=10).fit(tiny.interactions, tiny.catalog)
    liked = np.bincount(tiny.interactions.item_idx[tiny.interactions.rating >= 4], minlength=120)
    assert len(peer.weights_.items) == 10
    assert liked[peer.weights_.items].min() >= np.sort(liked)[-10]


def test_ease_of_nothing_liked_has_no_opinion(two_clubs: Dataset) -> None:
    events = make_events((0, 0, 0), (0, 1, 1), (1, 1, 0), stars=2.0)
    peer = Ease().fit(events, two_clubs.catalog)
    assert not peer.score(events.history(0)).any()


def test_recency_ease_halves_as_told_and_counts_liked_events_only(tiny: Dataset) -> None:
    plain = Ease(regularization=10.0).fit(tiny.interactions, tiny.catalog)
    fading = RecencyEase(regularization=10.0, recency=1 / np.log(2)).fit(tiny.interactions, tiny.catalog)
    items = np.array([3, 8, 5, 9], np.int32)
    stars = np.array([5.0, 4.0, 1.0, 5.0], np.float32)
    history = History(items, stars, np.maximum(stars - 2.5, 0), np.arange(4, dtype=np.int64))
    each = [plain.score(history.take(np.array([row]))) for row in (0, 1, 3)]
    np.testing.assert_allclose(
        fading.score(history), each[0] / 4 + each[1] / 2 + each[2], rtol=1e-4, atol=1e-6
    )


def test_trending_ease_adds_recent_popularity(tiny: Dataset) -> None:
    fading = RecencyEase(regularization=10.0).fit(tiny.interactions, tiny.catalog)
    recent = RecentPopularity(half_life_days=30.0).fit(tiny.interactions, tiny.catalog)
    both = TrendingEase(regularization=10.0, half_life_days=30.0, popularity=0.5)
    both.fit(tiny.interactions, tiny.catalog)
    history = tiny.interactions.history(2)
    own, trend = (peer.score(history) for peer in (fading, recent))
    expected = (own - own.mean()) / own.std() + 0.5 * (trend - trend.mean()) / trend.std()
    found = both.score(history)
    np.testing.assert_allclose(found - found.mean(), expected, rtol=1e-3, atol=1e-4)
    assert found.min() > 0


def test_trending_ease_shows_strangers_what_is_popular(tiny: Dataset) -> None:
    both = TrendingEase().fit(tiny.interactions, tiny.catalog)
    recent = RecentPopularity().fit(tiny.interactions, tiny.catalog)
    listed = [peer.recommend(History.empty(), 10).item_idx for peer in (both, recent)]
    np.testing.assert_array_equal(*listed)


def test_co_visitation_counts_steps_onwards_and_back_by_hand(two_clubs: Dataset) -> None:
    events = make_events((0, 0, 0), (0, 1, 10), (0, 2, 20), (0, 3, 30), (1, 0, 5), (1, 2, 6))
    peer = OrderedCoVisitation(window=2, backward=0.0, recency=1e9).fit(events, two_clubs.catalog)
    onwards = peer.onwards_.toarray()
    expected = np.zeros((6, 6))
    expected[0, 1], expected[0, 2], expected[1, 2], expected[1, 3], expected[2, 3] = 1, 1.5, 1, 0.5, 1
    np.testing.assert_allclose(onwards, expected)
    asked = events.history(0).take(slice(1, 3))
    np.testing.assert_allclose(peer.score(asked), expected[1] + expected[2])
    peer.backward = 0.25
    np.testing.assert_allclose(
        peer.score(asked), expected[1] + expected[2] + 0.25 * (expected[:, 1] + expected[:, 2])
    )
    peer.backward, peer.last_events = 0.0, 1
    np.testing.assert_allclose(peer.score(asked), expected[2])
    peer.last_events, peer.recency = 20, 1 / np.log(2)
    np.testing.assert_allclose(peer.score(asked), expected[1] / 2 + expected[2], rtol=1e-6)


@given(st.permutations(range(1, 5)), st.integers(1, 5))
def test_co_visitation_does_not_see_the_order_of_tied_rows(tied: list[int], window: int) -> None:
    def count(*items: int) -> np.ndarray:
        rows = zip([0] * 7, items, [0, 10, 10, 10, 10, 20, 30], strict=True)
        peer = OrderedCoVisitation(window=window)
        return peer.fit(make_events(*rows, n_items=7), CATALOG).onwards_.toarray()

    counted = count(0, *tied, 5, 6)
    np.testing.assert_allclose(counted, count(0, 1, 2, 3, 4, 5, 6))
    np.testing.assert_allclose(counted[1:5, 1:5], 0.5 * (1 - np.eye(4)))


def test_popularity_all_time_and_recent_by_hand(two_clubs: Dataset) -> None:
    events = make_events((0, 1, 0), (1, 1, 0), (2, 1, 0), (3, 2, 700 * DAY))
    all_time = AllTimePopularity().fit(events, two_clubs.catalog)
    assert all_time.recommend(History.empty(), 2).item_idx.tolist() == [1, 2]
    assert all_time.recommend(History.empty(), 2).score.tolist() == [3.0, 1.0]
    recent = RecentPopularity(half_life_days=70.0).fit(events, two_clubs.catalog)
    assert recent.recommend(History.empty(), 2).item_idx.tolist() == [2, 1]
    np.testing.assert_allclose(recent.recommend(History.empty(), 2).score, [1, 3 * 2.0**-10], rtol=1e-2)


def test_popularity_of_liked_events_leaves_the_others_out(two_clubs: Dataset) -> None:
    events = make_events((0, 1, 0), (1, 1, 0), stars=3.0)
    for peer in (AllTimePopularity(min_rating=4.0), RecentPopularity(min_rating=4.0)):
        assert not peer.fit(events, two_clubs.catalog).score(History.empty()).any()
