"""Parts of the day: which genres people turn to when, as far as the data set's clock tells."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np

from movierec.schema import Catalog, FloatArray, Interactions

PRIOR_EVENTS: Final = 2_000.0
"""Imagined events at everybody's usual shares: a small data set tilts nothing by chance."""

_HOUR: Final = 3_600


class Daypart(StrEnum):
    """Six hours each, from six in the morning; in the clock of the data set, which is UTC as a rule."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


_START: Final = {Daypart.NIGHT: 0, Daypart.MORNING: 6, Daypart.AFTERNOON: 12, Daypart.EVENING: 18}


class DaypartMeter:
    """Measures how much more often a genre is turned to in a part of the day than at other times."""

    def __init__(self, catalog: Catalog, interactions: Interactions) -> None:
        self.catalog = catalog
        self.interactions = interactions
        self.lift = lru_cache(maxsize=len(Daypart))(self._measure)

    def _measure(self, daypart: Daypart) -> FloatArray:
        """Return float32[n_genres]: share of a genre in this part of the day over its share in all.

        Both shares are of the genres of all events, a film's event divided among its genres.
        """
        matrix = self.catalog.genre_matrix
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1.0)
        hour = (self.interactions.timestamp // _HOUR) % 24
        within = (hour >= _START[daypart]) & (hour < _START[daypart] + 6)
        counts = [
            np.bincount(items, minlength=len(matrix)) @ share
            for items in (self.interactions.item_idx, self.interactions.item_idx[within])
        ]
        everything, now = (np.asarray(count, np.float64) for count in counts)
        usual = everything / max(everything.sum(), 1e-12)
        own = (now + PRIOR_EVENTS * usual) / (now.sum() + PRIOR_EVENTS)
        lift = np.divide(own, usual, out=np.ones_like(own), where=usual > 0)
        tilt: FloatArray = lift.astype(np.float32)
        return tilt
