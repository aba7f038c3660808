"""The contract every recall source fulfils, and the exact top-n they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.recall.order import order_known, order_open
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Interactions, LongArray

State = dict[str, NDArray[Any]]

LIKED_RATING = 4.0
"""Stars from which a rating counts as liked; the positives-only models measured best with it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items proposed by one source, best first: ``item_idx`` int32[n], ``score`` float32[n]."""

    item_idx: IntArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.item_idx)


def top_n(score: FloatArray, n: int) -> IntArray:
    """Return the indices of the ``n`` largest finite scores, ties to the smaller index."""
    return order_known(score.astype(np.float32, copy=False), n)


def liked(rating: FloatArray, confidence: FloatArray, min_rating: float = LIKED_RATING) -> BoolArray:
    """Return which events are positive: rated high enough, or unrated but confident."""
    return np.where(np.isnan(rating), confidence > 0, rating >= min_rating)


def age_rank(history: History) -> FloatArray:
    """Return for each event how many events are strictly newer.

    Tied timestamps share a rank, so that the order of rows in a file never becomes a signal.
    """
    newer = np.empty(len(history), np.float32)
    _count_newer(history.timestamp, newer)
    return newer


@numba.njit(cache=True, nogil=True)
def _count_newer(timestamp: LongArray, out: FloatArray) -> None:
    newer = 0
    for event in range(len(timestamp) - 1, -1, -1):
        if event + 1 < len(timestamp) and timestamp[event + 1] != timestamp[event]:
            newer = len(timestamp) - 1 - event
        out[event] = newer


class RecallSource(ABC):
    """Proposes items for a history.

    ``fit`` learns from interactions; ``score`` rates the whole catalogue for one history. Everything
    learnt is numeric arrays (``state``), so a source is saved without pickling.
    """

    name: ClassVar[str]
    n_items_: int

    @abstractmethod
    def fit(self, interactions: Interactions, catalog: Catalog) -> Self:
        """Learn from all rows given; they must end before anything the source is judged on."""

    @abstractmethod
    def score(self, history: History) -> FloatArray:
        """Return float32[n_items]: higher is better, 0 or less means no opinion."""

    @abstractmethod
    def state(self) -> State:
        """Return everything learnt as named arrays."""

    @abstractmethod
    def restore(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """Take over what another fitted instance returned from :meth:`state`."""

    def evidence(self, history: History, item_idx: int) -> FloatArray:
        """Return float32[len(history)]: how much each event adds to the item's score.

        Zero everywhere for sources that do not look at the history.
        """
        only: FloatArray = self.evidence_of(history, np.array([item_idx], np.int32))[0]
        return only

    def evidence_of(self, history: History, items: IntArray) -> FloatArray:
        """Return float32[len(items), len(history)]: :meth:`evidence` of many items at once."""
        return np.zeros((len(items), len(history)), np.float32)

    def recall(self, history: History, n: int) -> Candidates:
        """Return up to ``n`` unseen items with a positive score, best first, ties by item index."""
        return select(self.score(history), history, n)

    def recall_batch(self, histories: list[History], n: int) -> list[Candidates]:
        """Return :meth:`recall` of every history."""
        return [self.recall(history, n) for history in histories]


def select(score: FloatArray, history: History, n: int) -> Candidates:
    """Return the top ``n`` of a score vector, without seen items and without opinion-less ones."""
    closed = np.zeros(len(score), np.bool_)
    closed[history.item_idx] = True
    index = order_open(score.astype(np.float32, copy=False), closed, n)
    return Candidates(index, score[index])
