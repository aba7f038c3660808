from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from toy_data import START, make_history

from movierec.recall.base import age_rank, liked, select, top_n
from movierec.recall.order import Keys, first_items, order_open
from movierec.schema import History, IntArray

SCORES = hnp.arrays(
    np.float32,
    st.integers(0, 30),
    elements=st.one_of(
        st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.5, 2.0]), st.floats(-9, 9, width=32, allow_nan=False)
    ),
)


@given(SCORES, st.integers(0, 40))
@example(np.full(5, -np.inf, np.float32), 2)
@example(np.array([1, 1, 1], np.float32), 0)
@example(np.zeros(0, np.float32), 3)
def test_top_n_is_the_front_of_a_stable_sort(score, n):
    order = np.lexsort((np.arange(len(score)), -score))
    expected = order[score[order] > -np.inf][:n]
    found = top_n(score, n)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


@given(SCORES, st.integers(1, 40), st.data())
def test_select_leaves_out_the_seen_and_the_worthless(score, n, data):
    seen = data.draw(st.lists(st.integers(0, max(len(score) - 1, 0)), max_size=5 if len(score) else 0))
    found = select(score, make_history([(item, 4.0) for item in seen]), n)
    order = [item for item in np.lexsort((np.arange(len(score)), -score)) if score[item] > 0]
    assert found.item_idx.tolist() == [item for item in order if item not in seen][:n]
    np.testing.assert_array_equal(found.score, score[found.item_idx])


@pytest.mark.parametrize("kind", ["spread", "tied", "rising", "few", "odd"])
@pytest.mark.parametrize("n", [1, 7, 300, 2_000])
def test_the_largest_of_many_are_the_front_of_a_stable_sort(kind, n):
    rng = np.random.default_rng(n)
    score = rng.normal(0.0, 1.0, 1_717).astype(np.float32)
    if kind == "tied":
        score = np.round(score)
    elif kind == "rising":
        score.sort()
    elif kind == "few":
        score[rng.random(len(score)) < 0.95] = 0.0
    elif kind == "odd":
        score[::5], score[1::50] = np.nan, np.inf
    closed = rng.random(len(score)) < 0.3
    open_ones = np.flatnonzero((score > 0) & ~closed)
    expected = open_ones[np.lexsort((open_ones, -score[open_ones]))][:n]
    np.testing.assert_array_equal(order_open(score, closed, n), expected)


def test_little_more_than_what_is_asked_for_is_sorted(monkeypatch):
    sorted_ones = []

    def watch(keys: Keys, n: int) -> IntArray:
        sorted_ones.append(len(keys))
        return first_items(keys, n)

    monkeypatch.setattr("movierec.recall.order.first_items", watch)
    score = np.random.default_rng(1).random(20_000).astype(np.float32)
    for own in (score, np.sort(score), np.sort(score)[::-1]):
        order_open(own, np.zeros(len(score), np.bool_), 300)
    # In stacks of 32, where the largest 300 of 20,000 are dealt out at random, 410 or so are left.
    assert all(300 <= count < 500 for count in sorted_ones)


def test_liked_is_four_stars_or_any_unrated_positive_event():
    rating = np.array([3.5, 4.0, np.nan, np.nan, 5.0], np.float32)
    confidence = np.array([1.0, 1.5, 1.0, 0.0, 0.0], np.float32)
    assert liked(rating, confidence).tolist() == [False, True, True, False, True]
    assert liked(rating, confidence, 0.5).tolist() == [True, True, True, False, True]


@given(st.lists(st.integers(0, 6), max_size=12))
def test_age_rank_counts_strictly_newer_events(offsets):
    when = np.sort(np.array(offsets, np.int64)) + START
    blank = np.zeros(len(when), np.float32)
    history = History(np.arange(len(when), dtype=np.int32), blank, blank, when)
    assert age_rank(history).tolist() == [int((when > moment).sum()) for moment in when]
