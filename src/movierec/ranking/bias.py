"""Rating bias: how many stars an item gets beyond what its raters usually give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.schema import FloatArray, History, IntArray, Interactions

SHRINKAGE: Final = 5.0
"""Imagined average ratings that each user and item starts with."""

_SWEEPS: Final = 5
"""Alternations; the fourth changes no item by a hundredth of a star on MovieLens."""


@dataclass(frozen=True)
class RatingBias:
    """Baseline predictor ``mean + b_user + b_item`` (Koren, KDD 2008, section 2.1), by shrunken averages.

    Attributes
    ----------
    mean : float, stars; NaN where nothing is rated
    item : float32[n_items], stars above or below it
    """

    mean: float
    item: FloatArray

    @classmethod
    def fit(cls, interactions: Interactions) -> Self:
        """Alternate between users and items; unrated events do not count."""
        rated = ~np.isnan(interactions.rating)
        n_users, n_items = interactions.n_users, interactions.n_items
        user, item = interactions.user_idx[rated], interactions.item_idx[rated]
        if not len(user):
            return cls(np.nan, np.zeros(n_items, np.float32))
        stars = interactions.rating[rated].astype(np.float64)
        mean = float(stars.mean())
        by_user = np.bincount(user, minlength=n_users) + SHRINKAGE
        by_item = np.bincount(item, minlength=n_items) + SHRINKAGE
        user_bias, item_bias = np.zeros(n_users), np.zeros(n_items)
        for _ in range(_SWEEPS):
            left = stars - mean - user_bias[user]
            item_bias = np.bincount(item, weights=left, minlength=n_items) / by_item
            left = stars - mean - item_bias[item]
            user_bias = np.bincount(user, weights=left, minlength=n_users) / by_user
        return cls(mean, item_bias.astype(np.float32))

    def expect(self, history: History, items: IntArray) -> FloatArray:
        """Return float32[len(items)]: the stars somebody with this history would give on average."""
        expected: FloatArray = (self.expect_average(history) + self.item[items]).astype(np.float32)
        return expected

    def expect_average(self, history: History) -> np.float32:
        """Return the stars somebody with this history would give the average item."""
        rated = ~np.isnan(history.rating)
        left = history.rating[rated] - self.mean - self.item[history.item_idx[rated]]
        return np.float32(self.mean + left.sum() / (len(left) + SHRINKAGE))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {"mean": np.array([self.mean]), "item": self.item}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(float(state["mean"][0]), state["item"])
