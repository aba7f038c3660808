"""A test that may be looked at after every observation, and still errs at most as often as it says.

Testing by betting: under the null hypothesis nobody can grow money by betting against it. The capital of a
gambler whose stakes depend on the past alone is a non-negative martingale that starts at 1, so by Ville's
inequality it ever reaches 1/alpha with probability at most alpha, whenever one looks and stops. Capital of
two gamblers, one on each side, is averaged. All hypothetical means whose capital never reached 1/alpha form
a confidence sequence, valid at all times at once. No normality is assumed, only bounds.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86(1), 2024 (their hedged capital process with predictable plug-in stakes); Ville,
"Étude critique de la notion de collectif", 1939.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.errors import ConfigError
from movierec.evaluation.metrics import DoubleArray
from movierec.schema import LongArray

_MOST_STAKED: Final = 0.5
"""Share of the capital that may be lost at once."""

_GRID: Final = 801
_BLOCKS: Final = 40
"""The grid is gone through in parts, since the capital against every mean at every time is large."""


@dataclass(frozen=True)
class SequentialTest:
    """The outcome of a test that the mean is 0.

    Attributes
    ----------
    e_value : float64[n], capital after each observation; 1/alpha or more speaks against 0
    decided_after : number of observations after which it first did, None if it never did
    """

    e_value: DoubleArray
    decided_after: int | None


@dataclass(frozen=True)
class ConfidenceSequence:
    """Intervals for the mean at chosen times; together they hold with probability 1 - alpha."""

    times: LongArray
    low: DoubleArray
    high: DoubleArray


def judge_zero_mean(values: DoubleArray, alpha: float = 0.05) -> SequentialTest:
    """Test that observations in [-1, 1], in the order they came, have mean 0 given their past."""
    scaled = _scale(values, alpha)
    capital = np.exp(_log_capital(scaled, np.array([0.5]), alpha)[:, 0])
    reached = np.flatnonzero(capital >= 1 / alpha)
    return SequentialTest(capital, int(reached[0]) + 1 if len(reached) else None)


def bound_mean(values: DoubleArray, times: LongArray, alpha: float = 0.05) -> ConfidenceSequence:
    """Return the confidence sequence for the mean of observations in [-1, 1].

    ``times`` are numbers of observations, ascending, from 1. Bounds are those of a grid of 801 means,
    rounded outwards, and never widen.
    """
    scaled = _scale(values, alpha)
    means = np.linspace(0, 1, _GRID)
    step = means[1]
    rejected = np.concatenate(
        [
            np.maximum.accumulate(_log_capital(scaled, block, alpha), axis=0)[times - 1] >= np.log(1 / alpha)
            for block in np.array_split(means, _BLOCKS)
        ],
        axis=1,
    )
    low, high = np.empty(len(times)), np.empty(len(times))
    kept = means
    for place, gone in enumerate(rejected):
        # Where every mean is rejected, the last that stood remain: an empty interval says nothing.
        kept = means[~gone] if not gone.all() else kept
        low[place], high[place] = max(kept[0] - step, 0), min(kept[-1] + step, 1)
    return ConfidenceSequence(times, 2 * low - 1, 2 * high - 1)


def _scale(values: DoubleArray, alpha: float) -> DoubleArray:
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie between 0 and 1, got {alpha}")
    if len(values) and not (np.abs(values) <= 1).all():
        raise ConfigError("values must lie in [-1, 1], so that bets on them are fair")
    scaled: DoubleArray = (values + 1) / 2
    return scaled


def _log_capital(scaled: DoubleArray, means: DoubleArray, alpha: float) -> DoubleArray:
    """Return float64[n, m]: the hedged capital against each mean after each observation in [0, 1]."""
    count = np.arange(1, len(scaled) + 1)
    centre = (0.5 + np.cumsum(scaled)) / (count + 1)
    spread = (0.25 + np.cumsum((scaled - centre) ** 2)) / (count + 1)
    # Stakes know what came before, never the observation they are placed on.
    before = np.concatenate(([0.25], spread[:-1])) if len(scaled) else spread
    stake = np.sqrt(2 * np.log(2 / alpha) / (before * count * np.log(count + 1)))[:, None]
    gain = scaled[:, None] - means
    with np.errstate(divide="ignore"):
        up = np.minimum(stake, _MOST_STAKED / means)
        down = np.minimum(stake, _MOST_STAKED / (1 - means))
    rising = np.cumsum(np.log1p(up * gain), axis=0)
    falling = np.cumsum(np.log1p(-down * gain), axis=0)
    hedged: DoubleArray = np.logaddexp(rising, falling) - np.log(2)
    return hedged
