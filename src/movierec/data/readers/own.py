"""Your own data: ``interactions.csv`` and, where there is one, ``items.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from movierec.data.readers.delimited import LINE, OVERFLOW, batch_csv, read_csv
from movierec.data.readers.tables import (
    ITEM_SCHEMA,
    RawTables,
    complete_items,
    name_genres,
    name_items,
    split_list,
)
from movierec.data.sources import SourceFiles
from movierec.schema import Columns

INTERACTION_COLUMNS: Final = (Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.TIMESTAMP)
ITEM_COLUMNS: Final = (Columns.ITEM_ID, Columns.TITLE)


def read_own(files: SourceFiles) -> RawTables:
    """Read ``interactions.csv`` (user_id, item_id, event, timestamp[, value]) and ``items.csv``.

    ``items.csv`` needs item_id and title; year, genres, director, keywords, imdb_id and tmdb_id are
    taken where they are there (lists joined by ``|``).
    """
    batches = batch_csv(
        files.read("interactions.csv"),
        "interactions.csv",
        {name: name for name in INTERACTION_COLUMNS},
        {Columns.VALUE: Columns.VALUE},
    )

    def complete() -> Iterator[pl.DataFrame]:
        for rows in batches():
            whole = rows
            if Columns.VALUE not in rows.columns:
                whole = rows.with_columns(pl.lit(None, pl.String).alias(Columns.VALUE))
            yield whole.select(
                *(LINE, Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.VALUE),
                *(Columns.TIMESTAMP, OVERFLOW),
            )

    return RawTables(complete, _read_items(files), "interactions.csv", "items.csv")


def _read_items(files: SourceFiles) -> pl.DataFrame:
    if "items.csv" not in files.names:
        return pl.DataFrame(schema={LINE: pl.UInt32, **ITEM_SCHEMA, OVERFLOW: pl.String})
    optional = {name: name for name in ITEM_SCHEMA if name not in ITEM_COLUMNS}
    rows = read_csv(files.read("items.csv"), "items.csv", {name: name for name in ITEM_COLUMNS}, optional)
    return complete_items(type_items(rows))


def type_items(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the string columns of ``rows`` the types of ``ITEM_SCHEMA``.

    A year that is not one counts as unknown; without a year column, "(1999)" at the end of the
    title is the year.
    """
    typed = []
    if Columns.YEAR in rows.columns:
        typed.append(pl.col(Columns.YEAR).cast(pl.Int32, strict=False).fill_null(0))
    else:
        rows = name_items(rows)
    if Columns.GENRES in rows.columns:
        typed.append(name_genres(pl.col(Columns.GENRES)))
    if Columns.KEYWORDS in rows.columns:
        typed.append(split_list(pl.col(Columns.KEYWORDS)))
    if Columns.TMDB_ID in rows.columns:
        typed.append(pl.col(Columns.TMDB_ID).cast(pl.Int64, strict=False))
    return rows.with_columns(typed)
