"""What is left when a part fails at request time: the other sources, or the merged order without a ranker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.engine import Engine
from movierec.recall.base import RecallSource, State
from movierec.schema import Catalog, FloatArray, History, Interactions

RANKER: Final = "ranker"
"""Stands for everything between the merged candidates and their order: features and model."""


class MutedSource(RecallSource):
    """Stands in for a source that fails: no opinion about any item, no evidence, no taste in genres."""

    name: ClassVar[str] = "muted"

    def __init__(self, n_items: int, n_genres: int) -> None:
        self.n_items_ = n_items
        self.everyone_ = np.ones(n_genres, np.float32)

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Learn nothing."""
        return self

    def score(self, history: History) -> FloatArray:
        """Return zeros, float32[n_items]."""
        return np.zeros(self.n_items_, np.float32)

    def affinity(self, history: History, recency: float | None = None) -> FloatArray:
        """Return zeros, float32[n_genres]."""
        return np.zeros_like(self.everyone_)

    def state(self) -> State:
        """Return nothing: a stand-in is never saved."""
        return {}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over nothing."""
        return self


def find_failing(engine: Engine, history: History) -> tuple[str, ...]:
    """Return the names of the sources that cannot score a history, or give scores of another shape."""
    failing = []
    for name, source in engine.sources.items():
        try:
            sound = source.score(history).shape == (engine.n_items,)
        except Exception:  # whatever a source does wrong, the others answer
            sound = False
        if not sound:
            failing.append(name)
    return tuple(failing)


def mute(engine: Engine, names: Sequence[str], *, with_ranker: bool) -> Engine:
    """Return the engine with stand-ins for some sources, and without a ranker unless it is wanted."""
    n_genres = len(engine.builder.genre_unit[0]) if engine.n_items else 0
    sources = {
        name: MutedSource(engine.n_items, n_genres) if name in names else source
        for name, source in engine.sources.items()
    }
    return replace(engine, sources=sources, ranker=engine.ranker if with_ranker else None)


def describe(failed: Sequence[str]) -> str | None:
    """Return the note for people about what failed; None where nothing did."""
    sources = [name for name in failed if name != RANKER]
    parts = []
    if sources:
        parts.append(f"A fault keeps {', '.join(sources)} out of this list; it follows the other sources.")
    if RANKER in failed:
        parts.append("The ranker failed; the list follows the merged candidates.")
    return " ".join(parts) or None
