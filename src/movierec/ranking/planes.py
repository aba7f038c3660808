"""Trees as the scorer reads them: bytes instead of numbers, so that one instruction handles many rows.

Three things make QuickScorer (see :mod:`movierec.ranking.trees`) several times faster than on floats:

- A value is replaced by how many of its column's thresholds lie below it, a byte, as scikit-learn has at
  most 255 bins; comparing those bytes says the same as comparing the numbers. Models fitted on other rows
  have other thresholds: they form groups whose columns have no more than a byte can count.
- Leaf masks are cut into planes of eight leaves. A split clears the leaves of its left subtree, few and
  side by side, so mostly one plane is touched (RapidScorer, Ye et al., KDD 2018).
- Splits stand in preorder with the leaves of their subtree. Where all rows of a block go one way, as on
  what is known of the viewer, the other subtree is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

BLOCK: Final = 512
"""Rows scored together: a whole list at once measured best, and the planes still stay in the first cache."""

MAX_LEVELS: Final = 254
"""Thresholds of a column in a group: a byte counts to 255, which stands for a missing value."""

_SLOTS: Final = 255
"""Length of a column's list of thresholds, filled up with infinity for the bisection."""

Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]


@intrinsic
def _lowest_bit(context: Any, bits: Any) -> Any:
    """Return how many zeros follow the lowest bit that is set; never called with 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(numba.types.boolean, 1))

    return bits(bits), generate


@intrinsic
def _clear_failed(context: Any, codes: Any, at: Any, limit: Any, planes: Any, plane: Any, kept: Any) -> Any:
    """Do ``plane &= kept`` where ``codes > limit``, for a block of bytes at once.

    Written out because the compiler would guard a loop against overlapping arrays, which costs as much as
    the loop.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        own, first, bound, bits, row, mask = arguments
        byte, word = ir.IntType(8), ir.IntType(64)
        block = ir.VectorType(byte, BLOCK)

        def point(kind: Any, array: Any, offset: Any) -> Any:
            data = context.make_array(kind)(context, builder, array).data
            base = builder.ptrtoint(data, word)
            return builder.inttoptr(builder.add(base, offset), block.as_pointer())

        def spread(value: Any) -> Any:
            one = builder.insert_element(ir.Constant(block, ir.Undefined), value, ir.Constant(word, 0))
            return builder.shuffle_vector(
                one, ir.Constant(block, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), None)
            )

        values = builder.load(point(signature.args[0], own, first), align=1)
        target = point(signature.args[3], bits, builder.mul(row, ir.Constant(word, BLOCK)))
        before = builder.load(target, align=1)
        failed = builder.icmp_unsigned(">", values, spread(bound))
        after = builder.select(failed, builder.and_(before, spread(mask)), before)
        builder.store(after, target, align=1)
        return context.get_dummy_value()

    wide, small = numba.types.int64, numba.types.uint8
    return numba.types.void(codes, wide, small, planes, wide, small), generate


@numba.njit(cache=True, nogil=True)
def encode(
    rows: FloatArray, used: IntArray, levels: FloatArray, count: IntArray, codes: Bytes, source: LongArray
) -> None:
    """Fill ``codes`` with how many thresholds lie below each value of the used columns.

    A missing value is 255 in the first half of ``codes``, more than any threshold, and 0 in the second,
    which is filled and pointed to by ``source`` only where something is missing.
    """
    width, n = len(rows), rows.shape[1]
    below = np.empty(n, np.uint32)
    for place in range(len(used)):
        column = used[place]
        own, sorted_ = rows[column], levels[place]
        out = codes[column]
        same = True
        for row in range(n):
            same &= own[row] == own[0]
        length = 1 if same else n
        # Every 16th threshold is compared with many values at once, the last four steps of a bisection are
        # taken value by value: looking up a different threshold for each of many values is what costs.
        below[:length] = 0
        for pivot in range(15, count[place], 16):
            limit = sorted_[pivot]
            for row in range(length):
                below[row] += np.uint32(16) if limit < own[row] else np.uint32(0)
        missing = False
        for row in range(length):
            value, low = own[row], below[row]
            low += np.uint32(8) if sorted_[low + np.uint32(7)] < value else np.uint32(0)
            low += np.uint32(4) if sorted_[low + np.uint32(3)] < value else np.uint32(0)
            low += np.uint32(2) if sorted_[low + np.uint32(1)] < value else np.uint32(0)
            low += np.uint32(1) if sorted_[low] < value else np.uint32(0)
            unknown = value != value
            missing |= unknown
            out[row] = np.uint8(255) if unknown else np.uint8(low)
        if same:
            out[1:n] = out[0]
        # The last block is filled up with a row that is there, so that it widens no range.
        out[n:] = out[0]
        source[column] = column
        source[width + column] = column
        if missing:
            other = codes[width + column]
            source[width + column] = width + column
            for row in range(len(out)):
                other[row] = np.uint8(0) if out[row] == 255 else out[row]


