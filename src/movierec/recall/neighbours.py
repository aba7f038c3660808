"""Sparse item-to-item weights: cut to the strongest, summed over a history, and sources made of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.recall.base import RecallSource, State, Witness
from movierec.schema import BoolArray, FloatArray, History, IntArray, LongArray


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
            for entry in range(indptr[item[position]], indptr[item[position] + 1]):
                out[indices[entry]] += amount * data[entry]


@numba.njit(cache=True, nogil=True)
def _find(
    indptr: LongArray, indices: IntArray, data: FloatArray, item: IntArray, target: int, out: FloatArray
) -> None:
    for position in range(len(item)):
        start, stop = indptr[item[position]], indptr[item[position] + 1]
        entry = start + np.searchsorted(indices[start:stop], target)
        if entry < stop and indices[entry] == target:
            out[position] = data[entry]


@numba.njit(cache=True)
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
        row = np.repeat(np.arange(self.n_items), np.diff(self.indptr))
        return np.bincount(row, weights=self.data, minlength=self.n_items).astype(np.float32)

    def sum_over(self, item_idx: IntArray, weight: FloatArray) -> FloatArray:
        """Return float32[n_items]: the weighted sum of the rows of ``item_idx``."""
        out = np.zeros(self.n_items, np.float32)
        _accumulate(self.indptr, self.indices, self.data, item_idx, weight, out)
        return out

    def column(self, item_idx: IntArray, target: int) -> FloatArray:
        """Return float32[len(item_idx)]: each row's weight towards ``target``."""
        values = np.zeros(len(item_idx), np.float32)
        _find(self.indptr, self.indices, self.data, item_idx, target, values)
        return values

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
        strongest = (
            np.argpartition(-np.abs(block), keep - 1, axis=1)[:, :keep]
            if keep < size
            else np.tile(np.arange(size), (size, 1))
        )
        strongest.sort(axis=1)
        rows = np.repeat(items.astype(np.int64), keep)
        columns = items[strongest.ravel()] if size else np.empty(0, np.int32)
        values = np.take_along_axis(block, strongest, axis=1).ravel().astype(np.float32)
        return cls.from_matrix(sparse.coo_matrix((values, (rows, columns)), shape=(n_items, n_items)).tocsr())

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

    def witness(self, history: History) -> Witness:
        """Return each event's share of the sum; events without weight are not looked up."""
        weight = self.weights(history)
        counted = np.flatnonzero(weight)
        items, weight = history.item_idx[counted], weight[counted]

        def testify(item_idx: int) -> FloatArray:
            amount = np.zeros(len(history), np.float32)
            amount[counted] = weight * self.neighbours_.column(items, item_idx)
            return amount

        return testify

    def state(self) -> State:
        """Return the neighbour lists."""
        return self.neighbours_.state()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over the neighbour lists."""
        self.neighbours_ = Neighbours.from_state(state)
        self.n_items_ = self.neighbours_.n_items
        return self
