"""Scoring gradient-boosted trees from plain arrays, many rows at a time.

QuickScorer (Lucchese et al., SIGIR 2015) never walks a tree. Every split owns a mask over the tree's leaves
with zeros for those of its left subtree; a row fails a split where its value exceeds the threshold, and the
*and* of the masks of all failed splits leaves the leaf it falls into as the lowest bit. The order of the
splits does not matter and nothing branches, so a block of rows goes through one split at once, in the
processor's vector registers (the layout of V-QuickScorer, Lucchese et al., SIGIR 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

MAX_LEAVES: Final = 64
BLOCK: Final = 128
"""Rows scored together: their values of a hundred features and their masks stay in the first-level cache."""

Masks = NDArray[np.uint32] | NDArray[np.uint64]
Doubles = NDArray[np.float64]


@intrinsic
def _lowest_bit(context: Any, bits: Any) -> Any:
    """Return how many zeros follow the lowest bit that is set; never called with 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(numba.types.boolean, 1))

    return bits(bits), generate


@numba.njit(cache=True, nogil=True)
def _score_blocks(
    rows: FloatArray,
    share: Doubles,
    baseline: Doubles,
    tree_offset: LongArray,
    node_offset: LongArray,
    leaf_offset: LongArray,
    feature: IntArray,
    threshold: FloatArray,
    mask: Masks,
    missing_left: BoolArray,
    leaf: Doubles,
    out: Doubles,
) -> None:
    """Add ``share * score`` of every model to ``out``, its trees summed in their order."""
    width = rows.shape[1]
    values = np.empty((width, BLOCK), np.float32)
    least, most = np.empty(width, np.float32), np.empty(width, np.float32)
    unknown = np.empty(width, np.bool_)
    bits = np.empty(BLOCK, mask.dtype)
    total = np.empty(BLOCK)
    # Not taken from the masks: where no tree has a split, there are none.
    everything = ~np.zeros(1, mask.dtype)
    for first in range(0, len(rows), BLOCK):
        size = min(BLOCK, len(rows) - first)
        for column in range(width):
            least[column], most[column], unknown[column] = np.inf, -np.inf, False
            for row in range(size):
                value = rows[first + row, column]
                values[column, row] = value
                least[column] = min(least[column], value) if value == value else least[column]
                most[column] = max(most[column], value) if value == value else most[column]
                unknown[column] |= value != value
            # The last block is filled up, so that its loops are as long as the others'.
            for row in range(size, BLOCK):
                values[column, row] = values[column, 0]
        for model in range(len(share)):
            if share[model] == 0.0:
                continue
            total[:] = baseline[model]
            for tree in range(tree_offset[model], tree_offset[model + 1]):
                common = everything[0]
                bits[:] = everything[0]
                for node in range(node_offset[tree], node_offset[tree + 1]):
                    column, limit = feature[node], threshold[node]
                    left = missing_left[node]
                    failed = mask[node]
                    if limit >= most[column] and (left or not unknown[column]):
                        continue
                    if limit < least[column] and not (left and unknown[column]):
                        common &= failed
                        continue
                    own = values[column]
                    if left:
                        for row in range(BLOCK):
                            bits[row] &= failed if own[row] > limit else everything[0]
                    else:
                        # Also true of a missing value, which compares as false.
                        for row in range(BLOCK):
                            bits[row] &= everything[0] if own[row] <= limit else failed
                start = leaf_offset[tree]
                for row in range(BLOCK):
                    total[row] += leaf[start + _lowest_bit(bits[row] & common)]  # type: ignore[call-arg]
            for row in range(size):
                out[first + row] += share[model] * total[row]


