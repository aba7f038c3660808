"""What a policy would be worth, estimated from lists that another policy showed.

Lists are logged by a Plackett-Luce policy: places are filled one after the other, each film drawn with a
chance proportional to its weight among those left. Its propensities are known exactly. With ``theta[k]`` the
chance that place k is looked at, a film shown at place j is clicked with chance ``theta[j] * attraction``
(position-based model), so every click is weighted by

    w(film) = sum_k theta[k] * target(film at k) / sum_k theta[k] * logging(film at k)

- IPS, inverse propensity scoring: the mean of weighted clicks; unbiased.
- SNIPS: the same over the mean weight looked at, times what that is on average; slightly biased, steadier
  (Swaminathan and Joachims, NeurIPS 2015).
- DR, doubly robust: a model of the attraction, corrected by the weighted error it makes on the log; unbiased
  whatever the model, and the steadier the better it is (Dudík, Langford and Li, ICML 2011).

Item-position weights: Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen, "Offline evaluation of
ranking policies with click models", KDD 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.errors import ConfigError
from movierec.evaluation.metrics import DoubleArray
from movierec.schema import IntArray

_MOST_CANDIDATES: Final = 14


@dataclass(frozen=True)
class Log:
    """Lists that a logging policy showed, over ``n`` candidates each, of which ``k`` were shown.

    Attributes
    ----------
    shown : int32[visits, k], position among the candidates of the film at each place
    clicked : float64[visits, k]
    propensity : float64[n, k], chance of each candidate at each place; the same for all visits
    examine : float64[k], chance that each place is looked at
    """

    shown: IntArray
    clicked: DoubleArray
    propensity: DoubleArray
    examine: DoubleArray


def list_propensities(weight: DoubleArray, k: int) -> DoubleArray:
    """Return float64[n, k]: the exact chance that Plackett-Luce puts each of n candidates at each place.

    Goes through all sets of candidates, so n is at most 14.
    """
    n = len(weight)
    if not 1 <= k <= n <= _MOST_CANDIDATES or not (weight > 0).all():
        raise ConfigError(
            f"weights must be above 0 for 1 <= k <= n <= {_MOST_CANDIDATES} candidates, got n={n}, k={k}"
        )
    sets = np.arange(1 << n)
    member = (sets[:, None] >> np.arange(n)) & 1
    size = member.sum(axis=1)
    left = np.maximum(weight.sum() - member @ weight, np.finfo(float).tiny)
    reached = np.zeros(1 << n)
    reached[0] = 1.0
    chance = np.zeros((n, k))
    for place in range(k):
        now = np.flatnonzero(size == place)
        for item in range(n):
            without = now[member[now, item] == 0]
            drawn = reached[without] * weight[item] / left[without]
            chance[item, place] = drawn.sum()
            np.add.at(reached, without | (1 << item), drawn)
    return chance


def draw_lists(weight: DoubleArray, k: int, n_visits: int, rng: np.random.Generator) -> IntArray:
    """Return int32[n_visits, k]: lists drawn by Plackett-Luce (with Gumbel noise, best first)."""
    noisy = np.log(weight) + rng.gumbel(size=(n_visits, len(weight)))
    return np.argsort(-noisy, axis=1)[:, :k].astype(np.int32)


def weigh(log: Log, target: IntArray) -> DoubleArray:
    """Return float64[visits, k]: the weight of every shown film for the target's lists (int32[visits, k])."""
    logged = log.propensity @ log.examine
    wanted = np.zeros((len(target), len(logged)))
    np.put_along_axis(wanted, target, np.broadcast_to(log.examine, target.shape), axis=1)
    weights: DoubleArray = np.take_along_axis(wanted / logged, log.shown, axis=1)
    return weights


def estimate_ips(log: Log, target: IntArray) -> DoubleArray:
    """Return float64[visits], whose mean is the IPS estimate of clicks per visit of the target."""
    return np.asarray((weigh(log, target) * log.clicked).sum(axis=1), np.float64)


def estimate_snips(log: Log, target: IntArray) -> float:
    """Return the self-normalised estimate of clicks per visit of the target."""
    weights = weigh(log, target)
    looked_at = (weights * log.examine).sum()
    return float(log.examine.sum() * (weights * log.clicked).sum() / looked_at) if looked_at else 0.0


def estimate_dr(log: Log, target: IntArray, attraction: DoubleArray) -> DoubleArray:
    """Return float64[visits], whose mean is the doubly robust estimate.

    ``attraction`` (float64[visits, n]) is what a model expects of each candidate, if it is looked at; it must
    not have seen the clicks of the visit it is used for.
    """
    expected = np.take_along_axis(attraction, target, axis=1) @ log.examine
    surprise = log.clicked - log.examine * np.take_along_axis(attraction, log.shown, axis=1)
    return np.asarray(expected + (weigh(log, target) * surprise).sum(axis=1), np.float64)


def fit_attraction(log: Log, film: IntArray, n_films: int, n_folds: int = 2) -> DoubleArray:
    """Return float64[visits, n]: the click rate of each candidate's film, smoothed, from the other folds.

    ``film`` (int32[visits, n]) names the candidates of each visit.
    """
    fold = np.arange(len(film)) % n_folds
    shown = np.take_along_axis(film, log.shown, axis=1)
    looked_at = np.broadcast_to(log.examine, shown.shape)
    attraction = np.empty(film.shape)
    for held in range(n_folds):
        others = fold != held
        clicks = np.bincount(shown[others].ravel(), log.clicked[others].ravel(), n_films)
        looks = np.bincount(shown[others].ravel(), looked_at[others].ravel(), n_films)
        base = clicks.sum() / max(looks.sum(), 1.0)
        rate = (clicks + 5 * base) / (looks + 5)
        attraction[~others] = rate[film[~others]]
    return attraction
