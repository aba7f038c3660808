"""Taste over time: what a history leaned to, period by period."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from movierec.recall.base import liked
from movierec.schema import Catalog, FloatArray, History

MONTHS: Final = (1, 3, 12, 60)
"""Lengths a period may have."""

MAX_PERIODS: Final = 24
MIN_PERIODS: Final = 3
MIN_LIKED: Final = 5
"""Liked titles a period should hold on average: shares of fewer are noise."""

TOP_GENRES: Final = 6
OTHER: Final = "Other"


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of a history.

    ``start`` is its first day as ``YYYY-MM-DD`` and ``name`` what people call it; ``genres`` are shares of
    the liked titles, which sum to 1 or are empty; ``median_year`` is that of the liked titles; ``director``
    the one liked most often, at least twice.
    """

    start: str
    name: str
    n_events: int
    n_liked: int
    mean_rating: float | None
    genres: dict[str, float]
    median_year: int | None
    director: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods in order, the empty ones between included; ``genres`` are named as every period counts them."""

    months: int
    genres: tuple[str, ...]
    periods: tuple[Period, ...]


def draw_timeline(history: History, catalog: Catalog) -> Timeline:
    """Cut a history into months, quarters, years or five years, and say what each leaned to.

    A film of several genres counts for each in equal parts; genres beyond the ``TOP_GENRES`` of the whole
    history are summed up as ``OTHER``.
    """
    if not len(history):
        return Timeline(MONTHS[0], (), ())
    month = history.timestamp.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    positive = liked(history.rating, history.confidence)
    length = _choose_length(int(month.min()), int(month.max()), int(positive.sum()))
    period = month // length
    matrix = catalog.genre_matrix
    parts = matrix[history.item_idx] / np.maximum(matrix[history.item_idx].sum(axis=1, keepdims=True), 1.0)
    whole = parts[positive].sum(axis=0)
    top = [int(column) for column in np.argsort(-whole, kind="stable")[:TOP_GENRES] if whole[column] > 0]
    periods = []
    for number in range(int(period.min()), int(period.max()) + 1):
        mine = period == number
        chosen = mine & positive
        periods.append(
            _measure(history.take(mine), history.take(chosen), parts[chosen], top, catalog, number, length)
        )
    names = [catalog.genre_names[column] for column in top]
    rest = [OTHER] if any(OTHER in each.genres for each in periods) else []
    return Timeline(length, (*names, *rest), tuple(periods))


def _choose_length(first: int, last: int, n_liked: int) -> int:
    """Return the shortest length with enough liked titles a period, else the longest with some periods."""
    counts = {length: last // length - first // length + 1 for length in MONTHS}
    fitting = [length for length, n in counts.items() if n <= MAX_PERIODS] or [MONTHS[-1]]
    full = (length for length in fitting if n_liked >= MIN_LIKED * counts[length])
    several = [length for length in fitting if counts[length] >= MIN_PERIODS]
    best = next(full, fitting[-1])
    return best if counts[best] >= MIN_PERIODS or not several else several[-1]


def _measure(
    events: History,
    chosen: History,
    parts: FloatArray,
    top: list[int],
    catalog: Catalog,
    number: int,
    length: int,
) -> Period:
    rated = events.rating[~np.isnan(events.rating)]
    total = float(parts.sum())
    genres = {}
    if total > 0:
        own = parts.sum(axis=0) / total
        genres = {catalog.genre_names[column]: float(own[column]) for column in top}
        rest = 1.0 - sum(genres.values())
        if rest > 1e-6:
            genres[OTHER] = rest
    years = catalog.year[chosen.item_idx]
    years = years[years > 0]
    directors = Counter(name for item in chosen.item_idx if (name := catalog.director[item]))
    often = min(directors.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    start, name = _name_period(number, length)
    return Period(
        start,
        name,
        len(events),
        len(chosen),
        float(rated.mean()) if len(rated) else None,
        genres,
        int(np.median(years)) if len(years) else None,
        often[0] if often[1] > 1 else None,
    )


def _name_period(number: int, length: int) -> tuple[str, str]:
    year, month = divmod(number * length, 12)
    first = datetime(1970 + year, month + 1, 1, tzinfo=UTC)
    if length == 1:
        name = f"{first:%b %Y}"
    elif length == 3:
        name = f"{first.year} Q{month // 3 + 1}"
    elif length == 12:
        name = str(first.year)
    else:
        name = f"{first.year}–{first.year + length // 12 - 1}"
    return f"{first:%Y-%m-%d}", name
