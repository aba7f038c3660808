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
from movierec.schema import FloatArray, History, IntArray

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

    def score(
        self, history: History, scores: Mapping[str, FloatArray], candidates: IntArray, out: FloatArray
    ) -> None:
        """Write float32[len(VIEW_NAMES), n], the views of the candidates, given the sources' own scores.

        ``*_flat`` forgets recency, ``*_last`` asks the newest event(s) only, ``*_long`` a longer stretch,
        ``*_lift`` discounts popular titles, ``item_item_disliked`` finds what resembles titles rated below
        three stars; ``*_share`` lets every watched title give one vote in all, however popular it is.
        """
        items = history.item_idx
        age = age_rank(history)
        newest = age == 0
        last = newest.astype(np.float32) / max(int(newest.sum()), 1)
        long = np.exp(-age / LONG_MEMORY).astype(np.float32)
        middle = np.exp(-age / SHARE_MEMORY).astype(np.float32)
        recent = self.sequence.weights(history)
        share = self.sequence_rate[items]
        weights = {
            "item_item_flat": liked(history.rating, history.confidence),
            "item_item_disliked": history.rating < DISLIKED_RATING,
            "co_seen_flat": 1.0,
            "co_seen_last": last,
            "sequence_last": last,
            "sequence_long": long,
            "sequence_share": recent * share,
            "sequence_share_long": middle * share,
            "lift_long": long,
            "next_step_share": recent * self.next_step_rate[items],
            "sitting_last": last,
        }
        place = np.full(self.sequence.n_items_, -1, np.int32)
        place[candidates] = np.arange(len(candidates), dtype=np.int32)
        out[:] = 0.0
        for neighbours, names in (
            (self.item_item.neighbours_, ("item_item_flat", "item_item_disliked")),
            (self.co_seen.neighbours_, ("co_seen_flat", "co_seen_last")),
            (
                self.sequence.neighbours_,
                ("sequence_last", "sequence_long", "sequence_share", "sequence_share_long"),
            ),
            (self.lift, ("lift_long",)),
            (self.next_step, ("next_step_share",)),
            (self.sitting.neighbours_, ("sitting_last",)),
        ):
            own = np.empty((len(items), len(names)), np.float32)
            for column, name in enumerate(names):
                own[:, column] = weights[name]
            summed = neighbours.sum_at(items, own, place, len(candidates))
            for column, name in enumerate(names):
                out[VIEW_NAMES.index(name)] = summed[:, column]
        out[VIEW_NAMES.index("sequence_lift")] = scores["sequence"][candidates] * self.discount[candidates]
