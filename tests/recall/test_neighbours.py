from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from movierec.recall.neighbours import Neighbours

VALUES = st.sampled_from([0.0, 0.0, -2.0, -0.5, 0.25, 0.5, 1.0, 3.0])
SQUARES = st.integers(1, 7).flatmap(lambda n: hnp.arrays(np.float32, (n, n), elements=VALUES))


def to_dense(neighbours: Neighbours) -> np.ndarray:
    return sparse.csr_matrix(
        (neighbours.data, neighbours.indices, neighbours.indptr), shape=(neighbours.n_items,) * 2
    ).toarray()


def cut_rows(matrix: np.ndarray, keep: int) -> np.ndarray:
    """The reference: the largest magnitudes of each row, ties to the smaller column."""
    cut = np.zeros_like(matrix)
    for row, values in enumerate(matrix):
        kept = np.lexsort((np.arange(len(values)), -np.abs(values)))[:keep]
        cut[row, kept] = values[kept]
    return cut


@given(SQUARES, st.integers(1, 9))
def test_from_matrix_keeps_the_strongest_of_each_row(matrix, keep):
    found = Neighbours.from_matrix(sparse.csr_matrix(matrix), keep)
    np.testing.assert_array_equal(to_dense(found), cut_rows(matrix, keep))
    assert found.data.all()
    assert (found.indptr.dtype, found.indices.dtype, found.data.dtype) == (np.int64, np.int32, np.float32)


@given(SQUARES)
def test_from_matrix_without_a_cut_keeps_everything(matrix):
    np.testing.assert_array_equal(to_dense(Neighbours.from_matrix(sparse.csr_matrix(matrix))), matrix)


@given(SQUARES, st.integers(1, 9), st.data())
def test_from_dense_spreads_a_block_over_the_catalogue(block, keep, data):
    n_items = len(block) + data.draw(st.integers(0, 3))
    items = np.sort(data.draw(st.permutations(range(n_items)))[: len(block)]).astype(np.int32)
    dense = to_dense(Neighbours.from_dense(block, items, n_items, keep))
    found = dense[np.ix_(items, items)]
    # Which of several equal magnitudes stays is open, so rows are compared as sets of values.
    expected = cut_rows(block, keep)
    np.testing.assert_array_equal(np.sort(np.abs(found), axis=1), np.sort(np.abs(expected), axis=1))
    assert (found[found != 0] == block[found != 0]).all()
    outside = np.setdiff1d(np.arange(n_items), items)
    assert not dense[outside].any()
    assert not dense[:, outside].any()


def test_from_dense_of_nothing():
    nothing = Neighbours.from_dense(np.zeros((0, 0), np.float32), np.zeros(0, np.int32), 4, 10)
    assert nothing.n_items == 4
    assert not nothing.sum_over(np.array([1, 2], np.int32), np.ones(2, np.float32)).any()


@given(SQUARES, st.data())
def test_sums_are_matrix_algebra(matrix, data):
    size = len(matrix)
    found = Neighbours.from_matrix(sparse.csr_matrix(matrix))
    items = np.array(data.draw(st.lists(st.integers(0, size - 1), max_size=6)), np.int32)
    weight = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=len(items), max_size=len(items))),
        np.float32,
    )
    np.testing.assert_allclose(found.sum_over(items, weight), weight @ matrix[items], atol=1e-5)
    asked = data.draw(st.lists(st.integers(0, size - 1), max_size=size, unique=True))
    place = np.full(size, -1, np.int32)
    place[asked] = np.arange(len(asked))
    for width in (1, 2, 4):
        weights = np.outer(weight, np.arange(1, width + 1)).astype(np.float32)
        some = found.sum_at(items, weights, place, len(asked))
        np.testing.assert_allclose(some, (weights.T @ matrix[items]).T[asked], atol=1e-4)


@given(SQUARES)
def test_state_round_trip(matrix):
    found = Neighbours.from_matrix(sparse.csr_matrix(matrix))
    again = Neighbours.from_state(found.state("a_"), "a_")
    np.testing.assert_array_equal(to_dense(again), to_dense(found))
