"""Sitting recall: what people get to within the same minutes."""

from __future__ import annotations

from typing import Self

import numba
import numpy as np

from movierec.recall.covisits import EventsByItem, sum_pairs, take_strongest
from movierec.recall.neighbours import NeighbourSource
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import SittingConfig

_FADED = 5.0
"""Gaps of so many decay times count as another sitting: what is left of their weight is below 1 %."""


@numba.njit(cache=True, nogil=True)
def _pair(
    offsets: LongArray, item: IntArray, timestamp: LongArray, seconds: float, window: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """List (item, other item, exp(-gap / seconds)) both ways, for events less than ``window`` rows apart."""
    size = 0
    for counting in (True, False):
        if not counting:
            source = np.empty(size, np.int32)
            target = np.empty(size, np.int32)
            weight = np.empty(size, np.float32)
        entry = 0
        for user in range(len(offsets) - 1):
            for first in range(offsets[user], offsets[user + 1]):
                for second in range(first + 1, offsets[user + 1]):
                    gap = timestamp[second] - timestamp[first]
                    # Ties are never cut by the window, so the order of tied rows does not matter.
                    if gap > _FADED * seconds or (second - first >= window and gap > 0):
                        break
                    if not counting:
                        source[entry], target[entry] = item[first], item[second]
                        source[entry + 1], target[entry + 1] = item[second], item[first]
                        weight[entry] = weight[entry + 1] = np.exp(-gap / seconds)
                    entry += 2
        size = entry
    return source, target, weight


@numba.njit(cache=True, nogil=True)
def _visit(
    events: EventsByItem,
    item: IntArray,
    timestamp: LongArray,
    seconds: float,
    window: int,
    count: LongArray,
    index: IntArray,
    weight: FloatArray,
) -> None:
    """Sum what :func:`_pair` lists, one source item at a time."""
    total = np.zeros(len(count))
    touched = np.empty(len(count), np.int32)
    plain = np.empty(0, np.float32)
    for source in range(len(count)):
        n_touched = 0
        for entry in range(events.offsets[source], events.offsets[source + 1]):
            row = events.row[entry]
            user = events.user[row]
            for step in (1, -1):
                other = row + step
                while events.user_offsets[user] <= other < events.user_offsets[user + 1]:
                    gap = abs(timestamp[other] - timestamp[row])
                    if gap > _FADED * seconds or (abs(other - row) >= window and gap > 0):
                        break
                    target = item[other]
                    if total[target] == 0.0:
                        touched[n_touched] = target
                        n_touched += 1
                    total[target] += np.exp(-gap / seconds)
                    other += step
        count[source] = take_strongest(total, touched, n_touched, plain, index[source], weight[source])


class Sitting(NeighbourSource):
    """Counts what is watched or rated moments apart, nearer in time more; asked with the last moments."""

    name = "sitting"

    def __init__(self, config: SittingConfig | None = None) -> None:
        self.config = config or SittingConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Count pairs by the seconds between them."""
        self.n_items_ = interactions.n_items
        config = self.config
        offsets, item, timestamp = interactions.offsets, interactions.item_idx, interactions.timestamp

        def visit(
            events: EventsByItem, keep: int, count: LongArray, index: IntArray, weight: FloatArray
        ) -> None:
            _visit(events, item, timestamp, config.seconds, config.window, count, index, weight)

        self.neighbours_ = sum_pairs(
            interactions,
            lambda: _pair(offsets, item, timestamp, config.seconds, config.window),
            visit,
            # Few pairs lie within a minute: those of the window would be far too many.
            config.window // 2,
            config.neighbours,
        )
        return self

    def weights(self, history: History) -> FloatArray:
        """Return float32[len(history)]: nearer to the last event more, 0 before its sitting."""
        if not len(history):
            return np.zeros(0, np.float32)
        last = int(history.timestamp[-1])
        first = int(np.searchsorted(history.timestamp, int(last - _FADED * self.config.seconds)))
        gap = (last - history.timestamp[first:]) / self.config.seconds
        weight = np.zeros(len(history), np.float32)
        weight[first:] = np.where(gap <= _FADED, np.exp(-gap), 0.0)
        return weight
