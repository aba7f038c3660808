"""Item activity at any moment: how often, how lately, how fast an item was rated up to a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import SECONDS_PER_DAY, FloatArray, IntArray, Interactions, LongArray

HALF_LIVES: Final = (7.0, 30.0, 90.0, 365.0)
"""Days. A short, two middle and a long memory; evaluation found gain in each."""


@numba.njit(cache=True)
def _decay_sums(
    offsets: LongArray, timestamp: LongArray, half_life: Any, day: float, out: FloatArray
) -> None:
    for item in range(len(offsets) - 1):
        for row in range(offsets[item], offsets[item + 1]):
            for column in range(len(half_life)):
                earlier = 0.0
                if row > offsets[item]:
                    age = (timestamp[row] - timestamp[row - 1]) / day
                    earlier = out[row - 1, column] * 2.0 ** (-age / half_life[column])
                out[row, column] = earlier + 1.0


@numba.njit(cache=True)
def _look_up(
    offsets: LongArray,
    timestamp: LongArray,
    sums: FloatArray,
    half_life: Any,
    day: float,
    items: IntArray,
    when: int,
    out: FloatArray,
) -> None:
    width = len(half_life)
    for position in range(len(items)):
        start = offsets[items[position]]
        stop = offsets[items[position] + 1]
        row = start + np.searchsorted(timestamp[start:stop], when, side="right") - 1
        if row < start:
            out[position, :width] = 0.0
            out[position, width] = 0.0
            out[position, width + 1] = np.nan
            out[position, width + 2] = np.nan
        else:
            age = (when - timestamp[row]) / day
            for column in range(width):
                out[position, column] = sums[row, column] * 2.0 ** (-age / half_life[column])
            out[position, width] = row - start + 1
            out[position, width + 1] = (when - timestamp[start]) / day
            out[position, width + 2] = age


@dataclass(frozen=True)
class ItemActivity:
    """Events per item in time order, with their running decayed counts.

    Attributes
    ----------
    offsets : int64[n_items + 1]
    timestamp : int64[n]
    sums : float32[n, len(HALF_LIVES)], decayed count right after each event
    """

    offsets: LongArray
    timestamp: LongArray
    sums: FloatArray

    WIDTH = len(HALF_LIVES) + 3

    @classmethod
    def fit(cls, interactions: Interactions) -> Self:
        """Sort the events by item and time and run the decayed counts along them."""
        order = np.lexsort((interactions.timestamp, interactions.item_idx))
        counts = np.bincount(interactions.item_idx, minlength=interactions.n_items)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        timestamp = interactions.timestamp[order]
        sums = np.zeros((len(order), len(HALF_LIVES)), np.float32)
        _decay_sums(offsets, timestamp, np.array(HALF_LIVES), float(SECONDS_PER_DAY), sums)
        return cls(offsets, timestamp, sums)

    def at(self, items: IntArray, when: int) -> FloatArray:
        """Return float32[n, WIDTH]: decayed counts, count, days since first and since last event.

        Only events up to and including ``when`` count.
        """
        out = np.empty((len(items), self.WIDTH), np.float32)
        _look_up(
            self.offsets,
            self.timestamp,
            self.sums,
            np.array(HALF_LIVES),
            float(SECONDS_PER_DAY),
            items,
            when,
            out,
        )
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {"offsets": self.offsets, "timestamp": self.timestamp, "sums": self.sums}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(state["offsets"], state["timestamp"], state["sums"])
