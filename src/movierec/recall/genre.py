"""Genre recall: a viewer's genre affinity times how well each item does in its genres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.recall.base import RecallSource, State, age_rank
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions
from movierec.stages import GenreConfig

_FADED: Final = 40.0
"""Decay times after which nothing is left that double precision would tell: exp(-40) is 4e-18."""


@numba.njit(cache=True, nogil=True)
def _sum_weighted(
    rows: FloatArray, items: IntArray, weight: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Add the weighted rows of ``items`` to ``out``; numpy would first widen a copy of all of them."""
    for event in range(len(items)):
        own, amount = rows[items[event]], weight[event]
        for column in range(len(out)):
            out[column] += amount * own[column]


class Genre(RecallSource):
    """The cold-start source: a genre profile is enough to ask it."""

    name = "genre"
    everyone_: FloatArray
    _last: tuple[History, dict[float | None, FloatArray]] | None = None

    def __init__(self, config: GenreConfig | None = None) -> None:
        self.config = config or GenreConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Compute the Bayesian average confidence of every item and each genre's share of all events.

        The prior is the weighted rating ``(v/(v+m)) R + (m/(v+m)) C`` (IMDb's top list formula).
        """
        self.n_items_ = interactions.n_items
        events = np.bincount(interactions.item_idx, minlength=self.n_items_).astype(np.float64)
        total = np.bincount(interactions.item_idx, weights=interactions.confidence, minlength=self.n_items_)
        overall = total.sum() / max(events.sum(), 1.0)
        strength = self.config.prior_strength
        weighted = (total + strength * overall) / (events + strength)
        quality = weighted * np.log1p(events)
        share = catalog.genre_matrix / np.maximum(catalog.genre_matrix.sum(axis=1, keepdims=True), 1.0)
        self.item_genres_ = share.astype(np.float32)
        self.quality_ = (quality / max(quality.max(initial=0.0), 1e-12)).astype(np.float32)
        everyone = (total[:, None] * share).sum(axis=0)
        self.everyone_ = (everyone / max(everyone.sum(), 1e-12)).astype(np.float32)
        self._last = None
        return self

    def affinity(self, history: History, recency: float | None = None) -> FloatArray:
        """Return float32[n_genres]: share of the positive history per genre, decayed by age rank.

        Everybody's shares stand in for an empty history. Score, features and reasons of one request share
        what this returns, so it is not to be written to.
        """
        last = self._last
        # The very object, which is never altered and lives as long as it is kept here.
        if last is None or last[0] is not history:
            last = self._last = history, {}
        known = last[1].get(recency)
        if known is None:
            known = last[1][recency] = self._measure_affinity(history, recency)
        return known

    def _measure_affinity(self, history: History, recency: float | None) -> FloatArray:
        items, weight = history.item_idx, history.confidence.astype(np.float64)
        if recency is not None:
            age = age_rank(history)
            # The newest come last; what has faded before them is below the last digit of the sum.
            first = int(np.count_nonzero(age > _FADED * recency))
            items, weight = items[first:], weight[first:] * np.exp(-age[first:] / recency)
        total = np.zeros(self.item_genres_.shape[1])
        _sum_weighted(self.item_genres_, items, weight, total)
        if total.sum() <= 0:
            return self.everyone_
        share: FloatArray = (total / total.sum()).astype(np.float32)
        return share

    def score_affinity(self, affinity: FloatArray) -> FloatArray:
        """Return float32[n_items] for a given genre profile."""
        match: FloatArray = (self.item_genres_ @ affinity) * self.quality_
        return match

    def score(self, history: History) -> FloatArray:
        """Return the match of every item with the decayed genre affinity, times its quality."""
        return self.score_affinity(self.affinity(history, self.config.recency))

    def state(self) -> State:
        """Return shares and priors."""
        return {"item_genres": self.item_genres_, "quality": self.quality_, "everyone": self.everyone_}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over shares and priors."""
        self.item_genres_ = state["item_genres"]
        self.quality_ = state["quality"]
        self.everyone_ = state["everyone"]
        self._last = None
        self.n_items_ = len(self.quality_)
        return self
