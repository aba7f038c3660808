"""What is compared: one fitted engine under each generation, and the peers, asked in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from movierec.evaluation.peers import Kind, Peer
from movierec.recall.base import Candidates
from movierec.schema import Aim, Catalog, FloatArray, Generation, History, IntArray, Interactions
from movierec.stages import BuildConfig


class RankingEngine(Protocol):
    """What evaluation needs of :class:`movierec.engine.Engine`."""

    def recommend_batch(
        self, histories: list[History], k: int, generation: Generation, depth: int | None, aim: Aim = ...
    ) -> list[Candidates]:
        """Return up to ``depth`` unseen items for each, best first; the top ``k`` is what people get."""
        ...

    def score_items(
        self, history: History, items: IntArray, generation: Generation, aim: Aim = ...
    ) -> FloatArray:
        """Return float32[len(items)]: how these items are ordered among themselves."""
        ...


Progress = Callable[[str], None]
FitEngine = Callable[[Interactions, Catalog, BuildConfig | None, Progress | None], RankingEngine]
"""Fits the whole pipeline on exactly these rows; see :func:`movierec.pipeline.fit_engine`."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a system is asked with: a history, and whose it is where train may know the user."""

    user_idx: int
    history: History


@dataclass(frozen=True)
class System:
    """A fitted system.

    Attributes
    ----------
    recommend : queries, k and depth to unseen items, best first: up to ``depth`` of them, of which the
        first ``k`` are what it answers when asked for ``k``
    score_items : a query and items to float32[len(items)], higher is better
    params : settings, for the report
    fit_seconds : wall time
    """

    name: str
    kind: Kind
    recommend: Callable[[Sequence[Query], int, int], list[Candidates]]
    score_items: Callable[[Query, IntArray], FloatArray]
    params: Mapping[str, float] = field(default_factory=dict)
    fit_seconds: float = 0.0


def fit_systems(
    train: Interactions,
    catalog: Catalog,
    fit_engine: Callable[[Interactions, Catalog], RankingEngine],
    generations: Iterable[Generation],
    peers: Iterable[Peer],
    aims: Iterable[Aim] = (),
) -> tuple[System, ...]:
    """Fit the engine once and every peer, all on the same rows.

    Under each of ``aims`` but the balanced one V2 is asked as well, as a system of its own.
    """
    wanted = tuple(generations)
    systems: list[System] = []
    if wanted:
        start = perf_counter()
        engine = fit_engine(train, catalog)
        seconds = perf_counter() - start
        systems.extend(_wrap_engine(engine, generation, seconds) for generation in wanted)
        if Generation.V2 in wanted:
            others = [aim for aim in dict.fromkeys(aims) if aim is not Aim.BALANCED]
            systems.extend(_wrap_engine(engine, Generation.V2, seconds, aim) for aim in others)
    for peer in peers:
        start = perf_counter()
        peer.fit(train, catalog)
        systems.append(_wrap_peer(peer, perf_counter() - start))
    return tuple(systems)


def name_aimed(aim: Aim) -> str:
    """Return the name of V2 asked under an aim."""
    return f"{Generation.V2.value}-{aim.value}"


def _wrap_engine(
    engine: RankingEngine, generation: Generation, fit_seconds: float, aim: Aim = Aim.BALANCED
) -> System:
    def recommend(queries: Sequence[Query], k: int, depth: int) -> list[Candidates]:
        return engine.recommend_batch([query.history for query in queries], k, generation, depth, aim)

    def score_items(query: Query, items: IntArray) -> FloatArray:
        return engine.score_items(query.history, items, generation, aim)

    kind = Kind.PIPELINE if generation in (Generation.V2, Generation.V1_5) else Kind.SOURCE
    name = generation.value if aim is Aim.BALANCED else name_aimed(aim)
    return System(name, kind, recommend, score_items, fit_seconds=fit_seconds)


def _wrap_peer(peer: Peer, fit_seconds: float) -> System:
    def recommend(queries: Sequence[Query], k: int, depth: int) -> list[Candidates]:
        histories = [query.history for query in queries]
        return peer.recommend_batch(histories, [query.user_idx for query in queries], max(k, depth))

    def score_items(query: Query, items: IntArray) -> FloatArray:
        return peer.score_known(query.history, query.user_idx)[items]

    return System(peer.name, peer.kind, recommend, score_items, peer.params, fit_seconds)
