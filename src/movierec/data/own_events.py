"""Invented ratings written down as own data has them: events of all four kinds, a table of items."""

from __future__ import annotations

from typing import Final

import polars as pl

from movierec.schema import Columns

_RATERS: Final = 5
"""Every fifth viewer gives stars; the others leave it at what they do."""


def tell_events(ratings: pl.DataFrame) -> pl.DataFrame:
    """Return rows of ``interactions.csv`` for rows of MovieLens's ``ratings.csv``, one for one.

    Viewers who do not rate watch what they would give less than 3 stars, complete what they would give less
    than 4, and like the rest.
    """
    rates = pl.col("userId") % _RATERS == 0
    stars = pl.col("rating")
    done = pl.when(stars < 3).then(pl.lit("watch")).when(stars < 4).then(pl.lit("complete"))
    return ratings.select(
        pl.format("u{}", "userId").alias(Columns.USER_ID),
        pl.format("v{}", "movieId").alias(Columns.ITEM_ID),
        pl.when(rates).then(pl.lit("rating")).otherwise(done.otherwise(pl.lit("like"))).alias(Columns.EVENT),
        pl.when(rates).then(stars).alias(Columns.VALUE),
        Columns.TIMESTAMP,
    )


def list_items(movies: pl.DataFrame) -> pl.DataFrame:
    """Return rows of ``items.csv`` for rows of MovieLens's ``movies.csv``; the year is in the title there."""
    name = pl.col("title").str.extract_groups(r"^(?<title>.*) \((?<year>\d{4})\)$")
    return movies.select(
        pl.format("v{}", "movieId").alias(Columns.ITEM_ID),
        name.struct.field("title").alias(Columns.TITLE),
        name.struct.field("year").alias(Columns.YEAR),
        pl.col("genres").alias(Columns.GENRES),
    )
