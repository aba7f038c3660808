"""Which features decide: the mean size of their exact contributions over lists that people get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.engine import Engine
from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES
from movierec.schema import History, Interactions

MOST_VIEWERS: Final = 40
"""Viewers asked; the order of the strong features is settled well before."""

LIST_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class FeatureWeight:
    """How far a feature moves scores: mean absolute TreeSHAP value, in log-odds."""

    name: str
    mean_absolute: float


@dataclass(frozen=True)
class Importance:
    """All features, the weightiest first, over ``n_items`` listed items of ``n_viewers`` viewers."""

    features: tuple[FeatureWeight, ...]
    n_viewers: int
    n_items: int


def pick_histories(interactions: Interactions, n: int = MOST_VIEWERS) -> list[History]:
    """Return the histories of up to ``n`` viewers, evenly spread over the data set."""
    chosen = np.unique(np.linspace(0, interactions.n_users - 1, num=min(n, interactions.n_users), dtype=int))
    return [interactions.history(int(user_idx)) for user_idx in chosen]


def measure_importance(
    engine: Engine, histories: Sequence[History], length: int = LIST_LENGTH
) -> Importance | None:
    """Return the importance of every feature for the first ``length`` places; None without a ranker."""
    if engine.ranker is None:
        return None
    rows = []
    for history in histories:
        ranked = engine.rank(history, length)
        listed = ranked.row[:length]
        if ranked.features is not None:
            rows.append(ranked.features[listed[listed >= 0]])
    together = np.concatenate(rows) if rows else np.empty((0, len(FEATURE_NAMES)), np.float32)
    if not len(together):
        return Importance((), 0, 0)
    size = np.abs(Explainer(engine.ranker).explain(together).values).mean(axis=0)
    return Importance(
        tuple(
            FeatureWeight(FEATURE_NAMES[place], float(size[place]))
            for place in np.argsort(-size, kind="stable")
        ),
        len(rows),
        len(together),
    )
