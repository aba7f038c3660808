"""Shortlist: what was ranked for one history, before a page picks from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from movierec.schema import FloatArray, IntArray, LongArray, RecommendedItem, SourceHit


@dataclass(frozen=True)
class Shortlist:
    """Everything ranked for one history, before anything is cut off or put into words.

    Attributes
    ----------
    item_idx, score, match : int32[n], float32[n], float32[n], best first
    first : int64[k], positions of the list that ``RecommenderService.recommend`` returns
    hits : recall sources behind a position
    describe : a position and its rank → the item with reasons
    degraded : True where V2 was asked but there is no ranker
    """

    item_idx: IntArray
    score: FloatArray
    match: FloatArray
    first: LongArray
    hits: Callable[[int], tuple[SourceHit, ...]]
    describe: Callable[[int, int], RecommendedItem]
    degraded: bool = False