@dataclass(frozen=True)
class Forest:
    """The trees of several models, one after the other.

    Attributes
    ----------
    baseline : float64[n_models], what a model says before its first tree
    tree_offset : int64[n_models + 1], the trees of each model
    node_offset, leaf_offset : int64[n_trees + 1], the splits and the leaves of each tree
    feature : int32[n_nodes], column a split looks at
    threshold : float32[n_nodes], a row goes left where its value is not greater
    mask : uint32[n_nodes], or uint64 if a tree has more than 32 leaves; 0 for every leaf of the left subtree
    missing_left : bool[n_nodes], where missing values go
    leaf : float64[n_leaves], log-odds, from left to right
    """

    baseline: Doubles
    tree_offset: LongArray
    node_offset: LongArray
    leaf_offset: LongArray
    feature: IntArray
    threshold: FloatArray
    mask: Masks
    missing_left: BoolArray
    leaf: Doubles

    @classmethod
    def of(cls, models: Sequence[HistGradientBoostingClassifier]) -> Self | None:
        """Copy the trees of fitted binary classifiers; None where a tree does not fit this form.

        That is one with more than 64 leaves or with categorical splits.
        """
        trees = [[stage[0].nodes for stage in model._predictors] for model in models]
        flat = [nodes for own in trees for nodes in own]
        if any(nodes["is_categorical"].any() or nodes["is_leaf"].sum() > MAX_LEAVES for nodes in flat):
            return None
        wide = any(nodes["is_leaf"].sum() > 32 for nodes in flat)
        parts = [_flatten(nodes, np.uint64 if wide else np.uint32) for nodes in flat]
        joined = [np.concatenate([part[index] for part in parts]) for index in range(5)] if parts else []
        if not joined:
            return None
        return cls(
            np.array([model._baseline_prediction[0, 0] for model in models]),
            add_up([len(own) for own in trees]),
            add_up([len(part[0]) for part in parts]),
            add_up([len(part[4]) for part in parts]),
            *joined,
        )

    def score(self, rows: FloatArray, share: Doubles) -> Doubles:
        """Return float64[n]: the models' scores weighed by ``share``, float64[n_models], and added up.

        Equal to the last bit to adding scikit-learn's ``decision_function`` in the same order.
        """
        out = np.zeros(len(rows))
        _score_blocks(
            np.asarray(rows, np.float32),
            np.asarray(share, np.float64),
            self.baseline,
            self.tree_offset,
            self.node_offset,
            self.leaf_offset,
            self.feature,
            self.threshold,
            self.mask,
            self.missing_left,
            self.leaf,
            out,
        )
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(**state)


def add_up(counts: Sequence[int]) -> LongArray:
    """Return int64[n + 1]: where the parts of these sizes begin and end, one after the other."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _flatten(
    nodes: NDArray[Any], dtype: type[np.uint32 | np.uint64]
) -> tuple[IntArray, FloatArray, NDArray[Any], BoolArray, Doubles]:
    """Return feature, threshold, mask and missing_left of a tree's splits, and its leaves' values."""
    leaves: list[float] = []
    splits: list[tuple[int, int]] = []
    everything = (1 << (8 * np.dtype(dtype).itemsize)) - 1

    def visit(node: int) -> None:
        if nodes["is_leaf"][node]:
            leaves.append(nodes["value"][node])
            return
        first = len(leaves)
        visit(int(nodes["left"][node]))
        splits.append((node, everything ^ ((1 << len(leaves)) - (1 << first))))
        visit(int(nodes["right"][node]))

    visit(0)
    index = np.array([node for node, _ in splits], np.int64)
    return (
        nodes["feature_idx"][index].astype(np.int32),
        floor_to_single(nodes["num_threshold"][index]),
        np.array([mask for _, mask in splits], dtype),
        nodes["missing_go_to_left"][index].astype(np.bool_),
        np.array(leaves, np.float64),
    )


def floor_to_single(threshold: Doubles) -> FloatArray:
    """Return the largest float32 not above each threshold: single-precision rows compare with it alike."""
    with np.errstate(over="ignore"):
        nearest = threshold.astype(np.float32)
        below = np.nextafter(nearest, np.float32(-np.inf))
    floored: FloatArray = np.where(nearest > threshold, below, nearest)
    return floored
