"""What we measure ourselves against: known models and every recall source alone, behind one protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from movierec.recall.base import LIKED_RATING, Candidates, RecallSource, liked, select
from movierec.recall.item_item import solve_ease
from movierec.recall.popularity import Popularity
from movierec.recall.sources import make_sources
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import PopularityConfig, RecallConfig

ANY_RATING = 0.0
"""``min_rating`` under which every event is a positive."""


class Kind(StrEnum):
    """What a compared system is: our pipeline, one of its sources alone, or a known model."""

    PIPELINE = "pipeline"
    SOURCE = "source"
    PEER = "peer"


class Peer(ABC):
    """A model to compare with: ``fit`` on train, then asked with histories like our own.

    Subclasses are dataclasses whose fields are their settings; what ``fit`` learns ends in ``_``.
    """

    name: str
    kind: ClassVar[Kind] = Kind.PEER

    @abstractmethod
    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Learn from everything in train."""

    @abstractmethod
    def score(self, history: History) -> FloatArray:
        """Return float32[n_items]: higher is better, 0 or less means no opinion."""

    @property
    def params(self) -> Mapping[str, float]:
        """The settings in force, for the receipt."""
        return {}

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Unfitted variants worth trying when the peer is tuned on an inner split of train."""
        return (self,)

    def recommend(self, history: History, k: int) -> Candidates:
        """Return up to ``k`` unseen items, best first, ties by item index."""
        return select(self.score(history), history, k)


@dataclass
class SourcePeer(Peer):
    """One recall source alone, without the engine around it."""

    name: str
    source: RecallSource = field(repr=False)
    kind: ClassVar[Kind] = Kind.SOURCE

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Fit the source."""
        self.source.fit(train, catalog)
        return self

    def score(self, history: History) -> FloatArray:
        """Return the source's scores."""
        return self.source.score(history)


