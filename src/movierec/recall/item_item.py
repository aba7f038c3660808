"""Item-item recall: EASE^R (Steck, WWW 2019), queried with a recency-weighted history."""

from __future__ import annotations

from typing import Self

import numba
import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from movierec.recall.base import age_rank, liked
from movierec.recall.neighbours import Neighbours, NeighbourSource
from movierec.schema import Catalog, FloatArray, History, Interactions
from movierec.stages import ItemItemConfig


def solve_ease(matrix: sparse.csr_matrix, regularization: float) -> FloatArray:
    """Return the EASE^R weights of a binary user-item matrix, zero diagonal.

    With ``P = (X'X + regularization * I)^-1`` the weights are ``-P / diag(P)``
    (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 8).
    """
    if not matrix.shape[1]:  # nothing was liked, and LAPACK refuses a matrix without rows
        return np.zeros((0, 0), np.float32)
    gram = (matrix.T @ matrix).toarray().astype(np.float32)
    # Single precision: the ridge keeps the matrix well conditioned, and it halves time and memory.
    gram[np.diag_indices_from(gram)] += regularization
    # One thread: OpenBLAS with two crashed on matrices of this kind and gains little here.
    with threadpool_limits(limits=1, user_api="blas"):
        factor, lower = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        inverse, info = linalg.lapack.spotri(factor, lower=lower, overwrite_c=True)
    if info:
        raise np.linalg.LinAlgError(f"spotri returned {info}")
    weights: FloatArray = np.empty(inverse.shape, np.float32)
    _divide_by_diagonal(inverse, weights)
    return weights


@numba.njit(cache=True)
def _divide_by_diagonal(lower: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` with ``-P / diag(P)``, zero diagonal, from the lower triangle of a symmetric ``P``."""
    for row in range(len(lower)):
        out[row, row] = 0.0
        for column in range(row):
            out[row, column] = -lower[row, column] / lower[column, column]
            out[column, row] = -lower[row, column] / lower[row, row]


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
        by_count = np.argsort(-counts, kind="stable")[: self.config.max_items]
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
