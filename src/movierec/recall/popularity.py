"""Popularity: what everybody watches lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from movierec.recall.base import RecallSource, State
from movierec.schema import SECONDS_PER_DAY, Catalog, FloatArray, History, Interactions
from movierec.stages import PopularityConfig

Doubles = NDArray[np.float64]


class Popularity(RecallSource):
    """Confidence per item, halved every ``half_life_days`` before the last event."""

    name = "popularity"

    def __init__(self, config: PopularityConfig | None = None) -> None:
        self.config = config or PopularityConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Sum decayed confidence; the newest row is the clock."""
        n_items = interactions.n_items
        now = interactions.timestamp.max(initial=0)
        age_days = (now - interactions.timestamp) / SECONDS_PER_DAY
        weight = interactions.confidence * np.exp2(-age_days / self.config.half_life_days)
        decayed = np.bincount(interactions.item_idx, weights=weight, minlength=n_items)
        plain = np.bincount(interactions.item_idx, weights=interactions.confidence, minlength=n_items)
        return self.adopt(np.asarray(decayed, np.float64), np.asarray(plain, np.float64))

    def adopt(self, decayed: Doubles, plain: Doubles) -> Self:
        """Learn from confidence that was summed elsewhere, float64[n_items] each."""
        self.n_items_ = len(plain)
        # All-time popularity orders what recent activity does not reach.
        self.score_ = (decayed + 1e-6 * plain).astype(np.float32)
        return self

    def score(self, history: History) -> FloatArray:
        """Return the same scores for everybody."""
        return self.score_

    def state(self) -> State:
        """Return the score vector."""
        return {"score": self.score_}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over the score vector."""
        self.score_ = state["score"]
        self.n_items_ = len(self.score_)
        return self
