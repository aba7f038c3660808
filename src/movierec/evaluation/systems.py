"""What is compared: one fitted engine under each generation, and the peers, asked in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Protocol

from movierec.evaluation.peers import Kind, Peer
from movierec.recall.base import Candidates
from movierec.schema import Catalog, Generation, History, Interactions
from movierec.stages import BuildConfig


class RankingEngine(Protocol):
    """What evaluation needs of :class:`movierec.engine.Engine`."""

    def recommend(self, history: History, k: int, generation: Generation) -> Candidates:
        """Return the best ``k`` unseen items, best first."""
        ...


Progress = Callable[[str], None]
FitEngine = Callable[[Interactions, Catalog, BuildConfig | None, Progress | None], RankingEngine]
"""Fits the whole pipeline on exactly these rows; see :func:`movierec.pipeline.fit_engine`."""


@dataclass(frozen=True)
class System:
    """A fitted system: ``recommend(history, k)`` gives unseen items, best first."""

    name: str
    kind: Kind
    recommend: Callable[[History, int], Candidates]
    params: Mapping[str, float] = field(default_factory=dict)
    fit_seconds: float = 0.0


def fit_systems(
    train: Interactions,
    catalog: Catalog,
    fit_engine: Callable[[Interactions, Catalog], RankingEngine],
    generations: Iterable[Generation],
    peers: Iterable[Peer],
) -> tuple[System, ...]:
    """Fit the engine once and every peer, all on the same rows."""
    wanted = tuple(generations)
    systems: list[System] = []
    if wanted:
        start = perf_counter()
        engine = fit_engine(train, catalog)
        seconds = perf_counter() - start
        systems.extend(
            System(
                generation.value,
                Kind.PIPELINE if generation in (Generation.V2, Generation.V1_5) else Kind.SOURCE,
                partial(engine.recommend, generation=generation),
                fit_seconds=seconds,
            )
            for generation in wanted
        )
    for peer in peers:
        start = perf_counter()
        peer.fit(train, catalog)
        seconds = perf_counter() - start
        systems.append(System(peer.name, peer.kind, peer.recommend, peer.params, seconds))
    return tuple(systems)
