"""Weights between events of one timeline, summed per pair of items and cut to the strongest neighbours.

Where all pairs fit into memory they are listed and summed as a sparse matrix. Beyond that, one item at a
time: all its events are visited, their neighbourhoods added up in one vector of the catalogue's length and
cut at once, so that memory does not grow with the number of pairs (two thousand million for a window of
fifty over twenty million events). Both give the same up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.recall.neighbours import Neighbours
from movierec.schema import FloatArray, IntArray, Interactions, LongArray

Doubles = NDArray[np.float64]

LISTED_PAIRS: Final = 30_000_000
"""Directed pairs that are listed: a gigabyte with what the sparse matrix takes.

Item by item is quicker from a million on, but rounds otherwise, and trees are sensitive to last digits.
"""

Pairs = tuple[IntArray, IntArray, FloatArray]


class EventsByItem(NamedTuple):
    """Rows of interactions, item by item: item ``i`` owns ``row[offsets[i]:offsets[i + 1]]``.

    ``user`` is that of every row of the interactions, whose timeline ``user_offsets`` bounds.
    """

    offsets: LongArray
    row: LongArray
    user: IntArray
    user_offsets: LongArray


def sum_pairs(
    interactions: Interactions,
    listed: Callable[[], Pairs],
    visited: Callable[[EventsByItem, int, LongArray, IntArray, FloatArray], None],
    per_event: int,
    keep: int,
    damping: FloatArray | None = None,
) -> Neighbours:
    """Return the ``keep`` strongest neighbours of every item.

    Parameters
    ----------
    listed : gives (source item, target item, weight) of all directed pairs
    visited : fills counts, indices and weights of every row, see :func:`take_strongest`
    per_event : most directed pairs an event can be the source of
    damping : float32[n_items] that weights are multiplied by, by target
    """
    n_items = interactions.n_items
    if len(interactions) * per_event <= LISTED_PAIRS:
        source, target, weight = listed()
        matrix = sparse.coo_matrix((weight, (source, target)), shape=(n_items, n_items)).tocsr()
        if damping is not None:
            matrix.data *= damping[matrix.indices]
        return Neighbours.from_matrix(matrix, keep)
    keep = min(keep, n_items)
    count = np.zeros(n_items, np.int64)
    index = np.zeros((n_items, keep), np.int32)
    weights = np.zeros((n_items, keep), np.float32)
    visited(group_by_item(interactions), keep, count, index, weights)
    kept = np.arange(keep) < count[:, None]
    return Neighbours(np.concatenate(([0], np.cumsum(count))).astype(np.int64), index[kept], weights[kept])


def group_by_item(interactions: Interactions) -> EventsByItem:
    """Return the rows of every item, in row order."""
    counts = np.bincount(interactions.item_idx, minlength=interactions.n_items)
    row = np.argsort(interactions.item_idx, kind="stable")
    return EventsByItem(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        row,
        interactions.user_idx,
        interactions.offsets,
    )


@numba.njit(cache=True, nogil=True)
def take_strongest(
    total: Doubles, touched: IntArray, n_touched: int, scale: FloatArray, index: IntArray, weight: FloatArray
) -> int:
    """Move the largest sums of one item into ``index`` and ``weight``, by index, and clear ``total``.

    Sums are multiplied by ``scale`` where it is not empty. Ties go to the smaller index. Returns how many
    were kept.
    """
    items = np.sort(touched[:n_touched])
    strength = np.empty(n_touched, np.float32)
    for place in range(n_touched):
        item = items[place]
        strength[place] = np.float32(total[item])
        if len(scale):
            strength[place] *= scale[item]
        total[item] = 0.0
    keep = min(len(index), n_touched)
    least = np.float32(0.0)
    spare = keep
    if keep < n_touched:
        least = np.partition(strength, n_touched - keep)[n_touched - keep]
        above = 0
        for place in range(n_touched):
            above += strength[place] > least
        spare = keep - above
    kept = 0
    for place in range(n_touched):
        value = strength[place]
        if value == 0.0:
            continue
        if keep < n_touched:
            if value < least:
                continue
            if value == least:
                if spare == 0:
                    continue
                spare -= 1
        index[kept] = items[place]
        weight[kept] = value
        kept += 1
    return kept
