"""What a history says about its owner: activity, taste, and the stretches later features compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.ranking.aggregates import DECAY_DAYS
from movierec.recall.base import age_rank, liked
from movierec.schema import SECONDS_PER_DAY, BoolArray, FloatArray, History

SITTING_SECONDS: Final = 3600

PROFILE_NAMES: Final = (
    "user_interactions",
    "user_conf_sum",
    "user_conf_decay_sum",
    "user_days_since_last",
    "user_liked_share",
    "user_mean_rating",
    "user_days_span",
    "user_sitting_events",
    "user_last_step_seconds",
    "user_last_ties",
    "user_last_liked",
    "user_recent_liked",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Per-user features and the masks of recent stretches.

    Attributes
    ----------
    values : float32[len(PROFILE_NAMES)]
    liked : bool[n], liked events
    stretches : bool[n] each: the last 2 events, the last 10, all
    latest : bool[n], the last 5
    """

    values: FloatArray
    liked: BoolArray
    stretches: tuple[BoolArray, BoolArray, BoolArray]
    latest: BoolArray


def describe(history: History, as_of: int) -> Profile:
    """Return the profile of a history at a moment (epoch seconds)."""
    count = len(history)
    age = age_rank(history)
    positive = liked(history.rating, history.confidence)
    latest = age < 5
    stretches = (age < 2, age < 10, np.ones(count, np.bool_))
    values = np.full(len(PROFILE_NAMES), np.nan, np.float64)
    confidence = history.confidence.astype(np.float64)
    days = (as_of - history.timestamp) / SECONDS_PER_DAY
    values[0] = count
    values[1] = confidence.sum()
    values[2] = (confidence * np.exp2(-days / DECAY_DAYS)).sum()
    if count:
        last = int(history.timestamp[-1])
        values[3] = days.min()
        # Counted and divided: the means of short arrays cost several times as much.
        values[4] = np.count_nonzero(positive) / count
        unrated = np.isnan(history.rating)
        if not unrated.any():  # the usual case, at a fraction of nanmean's cost
            values[5] = np.add.reduce(history.rating) / count
        elif not unrated.all():
            values[5] = np.nanmean(history.rating)
        values[6] = (last - int(history.timestamp[0])) / SECONDS_PER_DAY
        values[7] = np.count_nonzero(history.timestamp > last - SITTING_SECONDS)
        if count > 1:
            values[8] = last - int(history.timestamp[-2])
        newest = age == 0
        values[9] = np.count_nonzero(newest)
        values[10] = np.count_nonzero(positive & newest) / values[9]
        values[11] = np.count_nonzero(positive & latest) / np.count_nonzero(latest)
    return Profile(values.astype(np.float32), positive, stretches, latest)
