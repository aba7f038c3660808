"""Merge: the union of the sources' lists, ordered and capped by reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from movierec.recall.base import Candidates, top_n
from movierec.schema import FloatArray, IntArray
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
    fused = np.full(n_items, -np.inf, np.float32)
    for name, candidates in lists.items():
        gain = config.weight(name) / (config.constant + 1.0 + np.arange(len(candidates)))
        known = fused[candidates.item_idx]
        fused[candidates.item_idx] = np.where(known == -np.inf, 0.0, known) + gain
    item_idx = top_n(fused, config.cap)
    position = np.full(n_items, -1, np.int32)
    position[item_idx] = np.arange(len(item_idx), dtype=np.int32)
    score = np.full((len(item_idx), len(lists)), np.nan, np.float32)
    rank = np.full((len(item_idx), len(lists)), np.nan, np.float32)
    for column, candidates in enumerate(lists.values()):
        row = position[candidates.item_idx]
        kept = row >= 0
        score[row[kept], column] = candidates.score[kept]
        rank[row[kept], column] = np.flatnonzero(kept) + 1
    return Merged(item_idx, fused[item_idx], score, rank)
