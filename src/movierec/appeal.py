"""Appeal: whom a film suits, told by those who rated it and guessed for those who have not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.preferences import Candidacy, prefer
from movierec.recall.base import liked, top_n
from movierec.schema import BoolArray, FloatArray, IntArray
from movierec.service import RecommenderService

MIN_LIKED: Final = 5
"""Liked titles from which a viewer counts as leaning to a genre."""

MIN_RATERS: Final = 5
"""Raters from which a share is worth showing."""

SHORTLIST: Final = 2
"""How many viewers are judged exactly for each one shown."""


@dataclass(frozen=True, slots=True)
class TasteGroup:
    """Viewers who lean to one genre more than the others do, and what those who rated the film made of it."""

    genre: str
    n_rated: int
    n_liked: int

    @property
    def share(self) -> float:
        """Share of the raters who liked it."""
        return self.n_liked / self.n_rated


@dataclass(frozen=True, slots=True)
class Fan:
    """A viewer who has not seen the film, and the chance that they like it."""

    user_idx: int
    match: float


@dataclass(frozen=True, slots=True)
class Appeal:
    """Whom a film suits; of ``n_rated`` viewers ``n_liked`` liked it.

    Groups with the largest share first, small ones drawn to the mean.
    """

    n_rated: int
    n_liked: int
    groups: tuple[TasteGroup, ...]
    fans: tuple[Fan, ...]


@dataclass(frozen=True)
class AppealMeter:
    """Measures appeal in one bundle; what all films share is worked out once."""

    service: RecommenderService

    @cached_property
    def _likes(self) -> sparse.csr_array:
        """bool[n_users, n_items]: who liked what."""
        rows = self.service.interactions
        positive = liked(rows.rating, rows.confidence)
        return sparse.csr_array(
            (np.ones(int(positive.sum()), np.float32), (rows.user_idx[positive], rows.item_idx[positive])),
            shape=(rows.n_users, rows.n_items),
        )

    @cached_property
    def leaning(self) -> IntArray:
        """int32[n_users]: the genre each viewer leans to beyond everybody's share; -1 = too little known."""
        likes = self._likes
        matrix = self.service.catalog.genre_matrix
        parts = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1.0)
        own = likes @ parts
        total = own.sum(axis=1, keepdims=True)
        usual = own.sum(axis=0) / max(float(total.sum()), 1.0)
        lead = own / np.maximum(total, 1e-9) - usual
        known = np.diff(likes.indptr) >= MIN_LIKED
        return np.where(known & (total[:, 0] > 0), lead.argmax(axis=1), -1).astype(np.int32)

    @cached_property
    def _leaders(self) -> FloatArray:
        """float32[n_users, f]: unit vectors of what each viewer liked."""
        mean = self._likes @ self.service.engine.builder.factors
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        unit: FloatArray = (mean / np.maximum(length, 1e-9)).astype(np.float32)
        return unit

    @cached_property
    def _by_item(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = self.service.interactions
        order = np.argsort(rows.item_idx, kind="stable")
        bounds = np.searchsorted(rows.item_idx[order], np.arange(rows.n_items + 1))
        return order, bounds

    def measure(self, item_idx: int, n_fans: int = 5) -> Appeal:
        """Return what is known; groups of fewer than ``MIN_RATERS`` raters are left out."""
        rows = self.service.interactions
        order, bounds = self._by_item
        events = order[bounds[item_idx] : bounds[item_idx + 1]]
        judged = liked(rows.rating[events], rows.confidence[events])
        raters = rows.user_idx[events]
        names = self.service.catalog.genre_names
        groups = []
        for column, genre in enumerate(names):
            mine = self.leaning[raters] == column
            if mine.sum() >= MIN_RATERS:
                groups.append(TasteGroup(genre, int(mine.sum()), int(judged[mine].sum())))
        usual = (judged.sum() + 1.0) / (len(events) + 2.0)

        def lean(group: TasteGroup) -> float:
            # A few imagined raters of the usual mind keep a handful of people from leading.
            return float((group.n_liked + MIN_RATERS * usual) / (group.n_rated + MIN_RATERS))

        groups.sort(key=lambda group: (-lean(group), group.genre))
        unseen = np.ones(rows.n_users, np.bool_)
        unseen[raters] = False
        return Appeal(
            len(events), int(judged.sum()), tuple(groups), self._find_fans(item_idx, unseen, n_fans)
        )

    def _find_fans(self, item_idx: int, unseen: BoolArray, n_fans: int) -> tuple[Fan, ...]:
        nearness = self._leaders @ self.service.engine.builder.factors[item_idx]
        nearness = np.where(unseen & (nearness > 0), nearness, -np.inf).astype(np.float32)
        fans = []
        for user_idx in top_n(nearness, n_fans * SHORTLIST).tolist():
            candidacy = Candidacy.of(self.service, self.service.trained_history(user_idx))
            match = prefer(self.service, candidacy, np.array([item_idx], np.int32)).match[0]
            fans.append(Fan(user_idx, float(match)))
        return tuple(sorted(fans, key=lambda fan: (-fan.match, fan.user_idx))[:n_fans])
