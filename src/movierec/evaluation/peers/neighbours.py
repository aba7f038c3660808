"""Item-to-item neighbours of ``implicit``: cosine and BM25 weights."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from movierec.evaluation.peers.base import ANY_RATING, LinearPeer, Peer, build_matrix, mark_positive
from movierec.recall.base import LIKED_RATING
from movierec.schema import Catalog, FloatArray, History, Interactions


class NeighbourPeer(LinearPeer):
    """Sums the similarities of the positive titles of a history, each counted alike.

    A fit with many neighbours holds those with fewer, which borrow it instead of fitting again.
    """

    asked_settings: ClassVar[frozenset[str]] = frozenset({"neighbours"})

    neighbours: int
    min_rating: float
    similarity_: sparse.csr_matrix

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Compute the neighbours from the weighted user-item matrix."""
        from implicit.nearest_neighbours import ItemItemRecommender

        self.n_items_ = train.n_items
        model = ItemItemRecommender(K=self.neighbours, num_threads=1)
        model.fit(self._weigh_matrix(build_matrix(train, self.min_rating)), show_progress=False)
        self.similarity_ = model.similarity
        return self

    def shares_fit_with(self, other: Peer) -> bool:
        """Return whether the other learns at least as many neighbours from the same weights."""
        if not isinstance(other, NeighbourPeer):
            return False
        return super().shares_fit_with(other) and self.neighbours <= other.neighbours

    def borrow(self, fitted: Peer) -> Self:
        """Return a fitted copy with as many of the other's neighbours as this one has."""
        variant = super().borrow(fitted)
        variant.similarity_ = keep_strongest(variant.similarity_, self.neighbours)
        return variant

    @abstractmethod
    def _weigh_matrix(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the user-item matrix with the weights whose products are similarities."""

    def weigh(self, history: History) -> FloatArray:
        """Return 1 for the positive events."""
        return mark_positive(history, self.min_rating).astype(np.float32)

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Sum rows of similarities."""
        return np.asarray((profiles @ self.similarity_).toarray(), np.float32)

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Many to few neighbours, on liked and on all events."""
        return self.vary(min_rating=(LIKED_RATING, ANY_RATING), neighbours=(1000, 200, 50, 20))


def keep_strongest(similarity: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """Return a matrix with at most ``most`` entries a row: the largest, of equal ones any."""
    counts = np.diff(similarity.indptr)
    if counts.max(initial=0) <= most:
        return similarity
    row = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-similarity.data, row))
    kept = np.sort(order[np.arange(len(order)) - np.repeat(similarity.indptr[:-1], counts) < most])
    offsets = np.concatenate(([0], np.cumsum(np.minimum(counts, most))))
    return sparse.csr_matrix((similarity.data[kept], similarity.indices[kept], offsets), similarity.shape)


@dataclass
class CosineKnn(NeighbourPeer):
    """Item-to-item cosine neighbours (Sarwar et al., WWW 2001), from ``implicit``."""

    name: str = "kNN cosine"
    neighbours: int = 200
    min_rating: float = LIKED_RATING
    similarity_: sparse.csr_matrix = field(init=False, repr=False)

    def _weigh_matrix(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        from implicit.nearest_neighbours import normalize

        return normalize(matrix.T).T.tocsr()


@dataclass
class Bm25Knn(NeighbourPeer):
    """Item-to-item neighbours with BM25 weights, from ``implicit``."""

    name: str = "kNN BM25"
    neighbours: int = 200
    min_rating: float = LIKED_RATING
    k1: float = 1.2
    b: float = 0.75
    similarity_: sparse.csr_matrix = field(init=False, repr=False)

    def _weigh_matrix(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        from implicit.nearest_neighbours import bm25_weight

        return bm25_weight(matrix.T, self.k1, self.b).T.tocsr()

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Many or fewer neighbours, on liked and on all events, long timelines damped or hardly.

        Of ten inner splits none chose 50 neighbours or no damping at all.
        """
        return self.vary(min_rating=(LIKED_RATING, ANY_RATING), b=(0.75, 0.25), neighbours=(1000, 200))
