from __future__ import annotations

from copy import copy

import numpy as np
import pytest

from movierec.evaluation.peers import Ease, Peer, RecencyEase, list_peers, list_source_peers
from movierec.evaluation.peers.neighbours import NeighbourPeer
from movierec.schema import Dataset, History

EVERYONE = (*list_peers(), *list_source_peers())
WITH_POPULARITY = {"popularity", "recent popularity", "recency EASE + recent popularity"}
PERSONAL = tuple(peer for peer in list_peers() if peer.name not in WITH_POPULARITY)
BLAS_HINT = "ignore:OpenBLAS is configured to use:RuntimeWarning"

pytestmark = pytest.mark.filterwarnings(BLAS_HINT)


@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_lists_are_unseen_distinct_and_best_first(peer: Peer, tiny: Dataset) -> None:
    peer.fit(tiny.interactions, tiny.catalog)
    histories = [tiny.interactions.history(user) for user in range(10)]
    listed = 0
    for user, found in enumerate(peer.recommend_batch(histories, range(10), 7)):
        listed += len(found)
        assert len(found) <= 7
        assert len(np.unique(found.item_idx)) == len(found)
        assert not np.isin(found.item_idx, histories[user].item_idx).any()
        assert (np.diff(found.score) <= 0).all()
    # Who liked nothing may get nothing; most get full lists.
    assert listed >= 42


@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_batch_equals_one_by_one(peer: Peer, tiny: Dataset) -> None:
    peer.fit(tiny.interactions, tiny.catalog)
    # More than a batch holds, somebody without history and somebody unknown to train among them.
    users = [*range(tiny.interactions.n_users), *range(60)]
    histories = [tiny.interactions.history(user) for user in users]
    histories[5] = History.empty()
    scores = peer.score_batch(histories, users)
    for user, history, score in zip(users, histories, scores, strict=True):
        np.testing.assert_allclose(score, peer.score_known(history, user), rtol=1e-4, atol=1e-5)
    lists = peer.recommend_batch(histories, users, 5)
    assert len(lists) == len(users)
    for found, score in zip(lists, scores, strict=True):
        np.testing.assert_allclose(found.score, score[found.item_idx], rtol=1e-4)


@pytest.mark.parametrize("peer", PERSONAL, ids=lambda peer: peer.name)
def test_personal_peers_have_no_opinion_without_history(peer: Peer, two_clubs: Dataset) -> None:
    peer.fit(two_clubs.interactions, two_clubs.catalog)
    assert len(peer.recommend(History.empty(), 5)) == 0


@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_equal_rows_give_equal_scores(peer: Peer, tiny: Dataset) -> None:
    history = tiny.interactions.history(3)
    first = peer.fit(tiny.interactions, tiny.catalog).score(history).copy()
    np.testing.assert_array_equal(peer.fit(tiny.interactions, tiny.catalog).score(history), first)


@pytest.mark.parametrize("peer", EVERYONE, ids=lambda peer: peer.name)
def test_grids_hold_distinct_variants_of_the_peer(peer: Peer) -> None:
    grid = peer.grid
    assert all(type(variant) is type(peer) for variant in grid)
    assert all(variant.name == peer.name for variant in grid)
    assert len({repr(variant.params) for variant in grid}) == len(grid)
    assert repr(peer.params) in {repr(variant.params) for variant in grid}
    assert peer.asked_settings <= peer.params.keys()


@pytest.mark.parametrize(
    "peer",
    # Neighbours have ties, see test_fewer_neighbours_are_borrowed_from_a_fit_of_more.
    [peer for peer in list_peers() if peer.asked_settings and not isinstance(peer, NeighbourPeer)],
    ids=lambda peer: peer.name,
)
def test_a_borrowed_fit_is_as_good_as_an_own_one(peer: Peer, tiny: Dataset) -> None:
    fitted = copy(peer).fit(tiny.interactions, tiny.catalog)
    sharing = [variant for variant in peer.grid if variant.shares_fit_with(fitted)]
    assert 1 < len(sharing) < len(peer.grid)
    history = tiny.interactions.history(3)
    for variant in sharing[-2:]:
        borrowed = variant.borrow(fitted).score(history)
        own = copy(variant).fit(tiny.interactions, tiny.catalog).score(history)
        np.testing.assert_array_equal(borrowed, own)


def test_only_equal_models_with_equal_learnt_settings_share_a_fit() -> None:
    assert RecencyEase(recency=3.0).shares_fit_with(RecencyEase(recency=4.0))
    assert not RecencyEase(regularization=3.0).shares_fit_with(RecencyEase(regularization=4.0))
    assert not RecencyEase().shares_fit_with(Ease())


def test_params_are_the_numeric_settings() -> None:
    assert Ease(regularization=3.0).params == {"regularization": 3.0, "min_rating": 4.0, "max_items": 12_000}
