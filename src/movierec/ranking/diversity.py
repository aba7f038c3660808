"""Diversity: maximal marginal relevance over what films are and who watches them."""

from __future__ import annotations

from typing import Final

import numpy as np

from movierec.schema import FloatArray, LongArray

POOL: Final = 200
"""Best items that may move up; further ones are too weak to be worth the variety."""


def diversify(score: FloatArray, vectors: FloatArray, k: int, diversity: float) -> LongArray:
    """Return positions of ``k`` items, chosen one by one for relevance and for being unlike the others.

    Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998):
    ``(1 - d) * relevance - d * max similarity to the chosen``. With ``diversity`` 0 the order stays.

    Parameters
    ----------
    score : float32[n], descending
    vectors : float32[n, f], unit rows; similarity is their inner product
    """
    pool = min(max(POOL, k), len(score))
    if diversity <= 0 or pool <= 1:
        return np.arange(min(k, len(score)))
    relevance = score[:pool].astype(np.float64)
    spread = relevance[0] - relevance[-1]
    relevance = (relevance - relevance[-1]) / spread if spread > 0 else np.ones(pool)
    chosen = np.empty(min(k, pool), np.int64)
    open_ = np.ones(pool, np.bool_)
    closest = np.zeros(pool)
    for place in range(len(chosen)):
        gain = (1.0 - diversity) * relevance - diversity * closest
        best = int(np.argmax(np.where(open_, gain, -np.inf)))
        chosen[place] = best
        open_[best] = False
        closest = np.maximum(closest, vectors[:pool] @ vectors[best])
    return chosen
