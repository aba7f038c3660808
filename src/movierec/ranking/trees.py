"""Scoring gradient-boosted trees from plain arrays, many rows at a time.

QuickScorer (Lucchese et al., SIGIR 2015) never walks a tree. Every split owns a mask over the tree's leaves
with zeros for those of its left subtree; a row fails a split where its value exceeds the threshold, and the
*and* of the masks of all failed splits leaves the leaf it falls into as the lowest bit. The order of the
splits does not matter and no row branches, so a block of rows goes through one split at once, in the
processor's vector registers (V-QuickScorer, Lucchese et al., SIGIR 2016); :mod:`movierec.ranking.planes`
says how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.planes import BLOCK, Planes, add_scores, encode
from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

MAX_LEAVES: Final = 64
Masks = NDArray[np.uint32] | NDArray[np.uint64]
Doubles = NDArray[np.float64]


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
        n = len(rows)
        out = np.zeros(n)
        if not n:
            return out
        columns = np.ascontiguousarray(np.asarray(rows, np.float32).T)
        width = len(columns)
        planes = self._arrange(width)
        codes = np.empty((2 * width, -(-n // BLOCK) * BLOCK), np.uint8)
        source = np.full(2 * width, -1, np.int64)
        share = np.asarray(share, np.float64)
        for group in planes.groups:
            if not share[group.models].any():
                continue
            encode(columns, group.used, group.levels, group.count, codes, source)
            add_scores(
                codes,
                source,
                n,
                group.models,
                share,
                self.baseline,
                self.tree_offset,
                self.node_offset,
                self.leaf_offset,
                planes.column,
                planes.level,
                planes.span,
                planes.mask,
                planes.size,
                self.leaf,
                out,
            )
        return out

    def _arrange(self, width: int) -> Planes:
        """Return the form the scorer reads for rows of this width, made once."""
        planes = self.__dict__.get("_planes")
        if planes is None or planes.width != width:
            planes = Planes.of(
                width,
                self.tree_offset,
                self.node_offset,
                self.leaf_offset,
                self.feature,
                self.threshold,
                self.mask,
                self.missing_left,
            )
            self.__dict__["_planes"] = planes
        return planes

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
