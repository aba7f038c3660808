from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from movierec.data.splits import rated_only
from movierec.evaluation.measurement import AUC_DEPTH, auc_of_lists, measure_pool
from movierec.evaluation.metrics import NO_ITEM, find_hits
from movierec.evaluation.peers import Kind
from movierec.evaluation.systems import Query, System
from movierec.schema import Dataset, FloatArray, IntArray


@given(st.data())
def test_auc_of_a_list_is_that_of_its_scores(data: st.DataObject) -> None:
    n_open = data.draw(st.integers(2, 30))
    order = np.array(data.draw(st.permutations(range(n_open))), np.int32)
    length = data.draw(st.integers(0, n_open))
    truth = np.sort(order[: data.draw(st.integers(1, n_open - 1))])
    shuffled = np.array(data.draw(st.permutations(range(n_open))), np.int32)
    lists = np.full((1, n_open + 2), NO_ITEM, np.int32)
    lists[0, :length] = shuffled[:length]
    score = np.full(n_open, -1000.0)
    score[shuffled[:length]] = -np.arange(length)
    hits = find_hits(lists, np.array([0, len(truth)]), truth)
    (found,) = auc_of_lists(hits, np.array([length]), np.array([n_open]))
    assert found == pytest.approx(roc_auc_score(np.isin(np.arange(n_open), truth), score))


def test_auc_where_everything_is_relevant_is_a_half() -> None:
    hits = find_hits(np.array([[0, 1]], np.int32), np.array([0, 2]), np.array([0, 1], np.int32))
    assert auc_of_lists(hits, np.array([2]), np.array([2])).tolist() == [0.5]


def make_system(name: str, score: FloatArray) -> System:
    def score_items(query: Query, items: IntArray) -> FloatArray:
        return score[items]

    return System(name, Kind.PEER, lambda queries, k, depth: [], score_items)


def test_who_knows_the_ratings_orders_a_pool_perfectly(tiny: Dataset) -> None:
    split = rated_only(tiny.interactions)
    assert split.pool is not None
    assert len(split.truth) > 10

    def peek(query: Query, items: IntArray) -> FloatArray:
        held_out = split.held_out.history(query.user_idx)
        rating = dict(zip(held_out.item_idx.tolist(), held_out.rating.tolist(), strict=True))
        return np.array([rating[item] for item in items.tolist()], np.float32)

    def err(query: Query, items: IntArray) -> FloatArray:
        return -peek(query, items)

    best, worst = (System(name, Kind.PEER, lambda *_: [], score) for name, score in (("b", peek), ("w", err)))
    perfect = measure_pool(best, split, split.pool, (10,), 0)
    wrong = measure_pool(worst, split, split.pool, (1,), 0)
    assert perfect.per_user["ndcg@10"].min() == pytest.approx(1.0)
    assert perfect.per_user["auc"].min() == pytest.approx(1.0)
    assert wrong.per_user["auc"].max() == 0.0
    assert perfect.overall == {}


def test_without_an_opinion_a_pool_is_in_the_same_random_order_for_all(tiny: Dataset) -> None:
    split = rated_only(tiny.interactions)
    assert split.pool is not None
    nothing = np.zeros(len(tiny.catalog), np.float32)
    one, two, other = (
        measure_pool(make_system(name, nothing), split, split.pool, (10,), seed)
        for name, seed in (("one", 0), ("two", 0), ("one", 1))
    )
    np.testing.assert_array_equal(one.per_user["auc"], two.per_user["auc"])
    assert (one.per_user["auc"] != other.per_user["auc"]).any()
    assert 0.3 < one.per_user["auc"].mean() < 0.7


def test_auc_looks_deeper_than_any_list_length() -> None:
    from movierec.evaluation.runner import KS

    assert max(KS) < AUC_DEPTH
