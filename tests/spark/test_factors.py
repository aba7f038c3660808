from __future__ import annotations

import numpy as np
import pytest
from toy_data import SMALL_RECALL, make_history

from movierec.ranking.store import list_events
from movierec.recall.als import Als, AlsSeen
from movierec.recall.base import liked
from movierec.spark.factors import factorise


@pytest.fixture(scope="module")
def factors(session, toy_events) -> np.ndarray:
    events = list_events(toy_events).filter(liked(toy_events.rating, toy_events.confidence))
    pairs = session.createDataFrame(events.select("user_idx", "item_idx").to_arrow())
    return factorise(pairs, toy_events.n_items, SMALL_RECALL.als)


def test_factors_are_the_arrays_the_embedded_source_keeps(factors, toy_events, toy_films) -> None:
    embedded = Als(SMALL_RECALL.als).fit(toy_events, toy_films).state()["item_factors"]
    assert (factors.shape, factors.dtype) == (embedded.shape, embedded.dtype)
    assert factors.flags.c_contiguous
    # Neither knows anything of items nobody liked.
    np.testing.assert_array_equal(factors.any(axis=1), embedded.any(axis=1))


def test_fold_in_over_them_finds_what_viewers_hold_out(factors, toy_events, toy_films) -> None:
    """As Hu et al. measure: where a liked title stands in its viewer's list, on average; .5 is chance."""
    source = Als(SMALL_RECALL.als).restore({"item_factors": factors})
    standing = []
    for user in range(toy_events.n_users):
        history = toy_events.history(user)
        score = source.score(history)
        mine = liked(history.rating, history.confidence)
        standing += [(score > score[item]).mean() for item in history.item_idx[mine]]
    assert np.mean(standing) < 0.3


def test_nothing_liked_gives_zeros(session) -> None:
    empty = session.createDataFrame([], "user_idx int, item_idx int")
    factors = factorise(empty, 3, SMALL_RECALL.als)
    assert factors.tolist() == np.zeros((3, SMALL_RECALL.als.factors)).tolist()
    assert not Als(SMALL_RECALL.als).restore({"item_factors": factors}).score(make_history([(1, 5.0)])).any()


def test_without_more_trust_in_what_was_seen_it_still_factorises(session, toy_events) -> None:
    """Confidence 1 for all is alpha 0 to MLlib."""
    pairs = session.createDataFrame(list_events(toy_events).select("user_idx", "item_idx").to_arrow())
    config = AlsSeen(SMALL_RECALL.als_seen).config
    assert config.alpha == 1.0
    factors = factorise(pairs, toy_events.n_items, config)
    assert np.isfinite(factors).all()
    assert factors.any()
