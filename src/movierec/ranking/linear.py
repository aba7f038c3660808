"""The plain half of the ranker: a weighted sum of what the sources and their views say.

On inner splits it alone is as good as the trees where people go on (leave-one-out: .162 against .158 on
ml-100k, .102 against .104 on ml-latest-small), far better where there are few examples (return visits:
.162 against .129), and the two err differently: blended they beat either. It fits in a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.ranking.features import STANDARDISED
from movierec.schema import BoolArray, FloatArray, LongArray

Doubles = NDArray[np.float64]

BOUNDS: Final = (-5.0, 8.0)
"""Standardised scores are cut here: a source that proposes a handful of titles lifts them by twenty."""

PENALTY_INVERSE: Final = 0.02
"""C of the logistic regression; .003 to .1 differ by less than .005."""


@dataclass(frozen=True)
class Examples:
    """What one head learns from.

    Attributes
    ----------
    features : float32[n, n_features]
    label : bool[n], both kinds
    weight : float32[n]
    penalty_inverse : C of the logistic regression
    """

    features: FloatArray
    label: BoolArray
    weight: FloatArray
    penalty_inverse: float = PENALTY_INVERSE


@dataclass(frozen=True)
class LinearPart:
    """Logistic regressions on the standardised scores, one for each head; plain arrays, no pickle.

    Attributes
    ----------
    share : of the score that is linear, the rest is the trees'
    weight : float64[n_heads, len(STANDARDISED)]
    bias : float64[n_heads], log-odds where every score is the mean of its list
    centre : float64[n_heads, len(STANDARDISED)], mean input of the training rows, which contributions
        are told against
    """

    share: float
    weight: Doubles
    bias: Doubles
    centre: Doubles

    @classmethod
    def fit(cls, share: float, parts: Sequence[Examples]) -> Self:
        """Learn from the examples of every head."""
        from sklearn.linear_model import LogisticRegression

        found: list[tuple[Doubles, float, Doubles]] = []
        for part in parts:
            inputs = _read(part.features)
            centre, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-6)
            importance = part.weight / part.weight.mean()
            model = LogisticRegression(C=part.penalty_inverse, max_iter=200)
            model.fit((inputs - centre) / scale, part.label, sample_weight=importance)
            slope = model.coef_[0] / scale
            found.append((slope, float(model.intercept_[0] - slope @ centre), centre))
        weights, biases, centres = zip(*found, strict=True)
        return cls(share, np.stack(weights), np.array(biases), np.stack(centres))

    def score(self, rows: FloatArray, blend: Doubles) -> Doubles:
        """Return float64[n]: the heads' log-odds weighed by ``blend``, float64[n_heads], and added up."""
        # Not a matrix product: a row must score the same to the last bit in any batch.
        summed: Doubles = np.einsum("ij,j->i", _read(rows), blend @ self.weight)
        return summed + float(blend @ self.bias)

    def contribute(self, rows: FloatArray, blend: Doubles) -> tuple[float, Doubles]:
        """Return base and float64[n, n_features]; they add up to :meth:`score`."""
        values = np.zeros(rows.shape)
        inputs, base = _read(rows), 0.0
        for part, weight, bias, centre in zip(blend, self.weight, self.bias, self.centre, strict=True):
            values[:, STANDARDISED] += part * weight * (inputs - centre)
            base += float(part * (bias + weight @ centre))
        return base, values

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {
            "share": np.array([self.share]),
            "weight": self.weight,
            "bias": self.bias,
            "centre": self.centre,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(float(state["share"][0]), state["weight"], state["bias"], state["centre"])


def _read(rows: FloatArray) -> Doubles:
    """Return the standardised scores within bounds; an unknown one counts as the mean of its list."""
    # In row order whatever the rows' own: the order of memory decides how einsum adds up.
    inputs = np.empty((len(rows), len(STANDARDISED)))
    _copy_within(rows.T, STANDARDISED, *BOUNDS, inputs)
    return inputs


@numba.njit(cache=True, nogil=True)
def _copy_within(columns: FloatArray, wanted: LongArray, low: float, high: float, out: Doubles) -> None:
    for place in range(len(wanted)):
        column = columns[wanted[place]]
        for row in range(len(column)):
            value = float(column[row])
            known = value if value == value else 0.0
            out[row, place] = min(max(known, low), high)
