"""Exact orders by one sort of whole numbers: score first, item index where scores are equal.

Keys are 64 bits wide: the upper half orders like the score from large to small, the lower half is a
position. No two are equal, so any sort or partition, stable or not, gives the one exact order, and numpy's
for whole numbers are vectorised.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

Keys = NDArray[np.uint64]
Bits = NDArray[np.uint32]

_STACK: Final = 32
"""Items of a stack where the largest scores are looked for; 16 take as long, 64 half as long again."""


@numba.njit(cache=True, nogil=True)
def _descend(bits: Any) -> Any:
    """Return the bits of a float turned into a whole number that falls as the float rises."""
    sign, zero = np.uint32(0x80000000), np.uint32(0)
    if bits == sign:  # minus zero is equal to zero
        bits = zero
    return np.uint64(bits) if bits & sign else np.uint64(np.uint32(~(bits | sign)))


@numba.njit(cache=True, nogil=True)
def _stack_up(score: FloatArray, bits: Bits, closed: BoolArray, open_bits: Bits, largest: Bits) -> None:
    """Write the bits of what is positive and open, 0 for the rest, and lift the largest of every stack."""
    for stack in range(len(score)):
        # Bits of floats that are not negative order like the floats.
        own = bits[stack] if (score[stack] > 0.0) & (not closed[stack]) else np.uint32(0)
        open_bits[stack] = own
        largest[stack] = max(largest[stack], own)


@numba.njit(cache=True, nogil=True)
def _list_leading(score: FloatArray, bits: Bits, closed: BoolArray, n: int, keys: Keys) -> int:
    """List the keys of all that may be among the ``n`` largest positive scores, and return their number.

    Items are dealt out to stacks, a row of all stacks at a time. As many stacks as are wanted items have
    something at least as large as the n-th largest of the stacks' maxima, so nothing below it can be
    among the first ``n``: what remains to be sorted is little more than ``n``.
    """
    width = max(1, (len(score) + _STACK - 1) // _STACK)
    open_bits = np.empty(len(score), np.uint32)
    largest = np.zeros(width, np.uint32)
    for base in range(0, len(score), width):
        row = slice(base, base + width)
        _stack_up(score[row], bits[row], closed[row], open_bits[row], largest)
    least = np.uint32(1)
    if 0 < n < width:
        least = max(least, np.partition(largest, width - n)[width - n])
    count = 0
    for stack in range(width):
        if largest[stack] < least:
            continue
        for item in range(stack, len(score), width):
            if open_bits[item] >= least:
                keys[count] = (_descend(open_bits[item]) << np.uint64(32)) | np.uint64(item)
                count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _list_known(score: FloatArray, bits: Bits, keys: Keys) -> int:
    count = 0
    for item in range(len(score)):
        if score[item] > -np.inf:
            keys[count] = (_descend(bits[item]) << np.uint64(32)) | np.uint64(item)
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _key_items(bits: Bits, items: IntArray, keys: Keys) -> None:
    for position in range(len(items)):
        item = items[position]
        keys[position] = (_descend(bits[item]) << np.uint64(32)) | np.uint64(item)


@numba.njit(cache=True, nogil=True)
def _key_columns(bits: Bits, by_item: LongArray, keys: Keys) -> None:
    for column in range(len(bits)):
        for place in range(len(by_item)):
            keys[column, place] = (_descend(bits[column, by_item[place]]) << np.uint64(32)) | np.uint64(place)


@numba.njit(cache=True, nogil=True)
def _scatter_ranks(keys: Keys, by_item: LongArray, rank: FloatArray) -> None:
    for column in range(len(keys)):
        for place in range(keys.shape[1]):
            rank[column, by_item[keys[column, place] & np.uint64(0xFFFFFFFF)]] = np.float32(place + 1)


def first_items(keys: Keys, n: int) -> IntArray:
    """Return the positions of the ``n`` smallest keys, ascending; int32. The keys may be reordered."""
    if 0 < n < len(keys):
        keys.partition(n - 1)
    front = keys[:n]
    front.sort()
    return (front & np.uint64(0xFFFFFFFF)).astype(np.int32)


def order_known(score: FloatArray, n: int) -> IntArray:
    """Return the ``n`` largest scores above minus infinity: int32 positions, best first."""
    score = np.ascontiguousarray(score)
    keys = np.empty(len(score), np.uint64)
    return first_items(keys[: _list_known(score, score.view(np.uint32), keys)], n)


def order_open(score: FloatArray, closed: BoolArray, n: int) -> IntArray:
    """Return the ``n`` largest positive scores whose item is not ``closed``: int32 items, best first."""
    score = np.ascontiguousarray(score)
    keys = np.empty(len(score), np.uint64)
    return first_items(keys[: _list_leading(score, score.view(np.uint32), closed, n, keys)], n)


def order_items(score: FloatArray, items: IntArray, n: int) -> IntArray:
    """Return the ``n`` of the given items with the largest scores: int32, best first."""
    keys = np.empty(len(items), np.uint64)
    _key_items(score.view(np.uint32), items, keys)
    return first_items(keys, n)


def rank_columns(score: FloatArray, items: IntArray) -> FloatArray:
    """Return float32[k, n]: ranks from 1 within each row of ``score``, ties to the smaller of ``items``."""
    keys = np.empty(score.shape, np.uint64)
    by_item = np.argsort(items)
    _key_columns(score.view(np.uint32), by_item, keys)
    keys.sort(axis=1)
    rank = np.empty(score.shape, np.float32)
    _scatter_ranks(keys, by_item, rank)
    return rank
