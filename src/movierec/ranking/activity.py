"""Item activity at any moment: how often, how lately, how fast an item was rated up to a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import SECONDS_PER_DAY, FloatArray, IntArray, Interactions, LongArray

HALF_LIVES: Final = (7.0, 30.0, 90.0, 365.0)
"""Days. A short, two middle and a long memory; evaluation found gain in each."""

_HALF_LIVES: Final = np.array(HALF_LIVES)


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


@numba.njit(cache=True, nogil=True)
def _find_last(timestamp: LongArray, low: int, high: int, guess: int, before: bool, when: int) -> int:
    """Return the last row up to ``when``, which lies from row ``low`` on and before row ``high``.

    The search begins at ``guess`` between the two, not later than ``when`` if ``before``, and widens in
    doubling steps: it touches a few cache lines side by side where halving everything touches one per step.
    """
    step = 8
    if before:
        low = guess
        while low + step < high and timestamp[low + step] <= when:
            low += step
            step *= 2
        high = min(high, low + step)
    else:
        high = guess
        while high - step > low and timestamp[high - step] > when:
            high -= step
            step *= 2
        low = max(low, high - step)
    while high - low > 1:
        middle = (low + high) >> 1
        if timestamp[middle] <= when:
            low = middle
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def _find_rows(
    offsets: LongArray, timestamp: LongArray, first: LongArray, last: LongArray, items: IntArray, when: int
) -> LongArray:
    """Return the last row of each item up to ``when``, -1 where there is none.

    Events of an item come at a fairly even pace, so a row is looked for where it would stand then. These
    places are half a gigabyte apart: all are read before any is judged, so that they are fetched together.
    """
    rows = np.empty(len(items), np.int64)
    seen = np.empty(len(items), np.int64)
    for position in range(len(items)):
        item = items[position]
        low, high = offsets[item], offsets[item + 1] - 1
        begin, end = first[item], last[item]
        if high > low and begin <= when < end:
            rows[position] = low + np.int64((high - low) * ((when - begin) / (end - begin)))
            seen[position] = timestamp[rows[position]]
    for position in range(len(items)):
        item = items[position]
        low, high = offsets[item], offsets[item + 1] - 1
        if high < low or when < first[item]:
            rows[position] = -1
        elif last[item] <= when:
            rows[position] = high
        else:
            before = seen[position] <= when
            rows[position] = _find_last(timestamp, low, high, rows[position], before, when)
    return rows


@numba.njit(cache=True, nogil=True)
def _look_up(
    offsets: LongArray,
    timestamp: LongArray,
    sums: FloatArray,
    first: LongArray,
    last: LongArray,
    last_sums: FloatArray,
    half_life: Any,
    day: float,
    items: IntArray,
    when: int,
    out: FloatArray,
) -> None:
    width = len(half_life)
    rows = _find_rows(offsets, timestamp, first, last, items, when)
    for position in range(len(items)):
        item, row = items[position], rows[position]
        if row >= 0:
            # Mostly nothing came later: then the events themselves are not touched.
            latest = last[item] <= when
            for column in range(width):
                out[position, column] = last_sums[item, column] if latest else sums[row, column]
    for position in range(len(items)):
        item, row = items[position], rows[position]
        if row < 0:
            out[position, : width + 1] = 0.0
            out[position, width + 1 :] = np.nan
            continue
        moment = last[item] if last[item] <= when else timestamp[row]
        age = (when - moment) / day
        for column in range(width):
            out[position, column] *= 2.0 ** (-age / half_life[column])
        out[position, width] = row - offsets[item] + 1
        out[position, width + 1] = (when - first[item]) / day
        out[position, width + 2] = age


class Ends(NamedTuple):
    """First and last event of every item, gathered from all over the events.

    ``first`` and ``last`` are int64[n_items] timestamps, 0 without an event, ``sums`` is
    float32[n_items, len(HALF_LIVES)] right after the last one.
    """

    first: LongArray
    last: LongArray
    sums: FloatArray


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
        _decay_sums(offsets, timestamp, _HALF_LIVES, float(SECONDS_PER_DAY), sums)
        return cls(offsets, timestamp, sums)

    @cached_property
    def _ends(self) -> Ends:
        some = np.diff(self.offsets) > 0
        ends = Ends(
            np.zeros(len(some), np.int64),
            np.zeros(len(some), np.int64),
            np.zeros((len(some), len(HALF_LIVES)), np.float32),
        )
        ends.first[some] = self.timestamp[self.offsets[:-1][some]]
        ends.last[some] = self.timestamp[self.offsets[1:][some] - 1]
        ends.sums[some] = self.sums[self.offsets[1:][some] - 1]
        return ends

    def at(self, items: IntArray, when: int) -> FloatArray:
        """Return float32[n, WIDTH]: decayed counts, count, days since first and since last event.

        Only events up to and including ``when`` count.
        """
        out = np.empty((len(items), self.WIDTH), np.float32)
        _look_up(
            self.offsets,
            self.timestamp,
            self.sums,
            *self._ends,
            _HALF_LIVES,
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
