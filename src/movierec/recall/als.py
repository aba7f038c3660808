"""ALS recall: implicit-feedback matrix factorisation (Hu, Koren, Volinsky, ICDM 2008), users by fold-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from movierec.recall.base import RecallSource, State, liked
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Interactions
from movierec.stages import AlsConfig


@numba.njit(cache=True, nogil=True)
def _take_rows(
    rows: FloatArray, items: IntArray, out: NDArray[np.float64], total: NDArray[np.float64]
) -> None:
    """Copy the rows of ``items`` and add them to ``total``."""
    for place in range(len(items)):
        own = rows[items[place]]
        for column in range(len(total)):
            out[place, column] = own[column]
            total[column] += own[column]


@dataclass(frozen=True, slots=True)
class Folded:
    """A history as ALS sees it.

    Attributes
    ----------
    liked : bool[n], events that count
    watched : float64[m, f], factors of their items
    total : float64[f], their sum
    cholesky : float64[f, f], factor of the system matrix; upper triangle, as LAPACK gives it
    """

    liked: BoolArray
    watched: NDArray[np.float64]
    total: NDArray[np.float64]
    cholesky: NDArray[np.float64]

    def solve(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the system matrix turns into ``targets``, float64[f] or float64[f, k]."""
        # LAPACK's own call: what SciPy checks around it costs more than the solution.
        solved, info = linalg.lapack.dpotrs(self.cholesky, targets)
        _require_success("dpotrs", info)
        found: NDArray[np.float64] = solved
        return found


class Als(RecallSource):
    """Item factors from ``implicit``; every user, known or new, is folded in from their history."""

    name = "als"
    _last: tuple[History, Folded] | None = None

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
        self._last = None

    def _fold(self, history: History) -> Folded:
        """Return the fold-in of a history; score and reasons of one request share it."""
        last = self._last
        # The very object, which is never altered and lives as long as it is kept here.
        if last is not None and last[0] is history:
            return last[1]
        folded = self._fold_in(history)
        self._last = history, folded
        return folded

    def _fold_in(self, history: History) -> Folded:
        mask = liked(history.rating, history.confidence, self.config.min_rating)
        items = history.item_idx[mask]
        watched = np.empty((len(items), self.item_factors_.shape[1]))
        total = np.zeros(self.item_factors_.shape[1])
        _take_rows(self.item_factors_, items, watched, total)
        system = self.gram_ + (self.config.alpha - 1.0) * (watched.T @ watched)
        cholesky, info = linalg.lapack.dpotrf(system)
        _require_success("dpotrf", info)
        return Folded(mask, watched, total, cholesky)

    def factors(self, history: History) -> FloatArray:
        """Return float32[factors]: the least-squares user vector for fixed item factors."""
        folded = self._fold(history)
        if not len(folded.watched):
            return np.zeros(self.item_factors_.shape[1], np.float32)
        solved: FloatArray = folded.solve(self.config.alpha * folded.total).astype(np.float32)
        return solved

    def score(self, history: History) -> FloatArray:
        """Return the inner products of the folded-in user with every item."""
        return self.item_factors_ @ self.factors(history)

    def evidence_of(self, history: History, items: IntArray) -> FloatArray:
        """Return each liked title's additive share of the inner products (Hu et al., section 5)."""
        amount = np.zeros((len(items), len(history)), np.float32)
        folded = self._fold(history)
        if len(folded.watched) and len(items):
            directions = folded.solve(self.item_factors_[items].astype(np.float64).T)
            amount[:, folded.liked] = self.config.alpha * (directions.T @ folded.watched.T)
        return amount

    def state(self) -> State:
        """Return the item factors."""
        return {"item_factors": self.item_factors_}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over the item factors."""
        self.item_factors_ = state["item_factors"]
        self.n_items_ = len(self.item_factors_)
        self._prepare()
        return self


def _require_success(routine: str, info: int) -> None:
    if info:
        raise np.linalg.LinAlgError(f"{routine} returned {info}")


class AlsSeen(Als):
    """The same model on every event, liked or not: what people like this viewer get round to watching."""

    name = "als_seen"
