"""What the crowd did with each item: events, ratings and their mean, counted in one pass over everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
from numpy.typing import NDArray

from movierec.schema import FloatArray, IntArray, Interactions, LongArray


@dataclass(frozen=True)
class Crowd:
    """Sums by item.

    Attributes
    ----------
    events, ratings : int64[n_items], all events, and those with stars
    stars : float64[n_items], what those add up to
    """

    events: LongArray
    ratings: LongArray
    stars: NDArray[np.float64]

    @classmethod
    def of(cls, interactions: Interactions) -> Self:
        """Count what there is."""
        events, ratings = np.zeros((2, interactions.n_items), np.int64)
        stars = np.zeros(interactions.n_items)
        _count(interactions.item_idx, interactions.rating, events, ratings, stars)
        return cls(events, ratings, stars)

    def mean_rating(self, item_idx: int) -> float | None:
        """Return the mean stars of an item, None where nobody gave any."""
        rated = int(self.ratings[item_idx])
        return float(np.float32(self.stars[item_idx]) / np.float32(rated)) if rated else None


@numba.njit(cache=True, nogil=True)
def _count(
    item: IntArray, rating: FloatArray, events: LongArray, ratings: LongArray, stars: NDArray[np.float64]
) -> None:
    for row in range(len(item)):
        own, given = item[row], rating[row]
        events[own] += 1
        if given == given:
            ratings[own] += 1
            stars[own] += given
