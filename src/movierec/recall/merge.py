"""Merge: the union of the sources' lists, ordered and capped by reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.recall.base import Candidates
from movierec.recall.order import order_items
from movierec.schema import FloatArray, IntArray, LongArray
from movierec.stages import MergeConfig


@dataclass(frozen=True, slots=True)
class Merged:
    """Candidates of all sources, best fused score first.

    Attributes
    ----------
    item_idx : int32[n]
    score : float32[n], reciprocal rank fusion
    source_score, source_rank : float32[n, n_sources], NaN where the source did not propose the item;
        ranks count from 1
    """

    item_idx: IntArray
    score: FloatArray
    source_score: FloatArray
    source_rank: FloatArray

    def __len__(self) -> int:
        return len(self.item_idx)


def merge(lists: Mapping[str, Candidates], n_items: int, config: MergeConfig) -> Merged:
    """Fuse lists by ``sum of weight / (constant + rank)`` and keep every source's score and rank.

    Reciprocal rank fusion: Cormack, Clarke, Buettcher, SIGIR 2009. The order of the mapping is the
    order of the source columns; ties go to the smaller item index.
    """
    items = np.concatenate([own.item_idx for own in lists.values()])
    scores = np.concatenate([own.score for own in lists.values()])
    offsets = np.concatenate(([0], np.cumsum([len(own) for own in lists.values()]))).astype(np.int64)
    weights = np.array(config.weights_of(tuple(lists)), np.float64)
    fused = np.full(n_items, -np.inf, np.float32)
    proposed = np.empty(len(items), np.int32)
    count = _fuse(items, offsets, weights, float(config.constant), fused, proposed)
    item_idx = order_items(fused, proposed[:count], config.cap)
    score = np.full((len(item_idx), len(lists)), np.nan, np.float32)
    rank = np.full((len(item_idx), len(lists)), np.nan, np.float32)
    position = np.full(n_items, -1, np.int32)
    position[item_idx] = np.arange(len(item_idx), dtype=np.int32)
    _keep_hits(items, scores, offsets, position, score, rank)
    return Merged(item_idx, fused[item_idx], score, rank)


@numba.njit(cache=True, nogil=True)
def _fuse(
    items: IntArray,
    offsets: LongArray,
    weights: NDArray[np.float64],
    constant: float,
    fused: FloatArray,
    proposed: IntArray,
) -> int:
    """Add every list's gains to ``fused``, -inf so far; list what was proposed and return its number."""
    count = 0
    for source in range(len(weights)):
        for entry in range(offsets[source], offsets[source + 1]):
            item = items[entry]
            known = float(fused[item])
            if known == -np.inf:
                known = 0.0
                proposed[count] = item
                count += 1
            fused[item] = known + weights[source] / (constant + 1.0 + (entry - offsets[source]))
    return count


@numba.njit(cache=True, nogil=True)
def _keep_hits(
    items: IntArray,
    scores: FloatArray,
    offsets: LongArray,
    position: IntArray,
    score: FloatArray,
    rank: FloatArray,
) -> None:
    for source in range(len(offsets) - 1):
        for entry in range(offsets[source], offsets[source + 1]):
            row = position[items[entry]]
            if row >= 0:
                score[row, source] = scores[entry]
                rank[row, source] = entry - offsets[source] + 1
