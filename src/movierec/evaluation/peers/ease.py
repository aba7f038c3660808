"""EASE^R, as published, with a recency-weighted history, and with recent popularity added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from movierec.evaluation.peers.base import (
    ANY_RATING,
    LinearPeer,
    Peer,
    build_matrix,
    limit_blas,
    mark_positive,
)
from movierec.evaluation.peers.popularity import count_recent
from movierec.recall.base import LIKED_RATING, age_rank
from movierec.schema import Catalog, FloatArray, History, Interactions, LongArray


@dataclass(frozen=True)
class EaseWeights:
    """The dense item-to-item weights of EASE^R: ``B = -P / diag(P)``, ``P = (X'X + ridge I)^-1``.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, eq. 8. Kept as a product
    ``left @ right``, so that few users need no square matrix of all items: by the matrix inversion lemma
    ``P = (I - X' M X) / ridge`` with ``M = (XX' + ridge I)^-1``, hence off the diagonal
    ``B = X' (M X / (1 - diag(X' M X)))``. The diagonal, zero in EASE, is not: it speaks of seen items only.

    Attributes
    ----------
    items : int64[m], ascending: the items that take part
    left : csr float32[m, users], or None for the identity
    right : float32[users or m, m]
    """

    items: LongArray
    left: sparse.csr_matrix | None
    right: FloatArray

    @classmethod
    def solve(cls, matrix: sparse.csr_matrix, ridge: float, max_items: int) -> EaseWeights:
        """Learn from a binary user-item matrix; items beyond the ``max_items`` most liked are left out."""
        counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
        by_count = np.argsort(-counts, kind="stable")[:max_items]
        items = np.sort(by_count[counts[by_count] > 0])
        users = np.flatnonzero(np.diff(matrix.indptr))
        block = matrix[users][:, items].astype(np.float64)
        if not len(items):
            return cls(items, None, np.zeros((0, 0), np.float32))
        if len(users) >= len(items):
            inverse = _invert(block.T @ block, ridge)
            return cls(items, None, (-inverse / np.diag(inverse)).astype(np.float32))
        inner = _invert(block @ block.T, ridge) @ block
        own = np.asarray(block.multiply(inner).sum(axis=0)).ravel()
        right = (inner / (1.0 - own)).astype(np.float32)
        return cls(items, block.T.tocsr().astype(np.float32), right)

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Return float32[n, n_items] for weighted histories of that shape."""
        watched = profiles[:, self.items]
        watched = watched.toarray() if self.left is None else (watched @ self.left).toarray()
        scores = np.zeros(profiles.shape, np.float32)
        with limit_blas():
            scores[:, self.items] = watched @ self.right
        return scores


def _invert(gram: sparse.csr_matrix, ridge: float) -> NDArray[np.float64]:
    dense = gram.toarray()
    dense[np.diag_indices_from(dense)] += ridge
    with limit_blas():
        inverse: NDArray[np.float64] = linalg.inv(dense, overwrite_a=True, check_finite=False, assume_a="pos")
    return inverse


class EasePeer(LinearPeer):
    """Learns EASE^R on positive events; the subclasses differ in how they weigh a history."""

    regularization: float
    min_rating: float
    max_items: int
    weights_: EaseWeights

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Solve for the weights; memory is the square of users or items, whatever is fewer."""
        self.n_items_ = train.n_items
        matrix = build_matrix(train, self.min_rating)
        self.weights_ = EaseWeights.solve(matrix, self.regularization, self.max_items)
        return self

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Sum the weights of the liked titles towards every item."""
        return self.weights_.spread(profiles)


@dataclass
class Ease(EasePeer):
    """EASE^R as published: the order of the history is ignored."""

    name: str = "EASE"
    regularization: float = 200.0
    min_rating: float = LIKED_RATING
    max_items: int = 12_000
    weights_: EaseWeights = field(init=False, repr=False)

    def weigh(self, history: History) -> FloatArray:
        """Return 1 for the positive events."""
        return mark_positive(history, self.min_rating).astype(np.float32)

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Ridge strengths around those that win on MovieLens, on liked and on all events."""
        return self.vary(
            min_rating=(LIKED_RATING, ANY_RATING), regularization=(50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
        )


@dataclass
class RecencyEase(EasePeer):
    """EASE^R asked with a history that fades: the n-th last positive event weighs exp(-n / recency)."""

    name: str = "recency EASE"
    regularization: float = 300.0
    min_rating: float = LIKED_RATING
    max_items: int = 12_000
    recency: float = 10.0
    weights_: EaseWeights = field(init=False, repr=False)

    asked_settings: ClassVar[frozenset[str]] = frozenset({"recency"})

    def weigh(self, history: History) -> FloatArray:
        """Return the decayed weights of the positive events, 0 for the others."""
        return fade(history, self.min_rating, self.recency)

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Ridge strengths, on liked and on all events, and how fast a history fades."""
        return self.vary(
            min_rating=(LIKED_RATING, ANY_RATING),
            regularization=(100.0, 300.0, 800.0, 2000.0),
            recency=(5.0, 10.0, 20.0, 50.0),
        )


@dataclass
class TrendingEase(RecencyEase):
    """Recency-weighted EASE^R plus recent popularity: what you like of what is watched now.

    Both are standardised over the catalogue before they are added; who liked nothing gets what is popular.
    """

    name: str = "recency EASE + recent popularity"
    half_life_days: float = 7.0
    popularity: float = 1.0
    train_: Interactions = field(init=False, repr=False)
    trends_: dict[float, FloatArray] = field(init=False, repr=False)

    asked_settings: ClassVar[frozenset[str]] = frozenset({"recency", "half_life_days", "popularity"})

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Solve for the weights; popularity is counted when its half-life is first asked for."""
        self.train_ = train
        self.trends_ = {}
        return super().fit(train, catalog)

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Add the trend to what EASE says; shifted to be positive, since the order is all that is meant."""
        if self.half_life_days not in self.trends_:
            recent = count_recent(self.train_, self.half_life_days, LIKED_RATING)
            self.trends_[self.half_life_days] = standardise(recent[None])[0]
        scores = standardise(super().spread(profiles))
        scores += np.float32(self.popularity) * self.trends_[self.half_life_days]
        shifted: FloatArray = scores - scores.min(axis=1, keepdims=True, initial=0.0) + np.float32(1e-3)
        return shifted

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Two ridges, on liked and all events; how fast popularity fades, and how much it counts."""
        return self.vary(
            min_rating=(LIKED_RATING, ANY_RATING),
            regularization=(300.0, 800.0),
            half_life_days=(7.0, 30.0, 90.0),
            popularity=(0.1, 0.3, 1.0, 2.0),
        )


def standardise(scores: FloatArray) -> FloatArray:
    """Return rows float32[n, n_items] with mean 0 and deviation 1; rows without deviation become 0."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    found: FloatArray = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)
    return found


def fade(history: History, min_rating: float, recency: float) -> FloatArray:
    """Return float32[len(history)]: exp(-age rank / recency) of the positive events, 0 for the others.

    The age rank of an event counts the positive events that are strictly newer.
    """
    positive = mark_positive(history, min_rating)
    weight = np.zeros(len(history), np.float32)
    weight[positive] = np.exp(-age_rank(history.take(positive)) / recency)
    return weight
