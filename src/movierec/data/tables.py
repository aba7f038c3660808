"""The cleaned tables: dense indices, Parquet and back, and the hash of what they say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from movierec.data.readers.delimited import LINE
from movierec.errors import DataError
from movierec.schema import Catalog, Columns, Interactions

USERS_FILE: Final = "users.parquet"
ITEMS_FILE: Final = "items.parquet"
INTERACTIONS_FILE: Final = "interactions.parquet"
_WHOLE_NUMBER: Final = r"^\d{1,18}$"


def sort_ids(ids: pl.Series) -> pl.Series:
    """Return distinct ids in index order: by number where all are whole numbers, else by text."""
    distinct = ids.unique()
    if distinct.str.contains(_WHOLE_NUMBER).all():
        return distinct.to_frame("id").sort(pl.col("id").cast(pl.Int64), "id")["id"]
    return distinct.sort()


def index_tables(merged: pl.DataFrame, items: pl.DataFrame) -> tuple[tuple[str, ...], Catalog, Interactions]:
    """Give users and items dense indices that depend on the ids alone, not on the order of rows.

    Parameters
    ----------
    merged : one row per user and item, from :func:`movierec.data.cleaning.merge_repeats`
    items : sound items; rated ids missing from it are added with the id as title

    Returns
    -------
    user ids by index, catalogue, interactions sorted by (user_idx, timestamp, input order)
    """
    user_ids = sort_ids(_list_ids(merged[Columns.USER_ID]))
    item_ids = sort_ids(pl.concat([_list_ids(merged[Columns.ITEM_ID]), items[Columns.ITEM_ID]]))
    sorted_rows = merged.select(
        _position(Columns.USER_ID, user_ids).alias(Columns.USER_IDX),
        _position(Columns.ITEM_ID, item_ids).alias(Columns.ITEM_IDX),
        pl.col(Columns.RATING).fill_null(float("nan")),
        Columns.CONFIDENCE,
        Columns.TIMESTAMP,
        LINE,
    ).sort(Columns.USER_IDX, Columns.TIMESTAMP, LINE)
    interactions = _to_interactions(sorted_rows, len(user_ids), len(item_ids))
    rows = item_ids.to_frame(Columns.ITEM_ID).join(
        items, on=Columns.ITEM_ID, how="left", maintain_order="left"
    )
    rows = rows.with_columns(
        pl.col(Columns.TITLE).fill_null(pl.col(Columns.ITEM_ID)), pl.col(Columns.YEAR).fill_null(0)
    )
    return tuple(user_ids), _to_catalog(rows), interactions


def write_tables(
    folder: Path, user_id: tuple[str, ...], catalog: Catalog, interactions: Interactions
) -> None:
    """Write ``users``, ``items`` and ``interactions`` as Parquet into an existing folder."""
    users = pl.DataFrame({Columns.USER_ID: user_id}, schema={Columns.USER_ID: pl.String})
    _with_index(users, Columns.USER_IDX).write_parquet(folder / USERS_FILE)
    items = pl.DataFrame(
        {
            Columns.ITEM_ID: catalog.item_id,
            Columns.TITLE: catalog.title,
            Columns.YEAR: catalog.year,
            Columns.GENRES: [list(names) for names in catalog.genres],
            Columns.DIRECTOR: catalog.director,
            Columns.KEYWORDS: [list(names) for names in catalog.keywords],
            Columns.IMDB_ID: catalog.imdb_id,
            Columns.TMDB_ID: catalog.tmdb_id,
        },
        schema={
            Columns.ITEM_ID: pl.String,
            Columns.TITLE: pl.String,
            Columns.YEAR: pl.Int32,
            Columns.GENRES: pl.List(pl.String),
            Columns.DIRECTOR: pl.String,
            Columns.KEYWORDS: pl.List(pl.String),
            Columns.IMDB_ID: pl.String,
            Columns.TMDB_ID: pl.Int64,
        },
    )
    _with_index(items, Columns.ITEM_IDX).write_parquet(folder / ITEMS_FILE)
    pl.DataFrame(
        {
            Columns.USER_IDX: interactions.user_idx,
            Columns.ITEM_IDX: interactions.item_idx,
            Columns.RATING: interactions.rating,
            Columns.CONFIDENCE: interactions.confidence,
            Columns.TIMESTAMP: interactions.timestamp,
        }
    ).with_columns(pl.col(Columns.RATING).fill_nan(None)).write_parquet(folder / INTERACTIONS_FILE)


def read_tables(folder: Path) -> tuple[tuple[str, ...], Catalog, Interactions]:
    """Read what :func:`write_tables` wrote; raises ``DataError`` where it cannot."""
    try:
        users = pl.read_parquet(folder / USERS_FILE).sort(Columns.USER_IDX)
        items = pl.read_parquet(folder / ITEMS_FILE).sort(Columns.ITEM_IDX)
        rows = pl.read_parquet(folder / INTERACTIONS_FILE)
        rows = rows.with_columns(pl.col(Columns.RATING).fill_null(float("nan")))
        interactions = _to_interactions(rows, users.height, items.height)
        return tuple(users[Columns.USER_ID]), _to_catalog(items), interactions
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:120]
        raise DataError(
            f"cannot read the tables in {folder}: {reason}; delete the folder and ingest again"
        ) from error


def hash_tables(user_id: tuple[str, ...], catalog: Catalog, interactions: Interactions) -> str:
    """Return the SHA-256 of what the tables say, whatever Parquet makes of it."""
    digest = hashlib.sha256()
    facts = (
        user_id,
        *(catalog.item_id, catalog.title, catalog.year.tolist(), catalog.genres),
        *(catalog.director, catalog.keywords, catalog.imdb_id, catalog.tmdb_id),
    )
    for fact in facts:
        text = json.dumps(fact, ensure_ascii=True, separators=(",", ":"))
        digest.update(f"{len(text)}:{text}\n".encode())
    for array, dtype in (
        (interactions.user_idx, "<i4"),
        (interactions.item_idx, "<i4"),
        (interactions.rating, "<f4"),
        (interactions.confidence, "<f4"),
        (interactions.timestamp, "<i8"),
    ):
        canonical = np.ascontiguousarray(array, dtype)
        if canonical.dtype.kind == "f":
            canonical = np.where(np.isnan(canonical), np.float32("nan"), canonical).astype(dtype)
        digest.update(f"{len(canonical)}:{dtype}\n".encode())
        digest.update(canonical.data)
    return digest.hexdigest()


def _list_ids(column: pl.Series) -> pl.Series:
    return column.unique().cast(pl.String)


def _position(name: str, ids: pl.Series) -> pl.Expr:
    return pl.col(name).cast(pl.Enum(ids)).to_physical().cast(pl.Int32)


def _with_index(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_row_index(name).with_columns(pl.col(name).cast(pl.Int32))


def _to_interactions(rows: pl.DataFrame, n_users: int, n_items: int) -> Interactions:
    return Interactions(
        rows[Columns.USER_IDX].to_numpy().astype(np.int32),
        rows[Columns.ITEM_IDX].to_numpy().astype(np.int32),
        rows[Columns.RATING].to_numpy().astype(np.float32),
        rows[Columns.CONFIDENCE].to_numpy().astype(np.float32),
        rows[Columns.TIMESTAMP].to_numpy().astype(np.int64),
        n_users,
        n_items,
    )


def _to_catalog(rows: pl.DataFrame) -> Catalog:
    return Catalog(
        item_id=tuple(rows[Columns.ITEM_ID]),
        title=tuple(rows[Columns.TITLE]),
        year=rows[Columns.YEAR].to_numpy().astype(np.int32),
        genres=tuple(tuple(names or ()) for names in rows[Columns.GENRES].to_list()),
        director=tuple(rows[Columns.DIRECTOR]),
        keywords=tuple(tuple(names or ()) for names in rows[Columns.KEYWORDS].to_list()),
        imdb_id=tuple(rows[Columns.IMDB_ID]),
        tmdb_id=tuple(rows[Columns.TMDB_ID]),
    )
