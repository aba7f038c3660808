"""The contract of a model to compare with, and the linear models that share most of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from threadpoolctl import ThreadpoolController

from movierec.recall.base import Candidates, liked, select
from movierec.schema import BoolArray, Catalog, FloatArray, History, Interactions

ANY_RATING = 0.0
"""``min_rating`` under which every event is a positive."""
BATCH = 128
"""Users scored at once: a dense row of the whole catalogue for each."""


class Kind(StrEnum):
    """What a compared system is: our pipeline, one of its sources alone, or a known model."""

    PIPELINE = "pipeline"
    SOURCE = "source"
    PEER = "peer"


class Peer(ABC):
    """A model to compare with: ``fit`` on train, then asked with histories like our own.

    Subclasses are dataclasses whose fields are their numeric settings; what ``fit`` learns ends in ``_``.

    Attributes
    ----------
    asked_settings : names of the settings that ``fit`` does not look at, only ``score``; variants that
        differ in nothing else share a fit
    """

    name: str
    kind: ClassVar[Kind] = Kind.PEER
    asked_settings: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Learn from everything in train."""

    @abstractmethod
    def score(self, history: History) -> FloatArray:
        """Return float32[n_items]: higher is better, 0 or less means no opinion."""

    def score_known(self, history: History, user_idx: int) -> FloatArray:
        """Return the scores for a history of a user who may have been in train under this index."""
        return self.score(history)

    def score_batch(self, histories: Sequence[History], user_idx: Sequence[int]) -> FloatArray:
        """Return float32[n, n_items]: the scores of several users, equal to one by one up to rounding."""
        pairs = zip(histories, user_idx, strict=True)
        return np.stack([self.score_known(history, user) for history, user in pairs])

    def recommend(self, history: History, k: int) -> Candidates:
        """Return up to ``k`` unseen items, best first, ties by item index."""
        return select(self.score(history), history, k)

    def recommend_batch(
        self, histories: Sequence[History], user_idx: Sequence[int], k: int
    ) -> list[Candidates]:
        """Return such lists for several users who may have been in train under these indices."""
        lists: list[Candidates] = []
        for start in range(0, len(histories), BATCH):
            part = histories[start : start + BATCH]
            scores = self.score_batch(part, user_idx[start : start + BATCH])
            lists.extend(select(score, history, k) for score, history in zip(scores, part, strict=True))
        return lists

    @property
    def params(self) -> Mapping[str, float]:
        """The settings in force, for the receipt."""
        if not is_dataclass(self):
            return {}
        settings = (field.name for field in fields(self) if field.init and field.name != "name")
        return {name: float(getattr(self, name)) for name in settings}

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Unfitted variants worth trying when the peer is tuned on an inner split of train."""
        return (self,)

    def vary(self, **choices: Iterable[float]) -> tuple[Peer, ...]:
        """Return an unfitted variant for every combination of the choices, the last one running fastest."""
        settings: Any = self
        return tuple(
            replace(settings, **dict(zip(choices, values, strict=True)))
            for values in product(*choices.values())
        )

    def shares_fit_with(self, other: Peer) -> bool:
        """Return whether what the other learns is what this one would learn from the same rows."""
        learnt = self.params.keys() - self.asked_settings
        return type(self) is type(other) and all(self.params[name] == other.params[name] for name in learnt)

    def borrow(self, fitted: Peer) -> Self:
        """Return a fitted copy of this variant, with what another one learnt."""
        variant = copy(self)
        variant.__dict__.update({name: value for name, value in vars(fitted).items() if name.endswith("_")})
        return variant


class LinearPeer(Peer):
    """A model whose score is a weighted sum over the events of a history."""

    n_items_: int

    @abstractmethod
    def weigh(self, history: History) -> FloatArray:
        """Return float32[len(history)]: how much each event counts."""

    @abstractmethod
    def spread(self, profiles: sparse.csr_matrix) -> FloatArray:
        """Turn weights float32[n, n_items], a row per history, into scores of the same shape, dense."""

    def score(self, history: History) -> FloatArray:
        """Sum what the weighted events say of every item."""
        scores: FloatArray = self.score_batch((history,), (0,))[0]
        return scores

    def score_batch(self, histories: Sequence[History], user_idx: Sequence[int]) -> FloatArray:
        """Return the sums of several histories at once; who they belong to does not matter."""
        return self.spread(stack_profiles(histories, [self.weigh(one) for one in histories], self.n_items_))


@cache
def _find_libraries() -> ThreadpoolController:
    # Looking for them takes milliseconds, which a model is asked a thousand times to.
    return ThreadpoolController()


def limit_blas() -> AbstractContextManager[object]:
    """Keep matrix products to one thread: small ones gain nothing by more, and two have crashed OpenBLAS."""
    limiter: AbstractContextManager[object] = _find_libraries().limit(limits=1, user_api="blas")
    return limiter


def stack_profiles(
    histories: Sequence[History], weights: Sequence[FloatArray], n_items: int
) -> sparse.csr_matrix:
    """Return float32[n, n_items]: row ``r`` holds the weights of the items of history ``r``."""
    bounds = np.concatenate(([0], np.cumsum([len(one) for one in histories])))
    items = np.concatenate([one.item_idx for one in histories]) if histories else np.empty(0, np.int32)
    data = np.concatenate(weights).astype(np.float32) if weights else np.empty(0, np.float32)
    profiles = sparse.csr_matrix((data, items, bounds), shape=(len(histories), n_items))
    profiles.eliminate_zeros()
    return profiles


def build_matrix(train: Interactions, min_rating: float) -> sparse.csr_matrix:
    """Return the binary user-item matrix, float32: ``implicit`` wants users as rows."""
    positive = train.take(liked(train.rating, train.confidence, min_rating))
    ones = np.ones(len(positive), np.float32)
    matrix = sparse.csr_matrix(
        (ones, (positive.user_idx, positive.item_idx)), shape=(train.n_users, train.n_items)
    )
    matrix.data[:] = 1.0
    return matrix


def mark_positive(history: History, min_rating: float) -> BoolArray:
    """Return which events of a history count as positive."""
    return liked(history.rating, history.confidence, min_rating)
