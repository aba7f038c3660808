"""Reasons: sentences built from the evidence that put an item on the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Final

import numpy as np

from movierec.engine import Engine, Ranked
from movierec.recall.base import Witness, liked
from movierec.recall.merge import Merged
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import BoolArray, Catalog, FloatArray, History, Reason, ReasonTag, SourceHit
from movierec.stages import MergeConfig

EVIDENCE_SOURCES: Final = ("item_item", "co_seen", "als", "sequence")
"""Sources whose score is a sum over watched titles."""

MAX_REASONS: Final = 3
TRENDING_RANK: Final = 40
TASTE_RANK: Final = 60
GEM_QUANTILE: Final = 0.6
"""A gem is outside the most-watched two fifths of the rated catalogue, and liked more than most."""

_SMALLEST_SHARE: Final = 0.02

HEADLINE_SHARE: Final = 0.6
"""A title may stand in the sentence if it carries at least this part of what the strongest one does."""


@dataclass(frozen=True)
class Evidence:
    """Per source, how much each watched event adds to the item's score: float32[len(history)]."""

    amounts: Mapping[str, FloatArray]

    def combined(self) -> FloatArray:
        """Return float32[len(history)]: positive shares averaged over the sources that have any."""
        parts = [np.maximum(amount, 0.0) for amount in self.amounts.values()]
        totals = [part.sum() for part in parts]
        shares = [part / total for part, total in zip(parts, totals, strict=True) if total > 0]
        if not shares:
            return np.zeros(len(parts[0]) if parts else 0, np.float32)
        mean: FloatArray = np.mean(shares, axis=0).astype(np.float32)
        return mean


Witnesses = Mapping[str, Witness]
"""By source, what tells which titles carry its score of an item."""


def call_witnesses(engine: Engine, history: History) -> Witnesses:
    """Prepare every history-driven source for questions about items."""
    return {name: engine.sources[name].witness(history) for name in EVIDENCE_SOURCES}


def gather_evidence(
    engine: Engine, history: History, item_idx: int, witnesses: Witnesses | None = None
) -> Evidence:
    """Ask every history-driven source which titles carry its score of the item."""
    witnesses = call_witnesses(engine, history) if witnesses is None else witnesses
    return Evidence({name: testify(item_idx) for name, testify in witnesses.items()})


def list_hits(ranked: Ranked, row: int, config: MergeConfig) -> tuple[SourceHit, ...]:
    """Return the sources that proposed a candidate; shares of the fused score sum to 1."""
    return list_hits_of(ranked.merged, row, config) if row >= 0 else ()


def list_hits_of(merged: Merged, row: int, config: MergeConfig) -> tuple[SourceHit, ...]:
    """Return the sources that proposed the candidate in a row of ``merged``, the largest share first."""
    ranks, scores = merged.source_rank[row].tolist(), merged.source_score[row].tolist()
    proposed = [column for column, rank in enumerate(ranks) if not isnan(rank)]
    gains = [config.weight(SOURCE_NAMES[column]) / (config.constant + ranks[column]) for column in proposed]
    total = sum(gains) or 1.0
    hits = [
        SourceHit(SOURCE_NAMES[column], int(ranks[column]), scores[column], gain / total)
        for column, gain in zip(proposed, gains, strict=True)
    ]
    return tuple(sorted(hits, key=lambda hit: (-hit.share, hit.source)))


@dataclass(frozen=True)
class Case:
    """What the reasons of all items of one history share.

    Attributes
    ----------
    positive : bool[len(history)], liked events
    witnesses : ask them about an item
    affinity : float32[n_genres], the viewer's shares; None where nothing was liked
    """

    positive: BoolArray
    witnesses: Witnesses
    affinity: FloatArray | None


