"""Sequence recall: ordered co-visitation, for what people watch next."""

from __future__ import annotations

from typing import Self

import numba
import numpy as np

from movierec.recall.base import age_rank
from movierec.recall.covisits import EventsByItem, sum_pairs, take_strongest
from movierec.recall.neighbours import Neighbours, NeighbourSource
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import LiftConfig, SequenceConfig


@numba.njit(cache=True, nogil=True)
def place_events(offsets: LongArray, timestamp: LongArray) -> tuple[FloatArray, FloatArray]:
    """Return every event's mean position within its group of ties, and the size of that group."""
    place = np.empty(len(timestamp), np.float32)
    ties = np.empty(len(timestamp), np.float32)
    for user in range(len(offsets) - 1):
        start = offsets[user]
        while start < offsets[user + 1]:
            stop = start + 1
            while stop < offsets[user + 1] and timestamp[stop] == timestamp[start]:
                stop += 1
            place[start:stop] = 0.5 * (start + stop - 1 - 2 * offsets[user])
            ties[start:stop] = stop - start
            start = stop
    return place, ties


@numba.njit(cache=True, nogil=True)
def _follow(
    offsets: LongArray, item: IntArray, timestamp: LongArray, window: int, backward: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """List (item, nearby item, weight) within the window: 1/distance onwards, `backward` of that back.

    Tied events are in no order, and the order of their rows must not matter: a group shares its mean
    position, its members are as far apart as in a random order ((size + 1) / 3), and both directions
    get the mean of the two weights.
    """
    place, ties = place_events(offsets, timestamp)
    size = 0
    for counting in (True, False):
        if not counting:
            source = np.empty(size, np.int32)
            target = np.empty(size, np.int32)
            weight = np.empty(size, np.float32)
        entry = 0
        for user in range(len(offsets) - 1):
            for first in range(offsets[user], offsets[user + 1]):
                for second in range(first + 1, offsets[user + 1]):
                    tied = timestamp[first] == timestamp[second]
                    distance = (ties[first] + 1.0) / 3.0 if tied else place[second] - place[first]
                    if distance > window:
                        if tied:
                            continue
                        break
                    if not counting:
                        onwards = (0.5 * (1.0 + backward) if tied else 1.0) / distance
                        source[entry] = item[first]
                        target[entry] = item[second]
                        weight[entry] = onwards
                        source[entry + 1] = item[second]
                        target[entry + 1] = item[first]
                        weight[entry + 1] = onwards if tied else backward / distance
                    entry += 2
        size = entry
    return source, target, weight


@numba.njit(cache=True, nogil=True)
def _visit(
    events: EventsByItem,
    item: IntArray,
    timestamp: LongArray,
    places: tuple[FloatArray, FloatArray],
    window: int,
    backward: float,
    damping: FloatArray,
    count: LongArray,
    index: IntArray,
    weight: FloatArray,
) -> None:
    """Sum what :func:`_follow` lists, one source item at a time."""
    place, ties = places
    total = np.zeros(len(count))
    touched = np.empty(len(count), np.int32)
    for source in range(len(count)):
        n_touched = 0
        for entry in range(events.offsets[source], events.offsets[source + 1]):
            row = events.row[entry]
            user = events.user[row]
            within_ties = (ties[row] + 1.0) / 3.0
            for step in (1, -1):
                other = row + step
                while events.user_offsets[user] <= other < events.user_offsets[user + 1]:
                    tied = timestamp[other] == timestamp[row]
                    distance = within_ties if tied else abs(place[other] - place[row])
                    if distance > window and not tied:
                        break
                    if distance <= window:
                        share = 0.5 * (1.0 + backward) if tied else (1.0 if step > 0 else backward)
                        target = item[other]
                        if share > 0.0:
                            if total[target] == 0.0:
                                touched[n_touched] = target
                                n_touched += 1
                            total[target] += share / distance
                    other += step
        count[source] = take_strongest(total, touched, n_touched, damping, index[source], weight[source])


class Sequence(NeighbourSource):
    """Counts what follows what, nearer steps more; asked with the last few events."""

    name = "sequence"

    def __init__(self, config: SequenceConfig | None = None) -> None:
        self.config = config or SequenceConfig()

    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Count ordered pairs within the window of every timeline."""
        config = self.config
        offsets, item, timestamp = interactions.offsets, interactions.item_idx, interactions.timestamp
        events = np.bincount(item, minlength=interactions.n_items)
        damping = np.power(np.maximum(events.astype(np.float32), 1.0), -config.damping, dtype=np.float32)

        def visit(
            events: EventsByItem, keep: int, count: LongArray, index: IntArray, weight: FloatArray
        ) -> None:
            places = place_events(offsets, timestamp)
            _visit(
                events, item, timestamp, places, config.window, config.backward, damping, count, index, weight
            )

        counted = sum_pairs(
            interactions,
            lambda: _follow(offsets, item, timestamp, config.window, config.backward),
            visit,
            2 * config.window,
            config.neighbours,
            damping,
        )
        return self.adopt(counted, events)

    def adopt(self, counted: Neighbours, events: LongArray) -> Self:
        """Learn from ordered pairs counted elsewhere; ``events`` is int64[n_items], events of every item."""
        self.n_items_ = counted.n_items
        self.neighbours_ = counted
        return self

    def weights(self, history: History) -> FloatArray:
        """Return float32[len(history)]: decayed weight of the last events, 0 before them."""
        age = age_rank(history)
        weight = np.exp(-age / self.config.recency)
        weight[age >= self.config.last_events] = 0.0
        decayed: FloatArray = weight.astype(np.float32)
        return decayed


class NextStep(Sequence):
    """The same count for the very next few events only, and only onwards."""

    name = "next_step"


class Lift(Sequence):
    """The same count, scored by how far it exceeds what two unrelated titles would reach.

    A sum of ``log(1 + count / (expected + prior))`` over the last events, as naive Bayes adds evidence:
    several titles that each point a little to the same film outweigh one that points to everything.
    """

    name = "lift"

    def __init__(self, config: LiftConfig | None = None) -> None:
        self.config: LiftConfig = config or LiftConfig()

    def adopt(self, counted: Neighbours, events: LongArray) -> Self:
        """Compare each count with the popularity of its target."""
        super().adopt(counted, events)
        nearby, events = counted, np.maximum(events, 1)
        chance = (events / events.sum())[nearby.indices]
        expected = np.repeat(nearby.row_totals(), np.diff(nearby.indptr)) * chance
        lift = np.log1p(nearby.data / (expected + self.config.prior)).astype(np.float32)
        self.neighbours_ = Neighbours(nearby.indptr, nearby.indices, lift)
        return self
