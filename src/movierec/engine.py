"""The engine: fitted sources, merge, features and ranker; a history in, ranked candidates out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from movierec.ranking.features import FeatureBuilder
from movierec.ranking.match import MatchModel
from movierec.ranking.ranker import Ranker
from movierec.recall.base import Candidates, RecallSource, select, top_n
from movierec.recall.fusion import Fusion
from movierec.recall.merge import Merged
from movierec.schema import Aim, BoolArray, FloatArray, Generation, History, IntArray
from movierec.stages import MergeConfig

BATCH_HISTORIES = 64
"""Histories scored in one call of the ranker: amortises its overhead within about 15 MB of rows."""


@dataclass(frozen=True)
class Ranked:
    """A full ranking before the cut to k.

    Attributes
    ----------
    item_idx, score : int32[n], float32[n], best first
    row : int64[n], position of each item among ``merged`` (and ``features``), -1 for back-filled ones
    merged : the candidates with every source's score and rank
    features : float32[len(merged), f], None where no ranker was asked
    scores : catalogue-wide score of every source
    timings : stage → milliseconds
    degraded : True where V2 was asked but there is no ranker
    """

    item_idx: IntArray
    score: FloatArray
    row: IntArray
    merged: Merged
    features: FloatArray | None
    scores: Mapping[str, FloatArray]
    timings: dict[str, float]
    degraded: bool = False


@dataclass(frozen=True)
class Engine:
    """Everything fitted, nothing mutable; safe to share between threads."""

    sources: Mapping[str, RecallSource]
    merge_config: MergeConfig
    builder: FeatureBuilder
    ranker: Ranker | None
    match: MatchModel

    @property
    def fusion(self) -> Fusion:
        """The sources behind their merge."""
        return Fusion(self.sources, self.merge_config)

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return len(self.builder.year)

    def rank(
        self,
        history: History,
        k: int,
        generation: Generation = Generation.V2,
        allowed: BoolArray | None = None,
        scores: Mapping[str, FloatArray] | None = None,
        aim: Aim = Aim.BALANCED,
        wished: bool = False,
    ) -> Ranked:
        """Rank the unseen, allowed items of the catalogue; at least ``k`` of them where there are.

        Parameters
        ----------
        allowed : bool[n_items], filters; None allows everything
        scores : stands in for the sources' own scores of this history
        aim : what the order is for
        wished : whether ``scores`` hold genres the person wished for
        """
        clock = _Clock()
        if scores is None:
            scores = self.fusion.score(history)
        clock.lap("recall")
        merged = self.fusion.merge(history, scores, allowed, k)
        clock.lap("merge")
        features: FloatArray | None = None
        item_idx, score = merged.item_idx, merged.score
        if generation is Generation.V2 and self.ranker is not None:
            features = self.builder.build(history, merged.item_idx, scores, merged.score)
            clock.lap("features")
            score = self._order(self.ranker, features, aim, wished)
            clock.lap("ranker")
        elif (source := _name_source(generation)) is not None:
            own = scores[source]
            listed = select(own if allowed is None else np.where(allowed, own, 0.0), history, len(own))
            item_idx, score = listed.item_idx, listed.score
        item_idx, score = self._finish(history, k, allowed, item_idx, score)
        position = np.full(self.n_items, -1, np.int32)
        position[merged.item_idx] = np.arange(len(merged), dtype=np.int32)
        clock.lap("order")
        return Ranked(
            item_idx,
            score,
            position[item_idx],
            merged,
            features,
            scores,
            clock.timings,
            degraded=generation is Generation.V2 and self.ranker is None,
        )

    def _order(self, ranker: Ranker, rows: FloatArray, aim: Aim, wished: bool = False) -> FloatArray:
        """Return what the rows are ordered by."""
        return self.match.score(rows) if aim is Aim.RATING else ranker.score(rows, aim, wished)

    def _finish(
        self, history: History, k: int, allowed: BoolArray | None, item_idx: IntArray, score: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Sort by score, ties to the smaller index, and back-fill short lists from the catalogue."""
        order = np.lexsort((item_idx, -score))
        item_idx, score = item_idx[order], score[order]
        if len(item_idx) < k:
            spare = self._back_fill(history, allowed, item_idx, k - len(item_idx))
            floor = float(score[-1]) if len(score) else 0.0
            below = floor - 1e-3 * np.arange(1, len(spare) + 1)
            item_idx = np.concatenate([item_idx, spare])
            score = np.concatenate([score, below.astype(np.float32)])
        return item_idx, score

    def _back_fill(self, history: History, allowed: BoolArray | None, taken: IntArray, n: int) -> IntArray:
        spare = self.builder.log_count.copy()
        if allowed is not None:
            spare[~allowed] = -np.inf
        spare[history.item_idx] = -np.inf
        spare[taken] = -np.inf
        return top_n(spare, n)

    def recommend(self, history: History, k: int, generation: Generation = Generation.V2) -> Candidates:
        """Return the best ``k`` unseen items, best first."""
        ranked = self.rank(history, k, generation)
        return Candidates(ranked.item_idx[:k], ranked.score[:k])

    def recommend_batch(
        self,
        histories: list[History],
        k: int,
        generation: Generation = Generation.V2,
        depth: int | None = None,
        aim: Aim = Aim.BALANCED,
    ) -> list[Candidates]:
        """Return :meth:`recommend` of every history, with the ranker called on many at once.

        ``depth`` (at least ``k``) shows more of what was ranked for a list of ``k`` places, as far as it
        goes; the first ``k`` stay the same, while a larger ``k`` would widen the candidates.
        """
        depth = max(depth or k, k)
        source = _name_source(generation)
        if source is not None:
            return [self._list_source(history, k, depth, source) for history in histories]
        if generation is not Generation.V2 or self.ranker is None:
            whole = (self.rank(history, k, generation, aim=aim) for history in histories)
            return [Candidates(ranked.item_idx[:depth], ranked.score[:depth]) for ranked in whole]
        results: list[Candidates] = []
        for start in range(0, len(histories), BATCH_HISTORIES):
            chunk = histories[start : start + BATCH_HISTORIES]
            results.extend(self._recommend_chunk(chunk, k, depth, self.ranker, aim))
        return results

    def _list_source(self, history: History, k: int, depth: int, source: str) -> Candidates:
        """Return what :meth:`rank` lists of one source alone, without asking the others."""
        listed = self.sources[source].recall(history, depth)
        item_idx, score = self._finish(history, k, None, listed.item_idx, listed.score)
        return Candidates(item_idx[:depth], score[:depth])

    def _recommend_chunk(
        self, histories: list[History], k: int, depth: int, ranker: Ranker, aim: Aim
    ) -> list[Candidates]:
        merged_lists: list[Merged] = []
        rows: list[FloatArray] = []
        for history in histories:
            scores = self.fusion.score(history)
            merged = self.fusion.merge(history, scores, None, k)
            merged_lists.append(merged)
            rows.append(self.builder.build(history, merged.item_idx, scores, merged.score))
        score = self._order(ranker, np.concatenate(rows), aim)
        bounds = np.cumsum([0, *(len(merged) for merged in merged_lists)])
        results = []
        for index, (history, merged) in enumerate(zip(histories, merged_lists, strict=True)):
            own = score[bounds[index] : bounds[index + 1]]
            item_idx, ordered = self._finish(history, k, None, merged.item_idx, own)
            results.append(Candidates(item_idx[:depth], ordered[:depth]))
        return results

    def score_items(
        self,
        history: History,
        items: IntArray,
        generation: Generation = Generation.V2,
        aim: Aim = Aim.BALANCED,
    ) -> FloatArray:
        """Return float32[len(items)]: how the engine orders exactly these items among themselves.

        Under V2 they stand among the usual candidates, since ranks within the list are features; what the
        merge does not propose has a merge score of 0. V1 sources give 0 where they have no opinion.
        """
        source = _name_source(generation)
        if source is not None:
            return self.sources[source].score(history)[items]
        scores = self.fusion.score(history)
        merged = self.fusion.merge(history, scores)
        spare = np.setdiff1d(items, merged.item_idx).astype(np.int32)
        listed = np.concatenate([merged.item_idx, spare])
        score = np.concatenate([merged.score, np.zeros(len(spare), np.float32)])
        if generation is Generation.V2 and self.ranker is not None:
            rows = self.builder.build(history, listed, scores, score)
            score = self._order(self.ranker, rows, aim)
        by_item = np.zeros(self.n_items, np.float32)
        by_item[listed] = score
        return by_item[items]


def _name_source(generation: Generation) -> str | None:
    """Return the source a generation stands for, None for those that merge all."""
    merges = generation in (Generation.V2, Generation.V1_5)
    return None if merges else generation.value.removeprefix("v1-")


class _Clock:
    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self.timings[stage] = (now - self._last) * 1000.0
        self._last = now
