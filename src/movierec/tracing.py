"""What lies behind a list: how many items each stage left, and everything known about each one shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from movierec.engine import Engine, Ranked
from movierec.ranking.explain import Contributions, Explainer
from movierec.ranking.features import FEATURE_NAMES
from movierec.reasons import Evidence, gather_evidence_of
from movierec.schema import Aim, BoolArray, FloatArray, History, IntArray, ItemTrace, RecommendedItem


def count_funnel(
    engine: Engine, history: History, allowed: BoolArray | None, ranked: Ranked, shown: int
) -> dict[str, int]:
    """Return how many items were left after each stage, in order; ``allowed`` is None without filters."""
    unseen = np.ones(engine.n_items, np.bool_) if allowed is None else allowed.copy()
    unseen[history.item_idx] = False
    proposed = np.count_nonzero(ranked.merged.source_rank > 0.0, axis=0).tolist()
    return {
        "catalogue": engine.n_items,
        "unseen and allowed": int(np.count_nonzero(unseen)),
        **{f"proposed by {name}": count for name, count in zip(engine.sources, proposed, strict=True)},
        "merged": len(ranked.merged),
        "ranked": len(ranked.item_idx),
        "shown": shown,
    }


@dataclass(frozen=True)
class Tracer:
    """Tells features, contributions and evidence of the items of a list."""

    engine: Engine

    @cached_property
    def _explainer(self) -> Explainer | None:
        return Explainer(self.engine.ranker) if self.engine.ranker is not None else None

    def trace(
        self,
        history: History,
        items: Sequence[RecommendedItem],
        ranked: Ranked,
        rows: IntArray,
        aim: Aim,
        wished: bool,
    ) -> tuple[ItemTrace, ...]:
        """Return the trace of every item.

        Parameters
        ----------
        items : what the list shows
        ranked : the ranking it was cut from
        rows : int[len(items)], rows of ``ranked.features``, below zero for back-filled ones
        aim, wished : as the ranking was asked for
        """
        known = rows >= 0
        contributions = self._contribute(ranked.features, rows[known], aim, wished)
        order = np.cumsum(known) - 1
        shown = np.array([item.item_idx for item in items], np.int32)
        evidence = gather_evidence_of(self.engine, history, shown)
        traces = []
        for place, item in enumerate(items):
            features: dict[str, float | None] = {}
            amounts: dict[str, float] = {}
            base = 0.0
            if ranked.features is not None and known[place]:
                values = ranked.features[rows[place]]
                features = {
                    name: None if np.isnan(value) else float(value)
                    for name, value in zip(FEATURE_NAMES, values, strict=True)
                }
            if contributions is not None and known[place]:
                amounts = dict(zip(FEATURE_NAMES, contributions.values[order[place]].tolist(), strict=True))
                base = contributions.base
            traces.append(
                ItemTrace(item, features, amounts, base, item.score, list_evidence(history, evidence[place]))
            )
        return tuple(traces)

    def _contribute(
        self, features: FloatArray | None, rows: IntArray, aim: Aim, wished: bool
    ) -> Contributions | None:
        if features is None or self._explainer is None or not len(rows):
            return None
        if aim is Aim.RATING:
            match = self.engine.match
            return Contributions(match.bias, match.contribute(features[rows]))
        return self._explainer.explain(features[rows], aim, wished)


def list_evidence(history: History, evidence: Evidence) -> dict[str, tuple[tuple[int, float], ...]]:
    """Return by source the watched items and what they add, the weightiest first."""
    return {
        name: tuple(
            (int(history.item_idx[event]), float(amount[event]))
            for event in np.argsort(-np.abs(amount), kind="stable")
            if amount[event] != 0.0
        )
        for name, amount in evidence.amounts.items()
    }
