"""Transition recall: a linear model from what somebody watched lately to what they watch next."""

from __future__ import annotations

from typing import Self

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from threadpoolctl import threadpool_limits

from movierec.recall.base import age_rank
from movierec.recall.neighbours import Neighbours, NeighbourSource
from movierec.recall.sequence import place_events
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import TransitionConfig

Matrix = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def _count(
    offsets: LongArray,
    item: IntArray,
    timestamp: LongArray,
    place: FloatArray,
    settings: tuple[float, float, int, int],
    size: int,
) -> tuple[Matrix, Matrix]:
    """Return the sums of past x past, lower half, and past x future over every point between two moments.

    ``settings`` are past and future decay in events, window and stride; items below zero take no part.
    The window is measured between mean positions, so that it never cuts through tied events.
    """
    recency, ahead, window, stride = settings
    past = np.zeros((size, size))
    future = np.zeros((size, size))
    point = 0
    # Tied events share a position: beyond the window itself at most one group of twice its size fits.
    weight = np.empty(3 * window + 2)
    decay = np.empty(np.max(np.diff(offsets)) if len(offsets) > 1 else 0)
    for user in range(len(offsets) - 1):
        start, stop = offsets[user], offsets[user + 1]
        for cut in range(start + 1, stop):
            if timestamp[cut] == timestamp[cut - 1]:
                continue
            point += 1
            if point % stride:
                continue
            first = cut
            while first > start and place[cut] - place[first - 1] <= window and cut - first < len(weight):
                first -= 1
                weight[cut - 1 - first] = np.exp(-(place[cut] - place[first] - 0.5) / recency)
            last = cut
            while last < stop and place[last] - place[cut] <= window:
                decay[last - cut] = np.exp(-(place[last] - place[cut]) / ahead)
                last += 1
            for row in range(first, cut):
                if item[row] < 0:
                    continue
                own = weight[cut - 1 - row]
                # The sums are symmetric: each pair goes into the lower half once.
                for other in range(first, row + 1):
                    if item[other] >= 0:
                        larger, smaller = max(item[row], item[other]), min(item[row], item[other])
                        past[larger, smaller] += own * weight[cut - 1 - other]
                for other in range(cut, last):
                    if item[other] >= 0:
                        future[item[row], item[other]] += own * decay[other - cut]
    return past, future


class Transition(NeighbourSource):
    """Predicts the next events from all recent ones at once, each title's share held apart from the others'.

    Ridge regression of the decayed future on the decayed past, over every point of every timeline:
    ``B = (P'P + regularization * I)^-1 P'F`` (SLIT of Choe, Kim, Lee, WWW 2021, "Session-aware Linear
    Item-Item Models"). Unlike co-visitation it does not count twice what two watched titles both predict.
    """

    name = "transition"

    def __init__(self, config: TransitionConfig | None = None) -> None:
        self.config = config or TransitionConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Solve among the items with the most events; longer data is thinned to ``max_events`` points."""
        config = self.config
        self.n_items_ = interactions.n_items
        counts = np.bincount(interactions.item_idx, minlength=self.n_items_)
        by_count = np.argsort(-counts, kind="stable")[: config.max_items]
        items = np.sort(by_count[counts[by_count] > 0]).astype(np.int32)
        column = np.full(self.n_items_, -1, np.int32)
        column[items] = np.arange(len(items), dtype=np.int32)
        stride = max(1, len(interactions) // config.max_events)
        place, _ = place_events(interactions.offsets, interactions.timestamp)
        past, future = _count(
            interactions.offsets,
            column[interactions.item_idx],
            interactions.timestamp,
            place,
            (config.recency, config.ahead, config.window, stride),
            len(items),
        )
        past[np.diag_indices_from(past)] += config.regularization / stride
        weights = np.zeros((0, 0), np.float32)
        if len(items):
            with threadpool_limits(limits=1, user_api="blas"):
                factor = linalg.cho_factor(past, lower=True, overwrite_a=True, check_finite=False)
                weights = linalg.cho_solve(factor, future, overwrite_b=True, check_finite=False)
        self.neighbours_ = Neighbours.from_dense(
            weights.astype(np.float32), items, self.n_items_, config.neighbours
        )
        return self

    def weights(self, history: History) -> FloatArray:
        """Return float32[len(history)]: the decay the model was fitted with, 0 beyond its window."""
        age = age_rank(history)
        weight = np.exp(-age / self.config.recency)
        weight[age >= self.config.window] = 0.0
        decayed: FloatArray = weight.astype(np.float32)
        return decayed
