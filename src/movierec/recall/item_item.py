"""Item-item recall: EASE^R (Steck, WWW 2019), queried with a recency-weighted history."""

from __future__ import annotations

from typing import Self

import numba
import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from movierec.recall.base import age_rank, liked
from movierec.recall.neighbours import Neighbours, NeighbourSource
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import ItemItemConfig


def solve_ease(matrix: sparse.csr_matrix, regularization: float) -> FloatArray:
    """Return the EASE^R weights of a binary user-item matrix, zero diagonal.

    With ``P = (X'X + regularization * I)^-1`` the weights are ``-P / diag(P)``
    (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 8).
    """
    if not matrix.shape[1]:  # nothing was liked, and LAPACK refuses a matrix without rows
        return np.zeros((0, 0), np.float32)
    if not matrix.has_sorted_indices:
        matrix = matrix.sorted_indices()
    # Single precision: the ridge keeps the matrix well conditioned, and it halves time and memory.
    work = np.zeros((matrix.shape[1],) * 2, np.float32)
    _count_together(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32), work
    )
    work[np.diag_indices_from(work)] += regularization
    # LAPACK counts columns first: the upper half is its lower one, and nothing needs a copy.
    # One thread: OpenBLAS with two crashed on matrices of this kind and gains little here.
    with threadpool_limits(limits=1, user_api="blas"):
        factor, lower = linalg.cho_factor(work.T, lower=True, overwrite_a=True, check_finite=False)
        inverse, info = linalg.lapack.spotri(factor, lower=lower, overwrite_c=True)
    if info:
        raise np.linalg.LinAlgError(f"spotri returned {info}")
    weights: FloatArray = np.ascontiguousarray(inverse.T)
    _divide_by_diagonal(weights)
    return weights


@numba.njit(cache=True, nogil=True)
def _count_together(indptr: LongArray, indices: IntArray, data: FloatArray, out: FloatArray) -> None:
    """Add ``X'X`` to the upper half of ``out``; columns ascend within the rows of ``X``.

    Counts are whole numbers below 2^24, which single precision adds without rounding.
    """
    for row in range(len(indptr) - 1):
        for one in range(indptr[row], indptr[row + 1]):
            for other in range(one, indptr[row + 1]):
                out[indices[one], indices[other]] += data[one] * data[other]


@numba.njit(cache=True, nogil=True)
def _divide_by_diagonal(block: FloatArray) -> None:
    """Turn the upper half of a symmetric ``P`` into all of ``-P / diag(P)`` with a zero diagonal."""
    diagonal = np.diag(block).copy()
    for column in range(len(block)):
        block[column, column] = 0.0
        for row in range(column):
            value = block[row, column]
            block[row, column] = -value / diagonal[column]
            block[column, row] = -value / diagonal[row]


class ItemItem(NeighbourSource):
    """Learns which liked titles predict which others, everything else held fixed."""

    name = "item_item"

    def __init__(self, config: ItemItemConfig | None = None) -> None:
        self.config = config or ItemItemConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Solve EASE^R on the most-liked items and keep each row's strongest weights."""
        self.n_items_ = interactions.n_items
        positive = interactions.take(
            liked(interactions.rating, interactions.confidence, self.config.min_rating)
        )
        counts = np.bincount(positive.item_idx, minlength=self.n_items_)
        solid = min(int((counts >= self.config.solid_events).sum()), self.config.max_solid_items)
        by_count = np.argsort(-counts, kind="stable")[: max(self.config.max_items, solid)]
        items = np.sort(by_count[counts[by_count] > 0]).astype(np.int32)
        column = np.full(self.n_items_, -1, np.int32)
        column[items] = np.arange(len(items), dtype=np.int32)
        kept = column[positive.item_idx] >= 0
        matrix = sparse.csr_matrix(
            (
                np.ones(int(kept.sum()), np.float32),
                (positive.user_idx[kept], column[positive.item_idx[kept]]),
            ),
            shape=(interactions.n_users, len(items)),
        )
        weights = solve_ease(matrix, self.config.regularization)
        # Rows are what is summed over a history: row = watched item, column = proposed item.
        self.neighbours_ = Neighbours.from_dense(weights, items, self.n_items_, self.config.neighbours)
        return self

    def weights(self, history: History) -> FloatArray:
        """Return float32[len(history)]: recency weight of the liked events, 0 for the others."""
        positive = liked(history.rating, history.confidence, self.config.min_rating)
        events = history.take(positive)
        weight = np.zeros(len(history), np.float32)
        weight[positive] = np.exp(-age_rank(events) / self.config.recency)
        return weight


class CoSeen(ItemItem):
    """The same model on every event, liked or not: what people get round to watching together."""

    name = "co_seen"
