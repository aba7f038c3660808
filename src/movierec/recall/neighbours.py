"""Sparse item-to-item weights: cut to the strongest, summed over a history, and sources made of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.recall.base import RecallSource, State
from movierec.schema import BoolArray, FloatArray, History, IntArray, LongArray

_ROWS_AT_A_TIME: Final = 512


@numba.njit(cache=True, nogil=True)
def _accumulate(
    indptr: LongArray,
    indices: IntArray,
    data: FloatArray,
    item: IntArray,
    weight: FloatArray,
    out: FloatArray,
) -> None:
    for position in range(len(item)):
        amount = weight[position]
        if amount != 0.0:
            row = slice(indptr[item[position]], indptr[item[position] + 1])
            # Counted from zero and unsigned, so that nobody asks whether a place counts from the end.
            index, value = indices[row], data[row]
            for entry in range(len(index)):
                out[np.uint32(index[entry])] += amount * value[entry]


@numba.njit(cache=True, nogil=True)
def _sum_rows(indptr: LongArray, data: FloatArray, out: FloatArray) -> None:
    for row in range(len(out)):
        total = 0.0
        for entry in range(indptr[row], indptr[row + 1]):
            total += data[entry]
        out[row] = total


@numba.njit(cache=True, nogil=True)
def _accumulate_at(
    indptr: LongArray,
    indices: IntArray,
    data: FloatArray,
    item: IntArray,
    weight: FloatArray,
    place: IntArray,
    out: FloatArray,
) -> None:
    width = weight.shape[1]
    longest = 0
    for position in range(len(item)):
        longest = max(longest, indptr[item[position] + 1] - indptr[item[position]])
    hit, amount = np.empty(longest + 1, np.int32), np.empty(longest + 1, np.float32)
    for position in range(len(item)):
        some = False
        for column in range(width):
            some |= weight[position, column] != 0.0
        if not some:
            continue
        # Those that are asked for are listed first: which they are, no branch could foresee.
        count = 0
        entries = slice(indptr[item[position]], indptr[item[position] + 1])
        index, value = indices[entries], data[entries]
        for entry in range(len(index)):
            row = place[np.uint32(index[entry])]
            hit[np.uint32(count)], amount[np.uint32(count)] = row, value[entry]
            count += row >= 0
        own = weight[position]
        if width == 1:
            for found in range(count):
                out[np.uint32(hit[found]), 0] += own[0] * amount[found]
        elif width == 2:
            for found in range(count):
                row = np.uint32(hit[found])
                out[row, 0] += own[0] * amount[found]
                out[row, 1] += own[1] * amount[found]
        else:
            for found in range(count):
                row = np.uint32(hit[found])
                for column in range(width):
                    out[row, column] += own[column] * amount[found]


@numba.njit(cache=True, nogil=True)
def _find_shares(
    indptr: LongArray,
    indices: IntArray,
    data: FloatArray,
    item: IntArray,
    weight: FloatArray,
    targets: IntArray,
    out: FloatArray,
) -> None:
    for position in range(len(item)):
        if weight[position] == 0.0:
            continue
        start, stop = indptr[item[position]], indptr[item[position] + 1]
        if start == stop:
            continue
        for row in range(len(targets)):
            # A step is taken by multiplying: which way it goes, no branch could foresee.
            low, length = start, stop - start
            while length > 1:
                half = length >> 1
                low += half * (indices[low + half - 1] < targets[row])
                length -= half
            if indices[low] == targets[row]:
                out[row, position] = weight[position] * data[low]


@numba.njit(cache=True, nogil=True)
def _mark_strongest(indptr: LongArray, bits: NDArray[np.uint32], keep: int, kept: BoolArray) -> None:
    """Mark the ``keep`` largest of every row, equal ones from the left; strengths are not negative."""
    for row in range(len(indptr) - 1):
        start, stop = indptr[row], indptr[row + 1]
        if stop - start <= keep:
            kept[start:stop] = True
            continue
        # The bits of floats that are not negative order like the floats.
        least = np.partition(bits[start:stop], stop - start - keep)[stop - start - keep]
        spare = keep
        for entry in range(start, stop):
            if bits[entry] > least:
                kept[entry] = True
                spare -= 1
        for entry in range(start, stop):
            if spare > 0 and bits[entry] == least:
                kept[entry] = True
                spare -= 1


@dataclass(frozen=True)
class Neighbours:
    """A CSR matrix of item-to-item weights: ``indptr`` int64, ``indices`` int32, ``data`` float32."""

    indptr: LongArray
    indices: IntArray
    data: FloatArray

    @property
    def n_items(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    def row_totals(self) -> FloatArray:
        """Return float32[n_items]: the sum of each row."""
        out = np.empty(self.n_items, np.float32)
        _sum_rows(self.indptr, self.data, out)
        return out

    def sum_over(self, item_idx: IntArray, weight: FloatArray) -> FloatArray:
        """Return float32[n_items]: the weighted sum of the rows of ``item_idx``."""
        out = np.zeros(self.n_items, np.float32)
        _accumulate(self.indptr, self.indices, self.data, item_idx, weight, out)
        return out

    def sum_at(self, item_idx: IntArray, weight: FloatArray, place: IntArray, n: int) -> FloatArray:
        """Return float32[n, w]: weighted sums of the rows of ``item_idx`` at some items only.

        Parameters
        ----------
        weight : float32[len(item_idx), w]
        place : int32[n_items], row of the result an item goes to, below zero where it is not asked for
        """
        out = np.zeros((n, weight.shape[1]), np.float32)
        _accumulate_at(self.indptr, self.indices, self.data, item_idx, weight, place, out)
        return out

    def state(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {f"{prefix}indptr": self.indptr, f"{prefix}indices": self.indices, f"{prefix}data": self.data}

    @classmethod
    def from_state(cls, state: Any, prefix: str = "") -> Neighbours:
        """Inverse of :meth:`state`."""
        return cls(state[f"{prefix}indptr"], state[f"{prefix}indices"], state[f"{prefix}data"])

    @classmethod
    def from_dense(cls, block: FloatArray, items: IntArray, n_items: int, keep: int) -> Neighbours:
        """Keep the ``keep`` largest magnitudes per row of a square block over ``items``."""
        size = len(items)
        keep = min(keep, size)
        columns = np.empty((size, keep), np.int64)
        values = np.empty((size, keep), np.float32)
        # Some rows at a time: the order of a whole block would take twice the memory of the block.
        for start in range(0, size, _ROWS_AT_A_TIME):
            part = block[start : start + _ROWS_AT_A_TIME]
            strongest = (
                np.argpartition(-np.abs(part), keep - 1, axis=1)[:, :keep]
                if keep < size
                else np.tile(np.arange(size), (len(part), 1))
            )
            strongest.sort(axis=1)
            columns[start : start + len(part)] = items[strongest]
            values[start : start + len(part)] = np.take_along_axis(part, strongest, axis=1)
        rows = np.repeat(items.astype(np.int64), keep)
        shape = (n_items, n_items)
        return cls.from_matrix(
            sparse.coo_matrix((values.ravel(), (rows, columns.ravel())), shape=shape).tocsr()
        )

    @classmethod
    def from_matrix(cls, matrix: sparse.csr_matrix, keep: int | None = None) -> Neighbours:
        """Take a CSR matrix, optionally cut to the ``keep`` largest magnitudes per row."""
        matrix = matrix.copy()
        matrix.eliminate_zeros()
        matrix.sort_indices()
        if keep is not None and matrix.nnz:
            kept = np.zeros(matrix.nnz, np.bool_)
            strength = np.abs(matrix.data).astype(np.float32)
            _mark_strongest(matrix.indptr.astype(np.int64), strength.view(np.uint32), keep, kept)
            before = np.concatenate(([0], np.cumsum(kept)))
            return cls(
                before[matrix.indptr].astype(np.int64),
                matrix.indices[kept].astype(np.int32),
                matrix.data[kept].astype(np.float32),
            )
        return cls(
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32)
        )


class NeighbourSource(RecallSource):
    """A source whose score is a weighted sum of its neighbour lists over the history."""

    neighbours_: Neighbours

    @abstractmethod
    def weights(self, history: History) -> FloatArray:
        """Return float32[len(history)]: how much each event counts."""

    def score(self, history: History) -> FloatArray:
        """Sum the neighbour lists of the history's events."""
        return self.neighbours_.sum_over(history.item_idx, self.weights(history))

    def evidence_of(self, history: History, items: IntArray) -> FloatArray:
        """Return each event's share of the sums; events without weight are not looked up."""
        amount = np.zeros((len(items), len(history)), np.float32)
        own = self.neighbours_
        _find_shares(
            own.indptr, own.indices, own.data, history.item_idx, self.weights(history), items, amount
        )
        return amount

    def state(self) -> State:
        """Return the neighbour lists."""
        return self.neighbours_.state()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over the neighbour lists."""
        self.neighbours_ = Neighbours.from_state(state)
        self.n_items_ = self.neighbours_.n_items
        return self
