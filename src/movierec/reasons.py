"""Reasons: sentences built from the evidence that put an item on the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import isnan
from operator import itemgetter
from typing import Final, TypeAlias

import numba
import numpy as np

from movierec.data.confidence import DEFAULT_EVENT_WEIGHTS
from movierec.engine import Engine, Ranked
from movierec.recall.base import liked
from movierec.recall.merge import Merged
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Reason, ReasonTag, SourceHit
from movierec.stages import MergeConfig

EVIDENCE_SOURCES: Final = ("item_item", "co_seen", "als", "sequence")
"""Sources whose score is a sum over watched titles."""

MAX_REASONS: Final = 3
TRENDING_RANK: Final = 40
TASTE_RANK: Final = 60
GEM_QUANTILE: Final = 0.6
"""A gem is outside the most-watched two fifths of the rated catalogue, and liked more than most."""

LIKED_CONFIDENCE: Final = DEFAULT_EVENT_WEIGHTS["like"]

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


def gather_evidence(engine: Engine, history: History, item_idx: int) -> Evidence:
    """Ask every history-driven source which titles carry its score of the item."""
    return Evidence({name: engine.sources[name].evidence(history, item_idx) for name in EVIDENCE_SOURCES})


def gather_evidence_of(engine: Engine, history: History, items: IntArray) -> tuple[Evidence, ...]:
    """Return the evidence of many items, every source asked once."""
    amounts = {name: engine.sources[name].evidence_of(history, items) for name in EVIDENCE_SOURCES}
    return tuple(
        Evidence({name: amount[row] for name, amount in amounts.items()}) for row in range(len(items))
    )


def combine_evidence(engine: Engine, history: History, items: IntArray) -> FloatArray:
    """Return float32[len(items), len(history)]: :meth:`Evidence.combined` of every item."""
    mean = np.zeros((len(items), len(history)), np.float32)
    count = np.zeros(len(items), np.float32)
    for name in EVIDENCE_SOURCES:
        part = np.maximum(engine.sources[name].evidence_of(history, items), np.float32(0.0))
        _add_shares(part, part.sum(axis=1), mean, count)
    combined: FloatArray = (mean / np.maximum(count, 1.0)[:, None]).astype(np.float32, copy=False)
    return combined


@numba.njit(cache=True, nogil=True)
def _add_shares(part: FloatArray, total: FloatArray, mean: FloatArray, count: FloatArray) -> None:
    """Add every row's shares of its total to ``mean``, and 1 to ``count`` where there is one."""
    for row in range(len(part)):
        whole = total[row]
        if whole > 0.0:
            count[row] += np.float32(1.0)
            for event in range(part.shape[1]):
                mean[row, event] += part[row, event] / whole


Cause: TypeAlias = tuple[int, int, float]
"""A liked event behind an item, the film it was about, and its share among such events.

Plain tuples: a list of twenty has some hundreds of them, and names would take ten times as long to make.
"""


def order_causes(history: History, positive: BoolArray, combined: FloatArray) -> list[list[Cause]]:
    """Return for every row of ``combined`` the liked events that carry it, strongest first."""
    share = np.where(positive, combined, np.float32(0.0))
    total = share.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    rows, events = np.nonzero(share >= _SMALLEST_SHARE)
    parts, items = share[rows, events], history.item_idx[events]
    order = np.lexsort((events, items, -parts, rows))
    listed = zip(events[order].tolist(), items[order].tolist(), parts[order].tolist(), strict=True)
    return [list(islice(listed, n)) for n in np.bincount(rows, minlength=len(combined)).tolist()]


def list_hits(ranked: Ranked, row: int, config: MergeConfig) -> tuple[SourceHit, ...]:
    """Return the sources that proposed a candidate; shares of the fused score sum to 1."""
    return list_hits_of(ranked.merged, [row], config)[0]


def list_hits_of(merged: Merged, rows: Sequence[int], config: MergeConfig) -> list[tuple[SourceHit, ...]]:
    """Return for rows of ``merged`` the sources that proposed the candidate, the largest share first.

    A row below zero is of no candidate, which no source proposed.
    """
    weights = config.weights_of(SOURCE_NAMES)
    chosen = np.maximum(rows, 0)
    if not len(merged):
        return [()] * len(rows)
    ranks, scores = merged.source_rank[chosen].tolist(), merged.source_score[chosen].tolist()
    return [
        _order_hits(weights, config.constant, own_ranks, own_scores) if row >= 0 else ()
        for row, own_ranks, own_scores in zip(rows, ranks, scores, strict=True)
    ]