@dataclass(frozen=True)
class Reasoner:
    """Turns evidence into reasons for one bundle."""

    engine: Engine
    catalog: Catalog

    def explain(
        self,
        history: History,
        item_idx: int,
        hits: tuple[SourceHit, ...],
        named: Counter[int] | None = None,
        case: Case | None = None,
    ) -> tuple[Reason, ...]:
        """Return one to three reasons, strongest kind first; never none.

        ``named`` counts the titles that the sentences of this list already name; it is updated, so that
        among nearly equal causes the one named least gets its turn. ``case`` is opened unless given.
        """
        case = case or self.open_case(history)
        ranks = {hit.source: hit.rank for hit in hits}
        found = [
            self._because(history, item_idx, Counter() if named is None else named, case),
            self._genres(item_idx, case),
            self._gem(item_idx),
            self._trending(ranks),
            self._similar_taste(ranks, history),
        ]
        reasons = tuple(reason for reason in found if reason is not None)[:MAX_REASONS]
        return reasons or (Reason(ReasonTag.POPULAR, "Liked by many viewers"),)

    def open_case(self, history: History) -> Case:
        """Return what the reasons of a whole list share."""
        genre = self.engine.sources["genre"]
        some = bool((history.confidence > 0).any())
        return Case(
            liked(history.rating, history.confidence),
            call_witnesses(self.engine, history),
            genre.affinity(history) if some else None,  # type: ignore[attr-defined]
        )

    def _because(self, history: History, item_idx: int, named: Counter[int], case: Case) -> Reason | None:
        if not case.positive.any():
            return None
        evidence = gather_evidence(self.engine, history, item_idx, case.witnesses)
        share = np.where(case.positive, evidence.combined(), 0.0)
        if share.sum() <= 0:
            return None
        share = share / share.sum()
        large = np.flatnonzero(share >= _SMALLEST_SHARE)
        order = large[np.lexsort((history.item_idx[large], -share[large]))].tolist()
        if not order:
            return None
        strong = [event for event in order if share[event] >= HEADLINE_SHARE * share[order[0]]]
        headline = min(strong, key=lambda event: named[int(history.item_idx[event])])
        first = int(history.item_idx[headline])
        named[first] += 1
        others = tuple(int(history.item_idx[event]) for event in order if event != headline)
        return Reason(
            ReasonTag.BECAUSE_YOU_LIKED, f"Because you liked {self.catalog.title[first]}", (first, *others)
        )

    def _genres(self, item_idx: int, case: Case) -> Reason | None:
        affinity = case.affinity
        usual = self.engine.sources["genre"].everyone_  # type: ignore[attr-defined]
        if affinity is None:
            return None
        names = self.catalog.genre_names
        own = {names.index(name): name for name in self.catalog.genres[item_idx]}
        preferred = sorted(
            (column for column in own if affinity[column] > max(usual[column], 0.05)),
            key=lambda column: -float(affinity[column]),
        )
        if not preferred:
            return None
        listed = " and ".join(own[column] for column in preferred[:2])
        return Reason(ReasonTag.MATCHES_GENRES, f"Matches your taste for {listed}")

    @cached_property
    def _gems(self) -> BoolArray:
        """bool[n_items]: the same for every viewer, so the quantiles are taken once per bundle."""
        columns = self.engine.builder.item_columns
        count, liked_rate = columns[:, 0], columns[:, 6]
        rated = count > 0
        if not rated.any():
            return rated
        rare = count < np.quantile(count[rated], GEM_QUANTILE)
        gems: BoolArray = rated & rare & (liked_rate > np.nanquantile(liked_rate[rated], GEM_QUANTILE))
        return gems

    def _gem(self, item_idx: int) -> Reason | None:
        if not self._gems[item_idx]:
            return None
        return Reason(ReasonTag.HIDDEN_GEM, "Hidden gem: few have seen it, most of them liked it")

    def _trending(self, ranks: Mapping[str, int]) -> Reason | None:
        if ranks.get("popularity", TRENDING_RANK + 1) > TRENDING_RANK:
            return None
        return Reason(ReasonTag.TRENDING, "Trending now")

    def _similar_taste(self, ranks: Mapping[str, int], history: History) -> Reason | None:
        if ranks.get("als", TASTE_RANK + 1) > TASTE_RANK or not len(history):
            return None
        return Reason(ReasonTag.SIMILAR_TASTE, "Viewers with similar taste like it")
