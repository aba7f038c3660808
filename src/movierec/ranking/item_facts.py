"""What rows say of their items alone, gathered once per bundle, and the kernel that fills rows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numba
import numpy as np

from movierec.ranking.activity import HALF_LIVES, ItemActivity
from movierec.ranking.bias import RatingBias
from movierec.ranking.pace import ItemPace
from movierec.ranking.store import ITEM_COLUMNS
from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

FACT_NAMES: Final = (
    *ITEM_COLUMNS,
    "item_genre_count",
    "item_year",
    "item_trend",
    *(f"now_activity_{int(days)}d" for days in HALF_LIVES),
    "item_step",
    "item_place",
    "item_days_in",
    "item_rating_bias",
)
"""Columns that depend on the item alone."""


@dataclass(frozen=True)
class ItemFacts:
    """Facts by item: a candidate's lie side by side in memory.

    Attributes
    ----------
    table : float32[n_items, len(FACT_NAMES)]
    genre_offsets, genre : int64[n_items + 1], int32[m]; the genres of each item, by column
    """

    table: FloatArray
    genre_offsets: LongArray
    genre: IntArray

    @classmethod
    def of(
        cls,
        item_columns: FloatArray,
        genres: FloatArray,
        year: FloatArray,
        activity: ItemActivity,
        pace: ItemPace,
        bias: RatingBias,
        as_of: int,
    ) -> Self:
        """Collect the facts at the serving clock."""
        n_items = len(item_columns)
        now = activity.at(np.arange(n_items, dtype=np.int32), as_of)[:, : len(HALF_LIVES)]
        trend = item_columns[:, 2] / (item_columns[:, 0] + 1.0)
        table = np.column_stack(
            [
                item_columns,
                genres.sum(axis=1),
                year,
                trend,
                now,
                pace.step,
                pace.place,
                pace.days_in,
                bias.item,
            ]
        ).astype(np.float32)
        item, genre = np.nonzero(genres)
        offsets = np.concatenate(([0], np.cumsum(np.bincount(item, minlength=n_items)))).astype(np.int64)
        return cls(np.ascontiguousarray(table), offsets, genre.astype(np.int32))


@numba.njit(cache=True, nogil=True)
def copy_facts(table: FloatArray, items: IntArray, columns: LongArray, rows: FloatArray) -> None:
    """Write the facts of ``items`` into ``columns`` of feature-major ``rows``."""
    for place in range(len(items)):
        for fact in range(len(columns)):
            rows[columns[fact], place] = table[items[place], fact]


@numba.njit(cache=True, nogil=True)
def match_genres(
    offsets: LongArray,
    genre: IntArray,
    items: IntArray,
    tastes: FloatArray,
    by_share: LongArray,
    by_length: LongArray,
    rows: FloatArray,
) -> None:
    """Write how well items match tastes in genres, float32[n_tastes, n_genres].

    An item counts for each of its genres alike. Columns ``by_share`` take its mean taste, the following
    ``by_length`` the inner product with a genre vector of unit length; a column below zero is left out.
    """
    shares = len(by_share)
    for place in range(len(items)):
        start, stop = offsets[items[place]], offsets[items[place] + 1]
        count = max(stop - start, 1)
        share, unit = np.float32(1.0 / count), np.float32(1.0 / max(np.sqrt(np.float32(count)), 1e-9))
        for taste in range(len(tastes)):
            column = by_share[taste] if taste < shares else by_length[taste - shares]
            if column < 0:
                continue
            scale = share if taste < shares else unit
            total = np.float32(0.0)
            for entry in range(start, stop):
                total += tastes[taste, genre[entry]] * scale
            rows[column, place] = total


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def match_factors(
    factors: FloatArray, items: IntArray, tastes: FloatArray, columns: LongArray, best: int, rows: FloatArray
) -> None:
    """Write the inner products of the items' factors with ``tastes``, float32[n_tastes, n_factors].

    The first tastes have ``columns`` of their own (below zero: left out), column ``best`` takes the largest
    of the others. Each row is summed alike wherever it stands, unlike in a matrix product.
    """
    own = len(columns)
    for place in range(len(items)):
        item = items[place]
        most = np.float32(-np.inf)
        for taste in range(len(tastes)):
            if taste < own and columns[taste] < 0:
                continue
            total = np.float32(0.0)
            for factor in range(factors.shape[1]):
                total += factors[item, factor] * tastes[taste, factor]
            if taste < own:
                rows[columns[taste], place] = total
            else:
                most = max(most, total)
        if len(tastes) > own:
            rows[best, place] = most


@numba.njit(cache=True, nogil=True)
def average_rows(matrix: FloatArray, items: IntArray, out: FloatArray) -> None:
    """Write the mean of the items' rows into ``out``, zeros so far; added up in order, as numpy does."""
    for place in range(len(items)):
        row = matrix[items[place]]
        for column in range(len(out)):
            out[column] += row[column]
    for column in range(len(out)):
        out[column] /= np.float32(len(items))


@numba.njit(cache=True, nogil=True)
def count_genres(
    offsets: LongArray, genre: IntArray, items: IntArray, liked: BoolArray, out: FloatArray
) -> None:
    """Add to ``out``, float32[2, n_genres], how many of the liked items and of all have each genre."""
    for place in range(len(items)):
        for entry in range(offsets[items[place]], offsets[items[place] + 1]):
            out[0, genre[entry]] += np.float32(liked[place])
            out[1, genre[entry]] += np.float32(1.0)


@numba.njit(cache=True, nogil=True)
def measure_gaps(
    items: IntArray,
    by_item: tuple[FloatArray, FloatArray, FloatArray],
    usual: tuple[FloatArray, FloatArray],
    own: tuple[float, np.float32, np.float32],
    known: tuple[int, int],
    columns: LongArray,
    rows: FloatArray,
) -> None:
    """Write how far items lie from what was watched into ``columns`` of feature-major ``rows``.

    Parameters
    ----------
    by_item : popularity, spread of steps and rating bias, float32[n_items] each
    usual : year and popularity of every stretch
    own : step the viewer is at, mean step of the latest items, stars the viewer gives
    known : columns of year and step, filled already
    columns : gaps in years, in popularity, in steps, in steps to the latest; expected stars
    """
    popularity, spread, bias = by_item
    years, popularities = usual
    at_step, near_step, stars = own
    stretches = len(years)
    for place in range(len(items)):
        item = items[place]
        year, step = rows[known[0], place], rows[known[1], place]
        for part in range(stretches):
            rows[columns[part], place] = year - years[part]
            rows[columns[stretches + part], place] = popularity[item] - popularities[part]
        rows[columns[2 * stretches], place] = (at_step - step) / spread[item]
        rows[columns[2 * stretches + 1], place] = step - near_step
        rows[columns[2 * stretches + 2], place] = stars + bias[item]