@numba.njit(cache=True, nogil=True)
def add_scores(
    codes: Bytes,
    source: LongArray,
    n: int,
    models: LongArray,
    share: Doubles,
    baseline: Doubles,
    tree_offset: LongArray,
    node_offset: LongArray,
    leaf_offset: LongArray,
    column: IntArray,
    level: Bytes,
    span: Words,
    mask: Words,
    size: IntArray,
    leaf: Doubles,
    out: Doubles,
) -> None:
    """Add ``share * score`` of every model of a group to ``out``, its trees summed in their order."""
    everything = ~np.uint64(0)
    planes = np.empty((8, BLOCK), np.uint8)
    total = np.empty(BLOCK)
    least, most = np.zeros(len(codes), np.uint8), np.zeros(len(codes), np.uint8)
    for start in range(0, n, BLOCK):
        for half in range(len(source)):
            at = source[half]
            if at < 0:
                continue
            low, high = np.uint8(255), np.uint8(0)
            for row in range(start, start + BLOCK):
                low = min(low, codes[at, row])
                high = max(high, codes[at, row])
            least[half], most[half] = low, high
        for model in models:
            if share[model] == 0.0:
                continue
            total[:] = baseline[model]
            for tree in range(tree_offset[model], tree_offset[model + 1]):
                base = leaf_offset[tree]
                n_planes = (leaf_offset[tree + 1] - base + 7) // 8
                alive = everything
                planes[:n_planes] = np.uint8(255)
                node, stop = node_offset[tree], node_offset[tree + 1]
                while node < stop:
                    if (alive & span[node]) == 0:
                        node += size[node]
                        continue
                    own, limit = column[node], level[node]
                    kept = mask[node]
                    if least[own] > limit:
                        alive &= kept
                    elif most[own] <= limit:
                        alive &= ~(span[node] & kept)
                    else:
                        cleared = ~kept & alive
                        at = source[own] * codes.shape[1] + start
                        plane = 0
                        while cleared:
                            if cleared & 255:
                                byte = np.uint8((kept >> np.uint64(8 * plane)) & np.uint64(255))
                                _clear_failed(codes, at, limit, planes, plane, byte)  # type: ignore[call-arg]
                            cleared >>= np.uint64(8)
                            plane += 1
                    node += 1
                if n_planes <= 4:
                    common = np.uint32(alive & np.uint64(0xFFFFFFFF))
                    for row in range(BLOCK):
                        bits = np.uint32(planes[0, row])
                        bits |= np.uint32(planes[1, row]) << np.uint32(8)
                        bits |= np.uint32(planes[2, row]) << np.uint32(16)
                        bits |= np.uint32(planes[3, row]) << np.uint32(24)
                        total[row] += leaf[base + _lowest_bit(np.uint32(bits & common))]  # type: ignore[call-arg]
                else:
                    for row in range(BLOCK):
                        bits64 = np.uint64(0)
                        for plane in range(n_planes):
                            bits64 |= np.uint64(planes[plane, row]) << np.uint64(8 * plane)
                        total[row] += leaf[base + _lowest_bit(np.uint64(bits64 & alive))]  # type: ignore[call-arg]
            for row in range(min(BLOCK, n - start)):
                out[start + row] += share[model] * total[row]


