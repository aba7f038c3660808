"""Trending: what everybody turns to lately, in the data set and in this app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.schema import SECONDS_PER_DAY, Catalog, Interactions


class TrendWindow(StrEnum):
    """How fast past activity fades: it counts half after one window, a quarter after two."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


WINDOW_DAYS: Final = {
    TrendWindow.DAY: 1,
    TrendWindow.WEEK: 7,
    TrendWindow.MONTH: 30,
    TrendWindow.YEAR: 365,
}


@dataclass(frozen=True, slots=True)
class Trend:
    """Activity per item, arrays over the catalogue.

    Attributes
    ----------
    activity : float64[n_items], decayed number of people, 0 where nobody ever was
    n_recent : int64[n_items], people within the last window, live ones included
    n_live : int64[n_items], of these, people who liked or saved it in this app
    """

    activity: NDArray[np.float64]
    n_recent: NDArray[np.int64]
    n_live: NDArray[np.int64]


@dataclass(frozen=True)
class TrendMeter:
    """Counts activity of one data set; ``now`` is its last moment, in seconds since the epoch."""

    catalog: Catalog
    interactions: Interactions
    now: int
    _trained: dict[TrendWindow, Trend] = field(default_factory=dict, repr=False, compare=False)

    def measure(
        self, window: TrendWindow, live: Iterable[FeedbackEvent] = (), moment: datetime | None = None
    ) -> Trend:
        """Return what is active.

        Data and app run on two clocks: an event of the data set ages up to its last moment, a live one
        up to ``moment`` (default: now), so a like of today weighs as much as a rating of the data's last
        day. A like and a save by one viewer count once; dislikes do not count.
        """
        moment = moment or datetime.now(UTC)
        trained = self._measure_trained(window)
        activity, n_recent = trained.activity.copy(), trained.n_recent.copy()
        n_live = np.zeros(len(self.catalog), np.int64)
        youngest: dict[tuple[str, int], float] = {}
        for event in live:
            item_idx = self.catalog.index_of.get(event.item_id)
            if item_idx is None or event.action not in (FeedbackAction.LIKE, FeedbackAction.SAVE):
                continue
            age = max((moment - (event.server_time or moment)).total_seconds(), 0.0)
            key = (event.user_id, item_idx)
            youngest[key] = min(age, youngest.get(key, np.inf))
        span = WINDOW_DAYS[window] * SECONDS_PER_DAY
        for (_, item_idx), age in youngest.items():
            activity[item_idx] += np.exp2(-age / span)
            if age <= span:
                n_recent[item_idx] += 1
                n_live[item_idx] += 1
        return Trend(activity, n_recent, n_live)

    def _measure_trained(self, window: TrendWindow) -> Trend:
        if window not in self._trained:
            rows, n_items = self.interactions, len(self.catalog)
            span = WINDOW_DAYS[window] * SECONDS_PER_DAY
            age = self.now - rows.timestamp
            weight = np.exp2(-age / span)
            activity = np.bincount(rows.item_idx, weights=weight, minlength=n_items).astype(np.float64)
            n_recent = np.bincount(rows.item_idx[age <= span], minlength=n_items)
            self._trained[window] = Trend(activity, n_recent, np.zeros(n_items, np.int64))
        return self._trained[window]
