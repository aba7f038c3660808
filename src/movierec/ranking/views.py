"""Second looks at the history through fitted sources: same weights, other questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from movierec.recall.base import RecallSource, age_rank, liked
from movierec.recall.item_item import ItemItem
from movierec.recall.neighbours import Neighbours
from movierec.recall.sequence import Lift, Sequence
from movierec.recall.sitting import Sitting
from movierec.schema import FloatArray, History

VIEW_NAMES: Final = (
    "item_item_flat",
    "item_item_disliked",
    "co_seen_flat",
    "co_seen_last",
    "sequence_last",
    "sequence_long",
    "sequence_lift",
    "sequence_share",
    "sequence_share_long",
    "lift_long",
    "next_step_share",
    "sitting_last",
)

DISLIKED_RATING: Final = 3.0
LONG_MEMORY: Final = 20.0
SHARE_MEMORY: Final = 10.0
_SHARE_PRIOR: Final = 5.0
"""Imagined co-visits per title, so that rare titles do not decide; a share is co-visits over their total."""


@dataclass(frozen=True)
class Views:
    """The views of one set of fitted sources.

    Attributes
    ----------
    item_item, co_seen, sequence, sitting : the sources looked through
    discount : float32[n_items], 1/sqrt(events)
    sequence_rate, next_step_rate : float32[n_items], one over the co-visits of each item
    next_step, lift : neighbour lists of the sources of those names
    """

    item_item: ItemItem
    co_seen: ItemItem
    sequence: Sequence
    sitting: Sitting
    next_step: Neighbours
    lift: Neighbours
    discount: FloatArray
    sequence_rate: FloatArray
    next_step_rate: FloatArray

    @classmethod
    def of(cls, sources: Mapping[str, RecallSource], events: FloatArray) -> Self:
        """Derive the views from fitted sources and the events of every item, float32[n_items]."""
        item_item, co_seen = sources["item_item"], sources["co_seen"]
        sequence, next_step, lift = sources["sequence"], sources["next_step"], sources["lift"]
        sitting = sources["sitting"]
        if not (
            isinstance(item_item, ItemItem)
            and isinstance(co_seen, ItemItem)
            and isinstance(sequence, Sequence)
            and isinstance(next_step, Sequence)
            and isinstance(lift, Lift)
            and isinstance(sitting, Sitting)
        ):
            raise TypeError(
                "views need the item_item, co_seen, sequence, next_step, lift and sitting sources"
            )
        floored = np.maximum(events, 1.0)
        return cls(
            item_item,
            co_seen,
            sequence,
            sitting,
            next_step.neighbours_,
            lift.neighbours_,
            (1.0 / np.sqrt(floored)).astype(np.float32),
            (1.0 / (sequence.neighbours_.row_totals() + _SHARE_PRIOR)).astype(np.float32),
            (1.0 / (next_step.neighbours_.row_totals() + _SHARE_PRIOR)).astype(np.float32),
        )

    def score(self, history: History, scores: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return float32[n_items] per view, given the sources' own scores.

        ``*_flat`` forgets recency, ``*_last`` asks the newest event(s) only, ``*_long`` a longer stretch,
        ``*_lift`` discounts popular titles, ``item_item_disliked`` finds what resembles titles rated below
        three stars; ``*_share`` lets every watched title give one vote in all, however popular it is.
        """
        items = history.item_idx
        age = age_rank(history)
        last = (age == 0).astype(np.float32) / max(int((age == 0).sum()), 1)
        long = np.exp(-age / LONG_MEMORY).astype(np.float32)
        middle = np.exp(-age / SHARE_MEMORY).astype(np.float32)
        recent = self.sequence.weights(history)
        positive = liked(history.rating, history.confidence).astype(np.float32)
        disliked = (history.rating < DISLIKED_RATING).astype(np.float32)
        everything = np.ones(len(history), np.float32)
        item_item, co_seen = self.item_item.neighbours_, self.co_seen.neighbours_
        sequence = self.sequence.neighbours_
        share = self.sequence_rate[items]
        return {
            "item_item_flat": item_item.sum_over(items, positive),
            "item_item_disliked": item_item.sum_over(items, disliked),
            "co_seen_flat": co_seen.sum_over(items, everything),
            "co_seen_last": co_seen.sum_over(items, last),
            "sequence_last": sequence.sum_over(items, last),
            "sequence_long": sequence.sum_over(items, long),
            "sequence_lift": scores["sequence"] * self.discount,
            "sequence_share": sequence.sum_over(items, recent * share),
            "sequence_share_long": sequence.sum_over(items, middle * share),
            "lift_long": self.lift.sum_over(items, long),
            "next_step_share": self.next_step.sum_over(items, recent * self.next_step_rate[items]),
            "sitting_last": self.sitting.neighbours_.sum_over(items, last),
        }