@numba.njit(cache=True, nogil=True)
def _arrange(
    node_offset: LongArray,
    leaf_offset: LongArray,
    cleared: Words,
    order: LongArray,
    span: Words,
    size: IntArray,
) -> None:
    """List the splits of every tree in preorder, with the leaves and the splits of their subtrees.

    They come from left to right, each with the leaves of its left subtree as ones in ``cleared``. The root
    of what hangs over some leaves is the last split whose left subtree begins with the first of them.
    """
    begin = np.empty(64, np.int64)
    end = np.empty(64, np.int64)
    first = np.empty(64, np.int64)
    for tree in range(len(node_offset) - 1):
        start = node_offset[tree]
        count = node_offset[tree + 1] - start
        for node in range(count):
            bits = cleared[start + node]
            zeros = 0
            while not bits & np.uint64(1):
                bits >>= np.uint64(1)
                zeros += 1
            first[node] = zeros
        place, waiting = start, 1
        begin[0], end[0] = 0, count
        while waiting:
            waiting -= 1
            low, high = begin[waiting], end[waiting]
            if low >= high:
                continue
            root = high - 1
            while first[root] != low:
                root -= 1
            order[place] = start + root
            size[place] = high - low
            span[place] = (~np.uint64(0) >> np.uint64(63 - (high - low))) << np.uint64(low)
            place += 1
            begin[waiting], end[waiting] = root + 1, high
            begin[waiting + 1], end[waiting + 1] = low, root
            waiting += 2


@dataclass(frozen=True)
class Group:
    """Models whose columns have no more thresholds together than a byte can count.

    Attributes
    ----------
    models : int64[n], positions
    used : int32[c], columns their splits look at
    levels : float32[c, 255], thresholds of each, ascending, infinity behind them
    count : int32[c], how many there are
    """

    models: LongArray
    used: IntArray
    levels: FloatArray
    count: IntArray


@dataclass(frozen=True)
class Planes:
    """The splits of a forest in preorder.

    Attributes
    ----------
    groups : models by the thresholds they share
    column : int32[n_nodes], the column plus, where missing values go left, ``width``
    level : uint8[n_nodes], position of the threshold among those of its column
    span, mask : uint64[n_nodes], ones for the leaves below a split; zeros for those of its left subtree
    size : int32[n_nodes], splits of the subtree
    width : columns of a row
    """

    groups: tuple[Group, ...]
    column: IntArray
    level: Bytes
    span: Words
    mask: Words
    size: IntArray
    width: int

    @classmethod
    def of(
        cls,
        width: int,
        tree_offset: LongArray,
        node_offset: LongArray,
        leaf_offset: LongArray,
        feature: IntArray,
        threshold: FloatArray,
        mask: NDArray[Any],
        missing_left: BoolArray,
    ) -> Self:
        """Derive everything from splits that stand from left to right, as a forest has them."""
        cleared = (~mask).astype(np.uint64)
        order = np.empty(len(feature), np.int64)
        span, size = np.empty(len(feature), np.uint64), np.empty(len(feature), np.int32)
        _arrange(node_offset, leaf_offset, cleared, order, span, size)
        bounds = node_offset[tree_offset]
        level = np.zeros(len(feature), np.uint8)
        groups: list[Group] = []
        start = 0
        while start < len(tree_offset) - 1:
            stop = start + 1
            group = _gather(start, stop, bounds, feature, threshold, level)
            while stop < len(tree_offset) - 1:
                wider = _gather(start, stop + 1, bounds, feature, threshold, level)
                if wider is None:
                    break
                group, stop = wider, stop + 1
            if group is None:
                raise ValueError(f"a column of model {start} has more than {MAX_LEVELS} thresholds")
            groups.append(group)
            start = stop
        column = (feature + width * missing_left.astype(np.int32)).astype(np.int32)
        return cls(tuple(groups), column[order], level[order], span, ~cleared[order], size, width)


def _gather(
    start: int, stop: int, bounds: LongArray, feature: IntArray, threshold: FloatArray, level: Bytes
) -> Group | None:
    """Return the group of these models and write the levels of its splits; None where they are too many."""
    rows = slice(int(bounds[start]), int(bounds[stop]))
    own, limit = feature[rows], threshold[rows]
    by_column = np.lexsort((limit, own))
    fresh_column = np.diff(own[by_column], prepend=-1) != 0
    ascending = limit[by_column]
    fresh = fresh_column.copy()
    fresh[1:] |= ascending[1:] != ascending[:-1]
    used = own[by_column][fresh_column]
    place = np.cumsum(fresh_column) - 1
    distinct = np.cumsum(fresh) - 1
    rank = distinct - (distinct[fresh_column][place] if len(place) else place)
    count = np.bincount(place[fresh], minlength=len(used)).astype(np.int32)
    if len(count) and count.max() > MAX_LEVELS:
        return None
    levels = np.full((len(used), _SLOTS), np.inf, np.float32)
    levels[place[fresh], rank[fresh]] = limit[by_column][fresh]
    written = np.empty(len(own), np.uint8)
    written[by_column] = rank
    level[rows] = written
    return Group(np.arange(start, stop, dtype=np.int64), used.astype(np.int32), levels, count)
