"""Exact Shapley values of gradient-boosted trees from plain arrays.

A leaf is reached where every feature on its path lies in an interval. What a feature contributes to a
leaf's value is its Shapley value in the game in which a coalition's features take the row's values and
the others follow the training rows, as in path-dependent TreeSHAP (Lundberg et al., 2020). The sum over
coalitions is an integral of a polynomial: the weight k! (n - 1 - k)! / n! of a coalition of k features
equals the integral of t^k (1 - t)^(n - 1 - k) over [0, 1]. Gauss-Legendre quadrature computes it exactly,
without the sums over subsets or the unwinding of the original algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.ranking.trees import add_up
from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

Doubles = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def _add_leaves(
    rows: FloatArray,
    leaf_share: Doubles,
    leaf_value: Doubles,
    offset: LongArray,
    feature: IntArray,
    low: Doubles,
    high: Doubles,
    missing: BoolArray,
    cover: Doubles,
    point: Doubles,
    weight: Doubles,
    out: Doubles,
) -> None:
    """Add every feature's part of every leaf's part of a score to ``out``; a column is a row's."""
    longest, n = len(point) - 1, rows.shape[1]
    inside, factor = np.empty((longest, n)), np.empty((longest, n))
    product = np.empty(n)
    for leaf in range(len(leaf_value)):
        if leaf_share[leaf] == 0.0:
            continue
        start = offset[leaf]
        length = offset[leaf + 1] - start
        for step in range(length):
            value, bound = rows[feature[start + step]], start + step
            # A bound that is not there is not a number, and no value compares with it.
            for row in range(n):
                fits = (not value[row] <= low[bound]) and (not value[row] > high[bound])
                inside[step, row] = 1.0 if (missing[bound] if value[row] != value[row] else fits) else 0.0
        # The polynomial has a degree less than there are steps: half as many points are exact.
        for q in range((length + 1) // 2):
            t = point[length, q]
            product[:] = weight[length, q] * leaf_share[leaf] * leaf_value[leaf]
            for step in range(length):
                for row in range(n):
                    factor[step, row] = cover[start + step] * (1.0 - t) + inside[step, row] * t
                    product[row] *= factor[step, row]
            for step in range(length):
                added = out[feature[start + step]]
                for row in range(n):
                    added[row] += (inside[step, row] - cover[start + step]) * product[row] / factor[step, row]


@dataclass(frozen=True)
class TreePaths:
    """The way to every leaf of several models, a step for each feature on it.

    Attributes
    ----------
    expected : float64[n_models], mean score of the training rows
    leaf_offset : int64[n_models + 1], the leaves of each model
    value : float64[n_leaves]
    offset : int64[n_leaves + 1], the steps of each leaf
    feature : int32[n_steps]
    low, high : float64[n_steps], a value must be greater than the one and not greater than the other;
        NaN where there is no bound
    missing : bool[n_steps], whether a missing value goes this way
    cover : float64[n_steps], share of the training rows that go this way of those that come here
    """

    expected: Doubles
    leaf_offset: LongArray
    value: Doubles
    offset: LongArray
    feature: IntArray
    low: Doubles
    high: Doubles
    missing: BoolArray
    cover: Doubles

    @classmethod
    def of(cls, models: Sequence[HistGradientBoostingClassifier]) -> Self:
        """Copy the paths of fitted binary classifiers without categorical splits."""
        expected, counts = [], []
        leaves: list[tuple[float, dict[int, _Step]]] = []
        for model in models:
            first = len(leaves)
            for stage in model._predictors:
                leaves += _walk(stage[0].nodes)
            counts.append(len(leaves) - first)
            mean = sum(
                value * float(np.prod([s.cover for s in steps.values()])) for value, steps in leaves[first:]
            )
            expected.append(float(model._baseline_prediction[0, 0]) + mean)
        steps = [step for _, path in leaves for step in path.values()]
        return cls(
            np.array(expected),
            add_up(counts),
            np.array([value for value, _ in leaves]),
            add_up([len(path) for _, path in leaves]),
            np.array([feature for _, path in leaves for feature in path], np.int32),
            np.array([step.low for step in steps], np.float64),
            np.array([step.high for step in steps], np.float64),
            np.array([step.missing for step in steps], np.bool_),
            np.array([step.cover for step in steps], np.float64),
        )

    def contribute(self, rows: FloatArray, share: Doubles) -> tuple[float, Doubles]:
        """Return base and float64[n, n_features]: they add up to the models' scores weighed by ``share``."""
        point, weight = _tabulate_points(int(np.diff(self.offset).max(initial=0)))
        values = np.zeros(rows.shape[::-1])
        _add_leaves(
            np.ascontiguousarray(rows.T, np.float32),
            np.repeat(np.asarray(share, np.float64), np.diff(self.leaf_offset)),
            self.value,
            self.offset,
            self.feature,
            self.low,
            self.high,
            self.missing,
            self.cover,
            point,
            weight,
            values,
        )
        return float(share @ self.expected), values.T

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(**state)


@dataclass(frozen=True)
class _Step:
    """What a path asks of one feature."""

    low: float = np.nan
    high: float = np.nan
    missing: bool = True
    cover: float = 1.0

    def turn(self, left: bool, threshold: float, missing_left: bool, cover: float) -> _Step:
        """Return the step after one more split on its feature."""
        return _Step(
            self.low if left else float(np.fmax(self.low, threshold)),
            float(np.fmin(self.high, threshold)) if left else self.high,
            self.missing and missing_left == left,
            self.cover * cover,
        )


def _walk(nodes: NDArray[Any]) -> list[tuple[float, dict[int, _Step]]]:
    """Return value and steps by feature of every leaf, from left to right."""
    leaves: list[tuple[float, dict[int, _Step]]] = []
    waiting: list[tuple[int, dict[int, _Step]]] = [(0, {})]
    while waiting:
        index, path = waiting.pop()
        node = nodes[index]
        if node["is_leaf"]:
            leaves.append((float(node["value"]), path))
            continue
        feature = int(node["feature_idx"])
        for side, left in (("right", False), ("left", True)):
            child = int(node[side])
            cover = float(nodes["count"][child]) / float(node["count"])
            step = path.get(feature, _Step()).turn(
                left, float(node["num_threshold"]), bool(node["missing_go_to_left"]), cover
            )
            waiting.append((child, {**path, feature: step}))
    return leaves


def _tabulate_points(longest: int) -> tuple[Doubles, Doubles]:
    """Return points in [0, 1] and weights, float64[longest + 1, ...], for paths of every length."""
    shape = (longest + 1, (longest + 1) // 2)
    point, weight = np.zeros(shape), np.zeros(shape)
    for length in range(1, longest + 1):
        count = (length + 1) // 2
        nodes, own = np.polynomial.legendre.leggauss(count)
        point[length, :count], weight[length, :count] = (nodes + 1.0) / 2.0, own / 2.0
    return point, weight