def _order_hits(
    weights: Sequence[float], constant: float, ranks: Sequence[float], scores: Sequence[float]
) -> tuple[SourceHit, ...]:
    """Return the hits of a candidate; a source that did not propose it has no number for its rank."""
    gains = [
        (-weight / (constant + rank), name, rank, score)
        for weight, name, rank, score in zip(weights, SOURCE_NAMES, ranks, scores, strict=True)
        if rank == rank
    ]
    total = -sum([gain for gain, _, _, _ in gains]) or 1.0
    # Divided before they are sorted: two gains may give one share, and the name decides then.
    shares = sorted([(gain / total, name, rank, score) for gain, name, rank, score in gains])
    return tuple([SourceHit(name, int(rank), score, -share) for share, name, rank, score in shares])


@dataclass(frozen=True)
class Case:
    """What the reasons of all items of one history share.

    Attributes
    ----------
    positive : bool[len(history)], liked events
    any_positive : whether there is one
    affinity : the viewer's share of each genre; None where nothing was liked
    usual : everybody's
    causes : liked events and their shares behind the items known to be shown, strongest first
    """

    positive: BoolArray
    any_positive: bool
    affinity: list[float] | None
    usual: list[float]
    causes: Mapping[int, list[Cause]]


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

    def open_case(self, history: History, items: IntArray | None = None) -> Case:
        """Return what the reasons of a whole list share; ``items`` are those it is known to show."""
        genre = self.engine.sources["genre"]
        some = bool((history.confidence > 0).any())
        positive = liked(history.rating, history.confidence)
        any_positive = bool(positive.any())
        causes: dict[int, list[Cause]] = {}
        if items is not None and any_positive:
            combined = combine_evidence(self.engine, history, items)
            causes = dict(zip(items.tolist(), order_causes(history, positive, combined), strict=True))
        return Case(
            positive,
            any_positive,
            genre.affinity(history).tolist() if some else None,  # type: ignore[attr-defined]
            genre.everyone_.tolist(),  # type: ignore[attr-defined]
            causes,
        )

    def _because(self, history: History, item_idx: int, named: Counter[int], case: Case) -> Reason | None:
        if not case.any_positive:
            return None
        order = case.causes.get(item_idx)
        if order is None:
            combined = gather_evidence(self.engine, history, item_idx).combined()
            order = order_causes(history, case.positive, combined[None])[0]
        if not order:
            return None
        least = HEADLINE_SHARE * order[0][2]
        strong = [cause for cause in order if cause[2] >= least]
        headline, first, _ = min(strong, key=lambda cause: named[cause[1]])
        named[first] += 1
        others = tuple([item for event, item, _ in order if event != headline])
        title = self.catalog.title[first]
        # An event without stars says that it was watched, unless it weighs as much as a like.
        only_watched = isnan(history.rating[headline]) and history.confidence[headline] < LIKED_CONFIDENCE
        if only_watched:
            return Reason(ReasonTag.BECAUSE_YOU_WATCHED, f"Because you watched {title}", (first, *others))
        return Reason(ReasonTag.BECAUSE_YOU_LIKED, f"Because you liked {title}", (first, *others))

    @cached_property
    def _genres_of(self) -> list[list[tuple[int, str]]]:
        """Column and name of every item's genres."""
        column = {name: index for index, name in enumerate(self.catalog.genre_names)}
        return [[(column[name], name) for name in genres] for genres in self.catalog.genres]

    def _genres(self, item_idx: int, case: Case) -> Reason | None:
        affinity, usual = case.affinity, case.usual
        if affinity is None:
            return None
        preferred = [
            (-affinity[column], name)
            for column, name in self._genres_of[item_idx]
            if affinity[column] > max(usual[column], 0.05)
        ]
        if not preferred:
            return None
        preferred.sort(key=itemgetter(0))
        listed = " and ".join(name for _, name in preferred[:2])
        return Reason(ReasonTag.MATCHES_GENRES, f"Matches your taste for {listed}")

    @cached_property
    def _gems(self) -> frozenset[int]:
        """Items: the same for every viewer, so the quantiles are taken once per bundle."""
        columns = self.engine.builder.item_columns
        count, liked_rate = columns[:, 0], columns[:, 6]
        rated = count > 0
        if not rated.any():
            return frozenset()
        rare = count < np.quantile(count[rated], GEM_QUANTILE)
        gems = rated & rare & (liked_rate > np.nanquantile(liked_rate[rated], GEM_QUANTILE))
        return frozenset(np.flatnonzero(gems).tolist())

    def _gem(self, item_idx: int) -> Reason | None:
        if item_idx not in self._gems:
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
