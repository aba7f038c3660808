"""Second looks at the history through fitted sources: same weights, other questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from movierec.recall.base import RecallSource, age_rank, liked
from movierec.recall.item_item import ItemItem
from movierec.recall.sequence import Sequence
from movierec.schema import FloatArray, History

VIEW_NAMES: Final = (
    "item_item_flat",
    "item_item_disliked",
    "co_seen_flat",
    "co_seen_last",
    "sequence_last",
    "sequence_long",
    "sequence_lift",
)

DISLIKED_RATING: Final = 3.0
LONG_MEMORY: Final = 20.0


def score_views(
    sources: Mapping[str, RecallSource],
    history: History,
    scores: Mapping[str, FloatArray],
    discount: FloatArray,
) -> dict[str, FloatArray]:
    """Return float32[n_items] per view, given the sources' own scores and 1/sqrt(events) per item.

    ``*_flat`` forgets recency, ``*_last`` asks the newest event(s) only, ``sequence_long`` a longer
    stretch, ``sequence_lift`` discounts popular titles, ``item_item_disliked`` finds what resembles
    titles rated below three stars.
    """
    item_item, co_seen, sequence = sources["item_item"], sources["co_seen"], sources["sequence"]
    if not (
        isinstance(item_item, ItemItem) and isinstance(co_seen, ItemItem) and isinstance(sequence, Sequence)
    ):
        raise TypeError("views need the item_item, co_seen and sequence sources")
    age = age_rank(history)
    last = (age == 0).astype(np.float32) / max(int((age == 0).sum()), 1)
    long = np.exp(-age / LONG_MEMORY).astype(np.float32)
    positive = liked(history.rating, history.confidence).astype(np.float32)
    disliked = (history.rating < DISLIKED_RATING).astype(np.float32)
    everything = np.ones(len(history), np.float32)
    items = history.item_idx
    return {
        "item_item_flat": item_item.neighbours_.sum_over(items, positive),
        "item_item_disliked": item_item.neighbours_.sum_over(items, disliked),
        "co_seen_flat": co_seen.neighbours_.sum_over(items, everything),
        "co_seen_last": co_seen.neighbours_.sum_over(items, last),
        "sequence_last": sequence.neighbours_.sum_over(items, last),
        "sequence_long": sequence.neighbours_.sum_over(items, long),
        "sequence_lift": scores["sequence"] * discount,
    }