@dataclass
class AllTimePopularity(Peer):
    """The items with the most confidence, the same for everybody."""

    name: str = "popularity"
    score_: FloatArray = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Sum confidence per item."""
        total = np.bincount(train.item_idx, weights=train.confidence, minlength=train.n_items)
        self.score_ = total.astype(np.float32)
        return self

    def score(self, history: History) -> FloatArray:
        """Return the same scores for everybody."""
        return self.score_


@dataclass
class RecentPopularity(Peer):
    """Popularity that halves every few days."""

    name: str = "recent popularity"
    half_life_days: float = 7.0
    source_: Popularity = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Sum decayed confidence per item."""
        config = PopularityConfig(half_life_days=self.half_life_days)
        self.source_ = Popularity(config).fit(train, catalog)
        return self

    def score(self, history: History) -> FloatArray:
        """Return the same scores for everybody."""
        return self.source_.score(history)

    @property
    def params(self) -> Mapping[str, float]:
        """Half-life."""
        return {"half_life_days": self.half_life_days}

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Half-lives from a day to a year."""
        return tuple(replace(self, half_life_days=days) for days in (1.0, 7.0, 30.0, 90.0, 365.0))


@dataclass
class Ease(Peer):
    """EASE^R as published (Steck, WWW 2019): full dense weights, the order of the history ignored."""

    name: str = "EASE"
    regularization: float = 200.0
    min_rating: float = LIKED_RATING
    max_items: int = 12_000
    weights_: FloatArray = field(init=False, repr=False)
    items_: LongArray = field(init=False, repr=False)
    n_items_: int = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Solve for the weights among the most-liked items; memory is the square of their number."""
        matrix = _build_matrix(train, self.min_rating)
        counts = np.bincount(matrix.indices, minlength=train.n_items)
        by_count = np.argsort(-counts, kind="stable")[: self.max_items]
        self.items_ = np.sort(by_count[counts[by_count] > 0])
        self.n_items_ = train.n_items
        self.weights_ = solve_ease(matrix[:, self.items_], self.regularization)
        return self

    def score(self, history: History) -> FloatArray:
        """Sum the weights of the liked titles towards every item."""
        watched = np.isin(self.items_, history.item_idx[_positive(history, self.min_rating)])
        score = np.zeros(self.n_items_, np.float32)
        score[self.items_] = self.weights_[watched].sum(axis=0)
        return score

    @property
    def params(self) -> Mapping[str, float]:
        """Ridge strength and the stars that count as liked."""
        return {"regularization": self.regularization, "min_rating": self.min_rating}

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Ridge strengths around those that win on MovieLens, on liked and on all events."""
        return tuple(
            replace(self, regularization=strength, min_rating=rating)
            for strength in (50.0, 100.0, 200.0, 400.0, 800.0)
            for rating in (LIKED_RATING, ANY_RATING)
        )


@dataclass
class CosineKnn(Peer):
    """Item-to-item cosine neighbours, from ``implicit``."""

    name: str = "kNN cosine"
    neighbours: int = 100
    min_rating: float = LIKED_RATING
    similarity_: sparse.csr_matrix = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Compute the neighbours from the weighted user-item matrix."""
        from implicit.nearest_neighbours import ItemItemRecommender

        model = ItemItemRecommender(K=self.neighbours, num_threads=1)
        model.fit(self._weigh(_build_matrix(train, self.min_rating)), show_progress=False)
        self.similarity_ = model.similarity
        return self

    def _weigh(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        from implicit.nearest_neighbours import normalize

        return normalize(matrix.T).T.tocsr()

    def score(self, history: History) -> FloatArray:
        """Sum the similarities of the positive titles to every item."""
        return _sum_rows(self.similarity_, history.item_idx[_positive(history, self.min_rating)])

    @property
    def params(self) -> Mapping[str, float]:
        """Neighbours kept and the stars that count as positive."""
        return {"neighbours": float(self.neighbours), "min_rating": self.min_rating}

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Few to many neighbours, on liked and on all events."""
        return tuple(
            replace(self, neighbours=size, min_rating=rating)
            for size in (20, 50, 100, 300)
            for rating in (LIKED_RATING, ANY_RATING)
        )


@dataclass
class Bm25Knn(CosineKnn):
    """Item-to-item neighbours with BM25 weights, from ``implicit``."""

    name: str = "kNN BM25"
    k1: float = 1.2
    b: float = 0.75

    def _weigh(self, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
        from implicit.nearest_neighbours import bm25_weight

        return bm25_weight(matrix.T, self.k1, self.b).T.tocsr()

    @property
    def params(self) -> Mapping[str, float]:
        """Settings of the neighbours and of BM25."""
        return {**super().params, "k1": self.k1, "b": self.b}


def list_source_peers(config: RecallConfig | None = None) -> tuple[Peer, ...]:
    """Return every recall source alone, unfitted, named like the generation that serves it."""
    sources = make_sources(config or RecallConfig())
    return tuple(SourcePeer(f"v1-{name}", source) for name, source in sources.items())


def list_peers() -> tuple[Peer, ...]:
    """Return the known models, unfitted, at their default settings."""
    return (AllTimePopularity(), RecentPopularity(), CosineKnn(), Bm25Knn(), Ease())


def _build_matrix(train: Interactions, min_rating: float) -> sparse.csr_matrix:
    """Return the binary user-item matrix, float64: ``implicit`` wants users as rows."""
    positive = train.take(liked(train.rating, train.confidence, min_rating))
    ones = np.ones(len(positive))
    matrix = sparse.csr_matrix(
        (ones, (positive.user_idx, positive.item_idx)), shape=(train.n_users, train.n_items)
    )
    matrix.data[:] = 1.0
    return matrix


def _positive(history: History, min_rating: float) -> BoolArray:
    return liked(history.rating, history.confidence, min_rating)


def _sum_rows(matrix: sparse.csr_matrix, rows: IntArray) -> FloatArray:
    return np.asarray(matrix[rows].sum(axis=0), np.float32).ravel()
