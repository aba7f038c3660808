"""Ordered co-visitation: what people went on to within a few steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numba
import numpy as np
from scipy import sparse

from movierec.evaluation.peers.base import LinearPeer, Peer
from movierec.recall.base import age_rank
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray


@numba.njit(cache=True)
def _pair_up(
    offsets: LongArray, item: IntArray, timestamp: LongArray, window: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """List (item, later item, 1/steps) of all pairs at most ``window`` steps apart.

    Steps count from the middle of a group of equal timestamps, so that the order of its rows says nothing;
    pairs within a group are one step apart and count half in each direction.
    """
    middle = np.empty(len(timestamp), np.float64)
    for user in range(len(offsets) - 1):
        start = offsets[user]
        while start < offsets[user + 1]:
            stop = start + 1
            while stop < offsets[user + 1] and timestamp[stop] == timestamp[start]:
                stop += 1
            middle[start:stop] = 0.5 * (start + stop - 1)
            start = stop
    size = 0
    source = np.empty(0, np.int32)
    target = np.empty(0, np.int32)
    weight = np.empty(0, np.float32)
    for counting in (True, False):
        if not counting:
            source = np.empty(size, np.int32)
            target = np.empty(size, np.int32)
            weight = np.empty(size, np.float32)
        entry = 0
        for user in range(len(offsets) - 1):
            for first in range(offsets[user], offsets[user + 1]):
                for second in range(first + 1, offsets[user + 1]):
                    steps = middle[second] - middle[first]
                    if steps > window:
                        break
                    if steps == 0.0:
                        if not counting:
                            source[entry], target[entry], weight[entry] = item[first], item[second], 0.5
                            source[entry + 1], target[entry + 1] = item[second], item[first]
                            weight[entry + 1] = 0.5
                        entry += 2
                    else:
                        if not counting:
                            source[entry], target[entry] = item[first], item[second]
                            weight[entry] = 1.0 / steps
                        entry += 1
        size = entry
    return source, target, weight


@dataclass
class OrderedCoVisitation(LinearPeer):
    """Counts what follows what, nearer steps more; asked with the last events, fading fast.

    Neither ratings nor the popularity of the target play a part. What came before counts ``backward``
    times what came after.
    """

    name: str = "ordered co-visitation"
    window: int = 20
    backward: float = 0.5
    recency: float = 2.0
    last_events: int = 20
    onwards_: sparse.csr_matrix = field(init=False, repr=False)
    back_: sparse.csr_matrix = field(init=False, repr=False)

    asked_settings: ClassVar[frozenset[str]] = frozenset({"backward", "recency", "last_events"})

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Count the ordered pairs of every timeline."""
        self.n_items_ = train.n_items
        source, target, weight = _pair_up(train.offsets, train.item_idx, train.timestamp, self.window)
        shape = (self.n_items_, self.n_items_)
        self.onwards_ = sparse.csr_matrix((weight, (source, target)), shape=shape)
        self.back_ = self.onwards_.T.tocsr()
        return self

    def weigh(self, history: History) -> FloatArray:
        """Return exp(-age rank / recency) of the last events, 0 before them."""
        age = age_rank(history)
        return np.where(age < self.last_events, np.exp(-age / self.recency), 0.0).astype(np.float32)

    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Sum the counts onwards and, weaker, back."""
        scores = (profiles @ self.onwards_).toarray()
        if self.backward:
            scores += np.float32(self.backward) * (profiles @ self.back_).toarray()
        return np.asarray(scores, np.float32)

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Windows, the worth of what came before, and how fast the history fades."""
        return self.vary(window=(10, 20, 50), backward=(0.0, 0.5, 1.0), recency=(2.0, 4.0, 8.0))
