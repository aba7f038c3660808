"""ALS recall: implicit-feedback matrix factorisation (Hu, Koren, Volinsky, ICDM 2008), users by fold-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from movierec.recall.base import RecallSource, State, Witness, liked
from movierec.schema import BoolArray, Catalog, FloatArray, History, Interactions
from movierec.stages import AlsConfig


class Als(RecallSource):
    """Item factors from ``implicit``; every user, known or new, is folded in from their history."""

    name = "als"

    def __init__(self, config: AlsConfig | None = None) -> None:
        self.config = config or AlsConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Factorise the user-item matrix of liked events."""
        from implicit.cpu.als import AlternatingLeastSquares

        self.n_items_ = interactions.n_items
        positive = interactions.take(
            liked(interactions.rating, interactions.confidence, self.config.min_rating)
        )
        # implicit fits the user-item matrix; older code passes its transpose.
        user_items = sparse.csr_matrix(
            (np.ones(len(positive), np.float32), (positive.user_idx, positive.item_idx)),
            shape=(interactions.n_users, interactions.n_items),
        )
        with threadpool_limits(limits=1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=self.config.factors,
                regularization=self.config.regularization,
                alpha=self.config.alpha,
                iterations=self.config.iterations,
                random_state=self.config.seed,
                num_threads=1,
            )
            model.fit(user_items, show_progress=False)
        self.item_factors_: FloatArray = np.ascontiguousarray(model.item_factors, np.float32)
        self._prepare()
        return self

    def _prepare(self) -> None:
        factors = self.item_factors_.astype(np.float64)
        ridge = self.config.regularization * np.eye(factors.shape[1])
        self.gram_: NDArray[np.float64] = factors.T @ factors + ridge

    def _fold_in(self, history: History) -> tuple[BoolArray, NDArray[np.float64], NDArray[np.float64]]:
        """Return the liked mask, their factors float64[n, f] and the system matrix float64[f, f]."""
        mask = liked(history.rating, history.confidence, self.config.min_rating)
        watched = self.item_factors_[history.item_idx[mask]].astype(np.float64)
        return mask, watched, self.gram_ + (self.config.alpha - 1.0) * (watched.T @ watched)

    def factors(self, history: History) -> FloatArray:
        """Return float32[factors]: the least-squares user vector for fixed item factors."""
        _, watched, system = self._fold_in(history)
        if not len(watched):
            return np.zeros(self.item_factors_.shape[1], np.float32)
        target = self.config.alpha * watched.sum(axis=0)
        # LAPACK's own call: what SciPy checks around it costs more than the solution.
        _, factors, info = linalg.lapack.dposv(system, target)
        if info:
            raise np.linalg.LinAlgError(f"dposv returned {info}")
        solved: FloatArray = factors.astype(np.float32)
        return solved

    def score(self, history: History) -> FloatArray:
        """Return the inner products of the folded-in user with every item."""
        return self.item_factors_ @ self.factors(history)

    def witness(self, history: History) -> Witness:
        """Return each liked title's additive share of the inner product (Hu et al., section 5)."""
        mask, watched, system = self._fold_in(history)
        factor, info = linalg.lapack.dpotrf(system)
        if info:
            raise np.linalg.LinAlgError(f"dpotrf returned {info}")

        def testify(item_idx: int) -> FloatArray:
            amount = np.zeros(len(history), np.float32)
            if len(watched):
                direction, _ = linalg.lapack.dpotrs(factor, self.item_factors_[item_idx].astype(np.float64))
                amount[mask] = self.config.alpha * (watched @ direction)
            return amount

        return testify

    def state(self) -> State:
        """Return the item factors."""
        return {"item_factors": self.item_factors_}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over the item factors."""
        self.item_factors_ = state["item_factors"]
        self.n_items_ = len(self.item_factors_)
        self._prepare()
        return self


class AlsSeen(Als):
    """The same model on every event, liked or not: what people like this viewer get round to watching."""

    name = "als_seen"
