"""Gradients of LambdaMART on queries whose negatives were thinned out.

LambdaRank weighs a pair of rows by how much swapping them would change NDCG (Burges, "From RankNet to
LambdaRank to LambdaMART", MSR-TR-2010-82). That takes the places of both in the whole list. Where only a
share of the negatives was kept, each of those stands for several: it counts as often in the pairs, and
it moves what is below it down by as many places. Without that, a positive deep in the list would only
ever be compared with the strong negatives, and the model would learn that weak candidates are good.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import FloatArray, LongArray

DoubleArray = NDArray[np.float64]


@numba.njit(cache=True)
def _read(sums: DoubleArray, place: float) -> float:
    """Interpolate between whole places: importance need not be whole."""
    whole = int(place)
    return float(sums[whole] + (place - whole) * (sums[whole + 1] - sums[whole]))


@numba.njit(cache=True)
def add_lambdas(
    score: DoubleArray,
    gain: FloatArray,
    weight: FloatArray,
    offsets: LongArray,
    truncation: float,
    gradient: DoubleArray,
    hessian: DoubleArray,
) -> None:
    """Write the first and second derivatives of the loss with respect to each score.

    Parameters
    ----------
    score : float64[n], current scores, rows grouped by query
    gain : float32[n], what a row adds to DCG before the discount; 0 for negatives
    weight : float32[n], importance; of a negative, how many it stands for
    offsets : int64[n_queries + 1], bounds of the queries
    truncation : pairs wholly below this place are left alone
    gradient, hessian : float64[n], overwritten
    """
    gradient[:] = 0.0
    hessian[:] = 0.0
    deepest = 2
    for query in range(len(offsets) - 1):
        total = 0.0
        for row in range(offsets[query], offsets[query + 1]):
            total += 1.0 if gain[row] > 0.0 else weight[row]
        deepest = max(deepest, int(total) + 3)
    # Sums of the discounts of the first places, to average over those a thinned negative takes.
    sums = np.zeros(deepest)
    for index in range(1, deepest):
        sums[index] = sums[index - 1] + 1.0 / np.log2(1.0 + index)
    for query in range(len(offsets) - 1):
        start, stop = offsets[query], offsets[query + 1]
        order = np.argsort(-score[start:stop], kind="mergesort") + start
        size = stop - start
        discount = np.empty(size)
        place = np.empty(size)
        above = 0.0
        for index in range(size):
            row = order[index]
            # Positives are all there, whatever they weigh; thinned negatives stand for several.
            stands_for = 1.0 if gain[row] > 0.0 else weight[row]
            place[index] = above + 0.5 * (stands_for + 1.0)
            below = above + stands_for
            discount[index] = (_read(sums, below) - _read(sums, above)) / stands_for
            above = below
        best = -np.sort(-gain[start:stop])
        ideal = 0.0
        for index in range(size):
            if best[index] <= 0.0:
                break
            ideal += best[index] / np.log2(2.0 + index)
        if ideal <= 0.0:
            continue
        for one in range(size):
            high = order[one]
            if gain[high] <= 0.0:
                continue
            for other in range(size):
                low = order[other]
                if gain[low] >= gain[high] or min(place[one], place[other]) > truncation:
                    continue
                change = (gain[high] - gain[low]) * abs(discount[one] - discount[other]) / ideal
                # A pair of two positives weighs like the better one.
                pair = weight[high] if gain[low] > 0.0 else weight[high] * weight[low]
                miss = 1.0 / (1.0 + np.exp(score[high] - score[low]))
                push = pair * change * miss
                bend = pair * change * miss * (1.0 - miss)
                gradient[high] -= push
                gradient[low] += push
                hessian[high] += bend
                hessian[low] += bend
