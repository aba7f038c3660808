"""What everybody watches: the same list for all, apart from what they have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from movierec.evaluation.peers.base import ANY_RATING, Peer
from movierec.recall.base import LIKED_RATING, liked
from movierec.schema import SECONDS_PER_DAY, Catalog, FloatArray, History, Interactions

_REMEMBERED = 1e-6
"""Share of all-time popularity in the recent one: it orders what recent activity does not reach."""


def count_recent(train: Interactions, half_life_days: float, min_rating: float) -> FloatArray:
    """Return float32[n_items]: positive events, each halved every ``half_life_days`` before the last row."""
    age_days = (train.timestamp.max(initial=0) - train.timestamp) / SECONDS_PER_DAY
    positive = liked(train.rating, train.confidence, min_rating)
    decayed = np.exp2(-age_days / half_life_days) + _REMEMBERED
    total = np.bincount(train.item_idx, weights=positive * decayed, minlength=train.n_items)
    return total.astype(np.float32)


class SharedList(Peer):
    """A model with one score vector for everybody."""

    score_: FloatArray

    def score(self, history: History) -> FloatArray:
        """Return the same scores for everybody."""
        return self.score_

    def score_batch(self, histories: Sequence[History], user_idx: Sequence[int]) -> FloatArray:
        """Return the same row for everybody."""
        return np.broadcast_to(self.score_, (len(histories), len(self.score_)))


@dataclass
class AllTimePopularity(SharedList):
    """The items with the most positive events, the same for everybody."""

    name: str = "popularity"
    min_rating: float = ANY_RATING
    score_: FloatArray = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Count positive events per item."""
        positive = liked(train.rating, train.confidence, self.min_rating)
        self.score_ = np.bincount(train.item_idx[positive], minlength=train.n_items).astype(np.float32)
        return self

    @property
    def grid(self) -> tuple[Peer, ...]:
        """All or liked events."""
        return self.vary(min_rating=(ANY_RATING, LIKED_RATING))


@dataclass
class RecentPopularity(SharedList):
    """Positive events per item, halved every few days."""

    name: str = "recent popularity"
    half_life_days: float = 7.0
    min_rating: float = LIKED_RATING
    score_: FloatArray = field(init=False, repr=False)

    HALF_LIVES: ClassVar = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, 365.0)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Sum decayed events per item."""
        self.score_ = count_recent(train, self.half_life_days, self.min_rating)
        return self

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Half-lives from a day to a year, of liked and of all events."""
        return self.vary(min_rating=(LIKED_RATING, ANY_RATING), half_life_days=self.HALF_LIVES)
