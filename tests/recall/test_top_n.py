from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from toy_data import START, make_history

from movierec.recall.base import age_rank, liked, select, top_n
from movierec.schema import History

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
