"""Exact orders by one sort of whole numbers: score first, item index where scores are equal.

Keys are 64 bits wide: the upper half orders like the score from large to small, the lower half is a
position. No two are equal, so any sort or partition, stable or not, gives the one exact order, and numpy's
for whole numbers are vectorised.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

Keys = NDArray[np.uint64]
Bits = NDArray[np.uint32]


@numba.njit(cache=True, nogil=True)
def _descend(bits: Any) -> Any:
    """Return the bits of a float turned into a whole number that falls as the float rises."""
    sign, zero = np.uint32(0x80000000), np.uint32(0)
    if bits == sign:  # minus zero is equal to zero
        bits = zero
    return np.uint64(bits) if bits & sign else np.uint64(np.uint32(~(bits | sign)))


@numba.njit(cache=True, nogil=True)
def _list_open(score: FloatArray, bits: Bits, closed: BoolArray, keys: Keys) -> int:
    count = 0
    for item in range(len(score)):
        # Written in any case and kept by moving on: half the items are open, no branch could be foreseen.
        keys[count] = (_descend(bits[item]) << np.uint64(32)) | np.uint64(item)
        count += (score[item] > 0.0) & (not closed[item])
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
    return first_items(keys[: _list_open(score, score.view(np.uint32), closed, keys)], n)


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
