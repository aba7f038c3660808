from __future__ import annotations

import numpy as np
import pytest
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy import sparse

from movierec.evaluation.peers import (
    AllTimePopularity,
    Bm25Knn,
    CosineKnn,
    Ease,
    Peer,
    RecentPopularity,
    list_peers,
    list_source_peers,
)
from movierec.schema import Dataset, History, Interactions

EVERYONE = (*list_peers(), *list_source_peers())
BLAS_HINT = "ignore:OpenBLAS is configured to use:RuntimeWarning"
PERSONAL = (CosineKnn(), Bm25Knn(), Ease(regularization=1.0))


@pytest.mark.filterwarnings(BLAS_HINT)
@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_lists_are_unseen_distinct_and_best_first(peer: Peer, tiny: Dataset) -> None:
    peer.fit(tiny.interactions, tiny.catalog)
    listed = 0
    for user in range(10):
        history = tiny.interactions.history(user)
        found = peer.recommend(history, 7)
        listed += len(found)
        assert len(found) <= 7
        assert len(np.unique(found.item_idx)) == len(found)
        assert not np.isin(found.item_idx, history.item_idx).any()
        assert (np.diff(found.score) <= 0).all()
    # Who liked nothing may get nothing; most get full lists.
    assert listed >= 42


@pytest.mark.parametrize("peer", PERSONAL, ids=lambda peer: peer.name)
def test_personal_peers_propose_what_the_same_club_watches(peer: Peer, two_clubs: Dataset) -> None:
    peer.fit(two_clubs.interactions, two_clubs.catalog)
    for user in range(16):
        history = two_clubs.interactions.history(user)
        (missing,) = set(range(6 * (user % 2), 6 * (user % 2) + 6)) - set(history.item_idx.tolist())
        assert peer.recommend(history, 1).item_idx.tolist() == [missing]


@pytest.mark.parametrize("peer", PERSONAL, ids=lambda peer: peer.name)
def test_personal_peers_have_no_opinion_without_history(peer: Peer, two_clubs: Dataset) -> None:
    peer.fit(two_clubs.interactions, two_clubs.catalog)
    assert len(peer.recommend(History.empty(), 5)) == 0


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
    events = tiny.interactions.take(tiny.interactions.rating >= 4)
    matrix = sparse.csr_matrix(
        (np.ones(len(events)), (events.user_idx, events.item_idx)), shape=(events.n_users, events.n_items)
    )
    theirs.fit(matrix, show_progress=False)
    peer.fit(tiny.interactions, tiny.catalog)
    for user in range(10):
        history = tiny.interactions.history(user).take(tiny.interactions.history(user).rating >= 4)
        _, score = theirs.recommend(user, matrix[user], N=10)
        kept = score > 0
        np.testing.assert_allclose(peer.recommend(history, 10).score[: kept.sum()], score[kept], rtol=1e-5)


def test_ease_solves_its_equations(tiny: Dataset) -> None:
    peer = Ease(regularization=30.0).fit(tiny.interactions, tiny.catalog)
    events = tiny.interactions.take(tiny.interactions.rating >= 4)
    dense = np.zeros((events.n_users, events.n_items))
    dense[events.user_idx, events.item_idx] = 1
    dense = dense[:, peer.items_]
    # Off the diagonal the gradient of the constrained ridge regression vanishes (Steck 2019, eq. 5).
    gradient = dense.T @ (dense @ peer.weights_ - dense) + 30.0 * peer.weights_
    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-3
    assert not np.diag(peer.weights_).any()


def test_ease_keeps_to_the_most_liked_items(tiny: Dataset) -> None:
    peer = Ease(max_items=10).fit(tiny.interactions, tiny.catalog)
    liked = np.bincount(tiny.interactions.item_idx[tiny.interactions.rating >= 4], minlength=120)
    assert len(peer.items_) == 10
    assert liked[peer.items_].min() >= np.sort(liked)[-10]


def test_popularity_all_time_and_recent_by_hand(two_clubs: Dataset) -> None:
    day = 86_400
    rows = [(0, 1, 0), (1, 1, 0), (2, 1, 0), (3, 2, 700 * day)]
    user_idx, item_idx, timestamp = (np.array(column) for column in zip(*rows, strict=True))
    stars = np.full(4, 5.0, np.float32)
    events = Interactions(
        user_idx.astype(np.int32), item_idx.astype(np.int32), stars, stars - 2.5, timestamp, 4, 12
    )
    all_time = AllTimePopularity().fit(events, two_clubs.catalog)
    assert all_time.recommend(History.empty(), 2).item_idx.tolist() == [1, 2]
    assert all_time.recommend(History.empty(), 2).score.tolist() == [7.5, 2.5]
    recent = RecentPopularity().fit(events, two_clubs.catalog)
    assert recent.recommend(History.empty(), 2).item_idx.tolist() == [2, 1]


@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_grids_hold_distinct_variants_of_the_peer(peer: Peer) -> None:
    grid = peer.grid
    assert all(type(variant) is type(peer) for variant in grid)
    assert len({repr(variant.params) for variant in grid}) == len(grid)
    assert repr(peer.params) in {repr(variant.params) for variant in grid}
