"""Fusion: ask every source once, then merge their lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from movierec.recall.base import Candidates, RecallSource
from movierec.recall.merge import Merged, merge
from movierec.recall.order import order_open
from movierec.schema import BoolArray, FloatArray, History
from movierec.stages import MergeConfig


@dataclass(frozen=True)
class Fusion:
    """Fitted sources behind one merge."""

    sources: Mapping[str, RecallSource]
    config: MergeConfig

    def score(self, history: History) -> dict[str, FloatArray]:
        """Return every source's float32[n_items] for the history."""
        return {name: source.score(history) for name, source in self.sources.items()}

    def propose(
        self,
        history: History,
        scores: Mapping[str, FloatArray],
        allowed: BoolArray | None = None,
        at_least: int = 0,
    ) -> dict[str, Candidates]:
        """Return every source's list, of allowed items only; longer where ``at_least`` asks for it."""
        size = max(self.config.per_source, at_least)
        n_items = len(next(iter(scores.values())))
        closed = np.zeros(n_items, np.bool_) if allowed is None else ~allowed
        closed[history.item_idx] = True
        lists = {name: order_open(score, closed, size) for name, score in scores.items()}
        return {name: Candidates(items, scores[name][items]) for name, items in lists.items()}

    def merge(
        self,
        history: History,
        scores: Mapping[str, FloatArray],
        allowed: BoolArray | None = None,
        at_least: int = 0,
    ) -> Merged:
        """Return the merged candidates."""
        n_items = len(next(iter(scores.values())))
        config = self.config
        if at_least > config.cap:
            config = config.model_copy(update={"cap": at_least})
        return merge(self.propose(history, scores, allowed, at_least), n_items, config)
