"""How sure a mean is: seeded bootstrap intervals and paired differences.

Users are resampled, not rows: where one user is scored several times (pooled cuts) the rows stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.errors import ConfigError
from movierec.evaluation.metrics import DoubleArray
from movierec.schema import IntArray

N_RESAMPLES: Final = 4000
CONFIDENCE: Final = 0.95
_CHUNK_CELLS: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval (percentiles)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean paired difference of two systems, its 95 % interval and two-sided bootstrap p-value."""

    mean: float
    low: float
    high: float
    p_value: float


def resample_means(
    values: DoubleArray, groups: IntArray, seed: int, n_resamples: int = N_RESAMPLES
) -> DoubleArray:
    """Draw users with replacement and return the means of every column in every draw.

    Parameters
    ----------
    values : float64[n, m], one row per scored user, one column per number of interest
    groups : int32[n], the user a row belongs to
    seed : of the draws; equal seeds and groups give equal draws, which is what pairs the columns
    n_resamples : number of draws

    Returns
    -------
    float64[n_resamples, m]
    """
    if len(values) != len(groups) or not len(values):
        raise ConfigError(
            f"values must have one row per group entry and at least one, got {len(values)} and {len(groups)}"
        )
    rng = np.random.default_rng(seed)
    _, member = np.unique(groups, return_inverse=True)
    n_groups = int(member.max()) + 1
    sums = np.zeros((n_groups, values.shape[1] + 1))
    np.add.at(sums, member, np.column_stack((values, np.ones(len(values)))))
    step = max(1, _CHUNK_CELLS // n_groups)
    means = np.empty((n_resamples, values.shape[1]))
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        drawn = rng.integers(n_groups, size=(size, n_groups)) + n_groups * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n_groups).reshape(size, n_groups)
        totals = times @ sums
        means[start : start + size] = totals[:, :-1] / totals[:, -1:]
    return means


def estimate_means(
    values: DoubleArray, groups: IntArray, seed: int, n_resamples: int = N_RESAMPLES
) -> tuple[Interval, ...]:
    """Return the mean and interval of every column of ``values`` (float64[n, m])."""
    low, high = _bounds(resample_means(values, groups, seed, n_resamples))
    mean = values.mean(axis=0)
    return tuple(Interval(*map(float, triple)) for triple in zip(mean, low, high, strict=True))


def compare_paired(
    first: DoubleArray, second: DoubleArray, groups: IntArray, seed: int, n_resamples: int = N_RESAMPLES
) -> Difference:
    """Return how far ``first`` (float64[n]) is above ``second`` on the same users.

    The p-value is twice the smaller share of draws on either side of 0, with one draw added to each side
    so that it is never exactly 0.
    """
    gain = (first - second)[:, None]
    draws = resample_means(gain, groups, seed, n_resamples)
    low, high = _bounds(draws)
    tail = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    p_value = min(1.0, 2 * (tail + 1) / (n_resamples + 1))
    return Difference(float(gain.mean()), float(low[0]), float(high[0]), p_value)


def _bounds(draws: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(draws, [outside, 100 - outside], axis=0)
    return low, high
