"""Matrix factorisation from ``implicit``: ALS with fold-in, and BPR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from movierec.evaluation.peers.base import (
    ANY_RATING,
    LinearPeer,
    Peer,
    build_matrix,
    limit_blas,
    mark_positive,
)
from movierec.recall.base import LIKED_RATING
from movierec.schema import BoolArray, Catalog, FloatArray, History, Interactions


class FactorPeer(LinearPeer):
    """Item factors learnt from positive events; users are folded in from theirs."""

    min_rating: float

    def weigh(self, history: History) -> FloatArray:
        """Return 1 for the positive events."""
        return mark_positive(history, self.min_rating).astype(np.float32)


@dataclass
class ImplicitAls(FactorPeer):
    """Implicit-feedback ALS (Hu, Koren, Volinsky, ICDM 2008), from ``implicit``.

    Everybody, in train or not, is folded in: the exact least-squares user vector for their positive
    events given the item factors, which ``implicit`` calls recalculating a user.
    """

    name: str = "ALS"
    factors: int = 32
    alpha: float = 2.0
    regularization: float = 10.0
    min_rating: float = LIKED_RATING
    iterations: int = 15
    seed: int = 0
    model_: Any = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Factorise the binary user-item matrix."""
        from implicit.cpu.als import AlternatingLeastSquares

        self.n_items_ = train.n_items
        with threadpool_limits(limits=1, user_api="blas"):
            self.model_ = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                alpha=self.alpha,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,
            )
            self.model_.fit(build_matrix(train, self.min_rating), show_progress=False)
        return self

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Return the inner products of the folded-in users with every item."""
        with limit_blas():
            users = self.model_.recalculate_user(np.arange(profiles.shape[0]), profiles)
            scores: FloatArray = users @ self.model_.item_factors.T
        return scores

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Sizes, weights of the seen and ridges around those that win on MovieLens, on liked and all."""
        sizes, stars = (32, 128), (LIKED_RATING, ANY_RATING)
        return (
            *self.vary(min_rating=stars, factors=sizes, regularization=(10.0,), alpha=(1.0, 2.0)),
            *self.vary(min_rating=stars, factors=sizes, regularization=(10.0, 30.0), alpha=(5.0,)),
        )


@dataclass
class Bpr(FactorPeer):
    """Bayesian personalised ranking (Rendle et al., UAI 2009), from ``implicit``.

    Users who were in train keep the vector they were fitted with. Others get one by ridge regression: the
    linear map, learnt on the users of train, from the mean item vector of somebody's positive events to
    their user vector. Scores are shifted by a constant to be positive: BPR learns an order, not a sign.
    """

    name: str = "BPR"
    factors: int = 64
    learning_rate: float = 0.01
    regularization: float = 0.01
    iterations: int = 100
    min_rating: float = ANY_RATING
    seed: int = 0
    item_factors_: FloatArray = field(init=False, repr=False)
    user_factors_: FloatArray = field(init=False, repr=False)
    known_: BoolArray = field(init=False, repr=False)
    map_: FloatArray = field(init=False, repr=False)

    FOLD_IN_RIDGE: ClassVar[float] = 1.0

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Learn by stochastic gradient steps, in one thread so that the seed decides."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        self.n_items_ = train.n_items
        matrix = build_matrix(train, self.min_rating)
        self.known_ = np.diff(matrix.indptr) > 0
        model = BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            random_state=self.seed,
            num_threads=1,
        )
        model.fit(matrix, show_progress=False)
        self.item_factors_, self.user_factors_ = model.item_factors, model.user_factors
        mean = self._average(matrix[self.known_]).astype(np.float64)
        with threadpool_limits(limits=1, user_api="blas"):
            system = mean.T @ mean + self.FOLD_IN_RIDGE * np.eye(mean.shape[1])
            target = mean.T @ self.user_factors_[self.known_]
            self.map_ = linalg.solve(system, target, assume_a="pos").astype(np.float32)
        return self

    def _average(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Return the mean item vector of each profile, with the constant that user vectors carry as well."""
        counts = np.maximum(np.diff(profiles.indptr), 1)[:, None]
        mean: FloatArray = np.asarray(profiles @ self.item_factors_) / counts
        return np.hstack([mean, np.ones((len(mean), 1), np.float32)])

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Return the scores of folded-in users; none for who liked nothing."""
        scores = self._score_vectors(self._average(profiles) @ self.map_)
        scores[np.diff(profiles.indptr) == 0] = 0.0
        return scores

    def score_known(self, history: History, user_idx: int) -> FloatArray:
        """Return the scores of the user's own vector; folded in where train did not have them."""
        scores: FloatArray = self.score_batch((history,), (user_idx,))[0]
        return scores

    def score(self, history: History) -> FloatArray:
        """Return the scores of the folded-in user."""
        scores: FloatArray = super().score_batch((history,), (0,))[0]
        return scores

    def score_batch(self, histories: Sequence[History], user_idx: Sequence[int]) -> FloatArray:
        """Return the scores of the users' own vectors; folded in where train did not have them."""
        scores = super().score_batch(histories, user_idx)
        users = np.asarray(user_idx)
        known = self.known_[users]
        scores[known] = self._score_vectors(self.user_factors_[users[known]])
        return scores

    def _score_vectors(self, vectors: FloatArray) -> FloatArray:
        scores = vectors @ self.item_factors_.T
        shifted: FloatArray = scores - scores.min(axis=1, keepdims=True, initial=0.0) + np.float32(1e-3)
        return shifted

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Sizes, ridges and numbers of epochs: more of each only fits the noise of small sets."""
        return self.vary(factors=(16, 64), regularization=(0.01, 0.03), iterations=(50, 100))
