"""The three formats MovieLens came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from movierec.data.readers.delimited import (
    LINE,
    OVERFLOW,
    Batches,
    batch_csv,
    batch_rows,
    decode,
    read_csv,
    read_rows,
)
from movierec.data.readers.tables import (
    ITEM_SCHEMA,
    RawTables,
    complete_items,
    name_genres,
    name_items,
)
from movierec.data.sources import SourceFiles
from movierec.errors import LayoutError
from movierec.schema import Columns

RATING_COLUMNS: Final = (Columns.USER_ID, Columns.ITEM_ID, Columns.VALUE, Columns.TIMESTAMP)
CSV_RATING_COLUMNS: Final = dict(
    zip(("userId", "movieId", "rating", "timestamp"), RATING_COLUMNS, strict=True)
)
N_KEYWORDS: Final = 5
# The order of the flags in u.item, for copies that come without u.genre.
GENRES_100K: Final = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi"),
    *("Thriller", "War", "Western"),
)


def read_100k(files: SourceFiles) -> RawTables:
    """Read ml-100k: ``u.data`` by tabs, ``u.item`` by pipes with one flag per genre."""
    ratings = batch_rows(files.read("u.data"), RATING_COLUMNS, "\t", quoted=False)
    genres = _read_genre_names(files)
    flags = [f"flag_{position}" for position in range(len(genres))]
    columns = [Columns.ITEM_ID, Columns.TITLE, "released", "video_released", "url", *flags]
    rows = read_rows(files.read("u.item"), columns, "|", quoted=False)
    joined = pl.concat_str(
        [pl.when(pl.col(flag) == "1").then(pl.lit(genre)) for flag, genre in zip(flags, genres, strict=True)],
        separator="|",
        ignore_nulls=True,
    )
    released = pl.col("released").str.extract(r"(\d{4})$").cast(pl.Int32).fill_null(0)
    items = name_items(rows).with_columns(
        name_genres(joined).alias(Columns.GENRES),
        pl.when(pl.col(Columns.YEAR) > 0).then(Columns.YEAR).otherwise(released).alias(Columns.YEAR),
    )
    return RawTables(_as_ratings(ratings), complete_items(items), "u.data", "u.item")


def read_dat(files: SourceFiles) -> RawTables:
    """Read ml-1m and ml-10m: fields parted by ``::``."""
    ratings = batch_rows(files.read("ratings.dat"), RATING_COLUMNS, "::", quoted=False)
    columns = (Columns.ITEM_ID, Columns.TITLE, Columns.GENRES)
    rows = read_rows(files.read("movies.dat"), columns, "::", quoted=False)
    items = name_items(rows).with_columns(name_genres(pl.col(Columns.GENRES)))
    return RawTables(_as_ratings(ratings), complete_items(items), "ratings.dat", "movies.dat")


def read_modern(files: SourceFiles) -> RawTables:
    """Read ml-latest-small, 20m, 25m, 32m: CSV; ``links.csv`` and ``tags.csv`` where they are there.

    The commonest tags of an item become its keywords.
    """
    ratings = batch_csv(files.read("ratings.csv"), "ratings.csv", CSV_RATING_COLUMNS)
    rows = read_csv(
        files.read("movies.csv"),
        "movies.csv",
        {"movieId": Columns.ITEM_ID, "title": Columns.TITLE, "genres": Columns.GENRES},
    )
    items = name_items(rows).with_columns(name_genres(pl.col(Columns.GENRES)))
    if "links.csv" in files.names:
        items = items.join(_read_links(files), on=Columns.ITEM_ID, how="left", maintain_order="left")
    if "tags.csv" in files.names:
        items = items.join(_read_keywords(files), on=Columns.ITEM_ID, how="left", maintain_order="left")
        items = items.with_columns(pl.col(Columns.KEYWORDS).fill_null(pl.lit([], pl.List(pl.String))))
    return RawTables(_as_ratings(ratings), complete_items(items), "ratings.csv", "movies.csv")


def _as_ratings(batches: Batches) -> Batches:
    def rate() -> Iterator[pl.DataFrame]:
        for rows in batches():
            yield rows.with_columns(pl.lit("rating").alias(Columns.EVENT)).select(
                *(LINE, Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.VALUE),
                *(Columns.TIMESTAMP, OVERFLOW),
            )

    return rate


def _read_genre_names(files: SourceFiles) -> tuple[str, ...]:
    if "u.genre" not in files.names:
        return GENRES_100K
    lines = [line.strip().split("|") for line in decode(files.read("u.genre")).splitlines() if line.strip()]
    try:
        return tuple(name for _, name in sorted((int(position), name) for name, position in lines))
    except ValueError as error:
        raise LayoutError("u.genre must hold lines such as 'Action|1'; restore the original file") from error


def _read_links(files: SourceFiles) -> pl.DataFrame:
    links = read_csv(
        files.read("links.csv"),
        "links.csv",
        {"movieId": Columns.ITEM_ID},
        {"imdbId": Columns.IMDB_ID, "tmdbId": Columns.TMDB_ID},
    )
    imdb = [c for c in (Columns.IMDB_ID,) if c in links.columns]
    tmdb = [c for c in (Columns.TMDB_ID,) if c in links.columns]
    return (
        links.drop_nulls(Columns.ITEM_ID)
        .unique(Columns.ITEM_ID, keep="first", maintain_order=True)
        .select(
            Columns.ITEM_ID,
            *(
                pl.when(pl.col(c).str.contains(r"^(tt)?\d{1,10}$"))
                .then(pl.concat_str(pl.lit("tt"), pl.col(c).str.strip_prefix("tt").str.zfill(7)))
                .alias(c)
                for c in imdb
            ),
            # Older tools wrote "862.0" where a column had gaps.
            *(pl.col(c).str.extract(r"^(\d{1,10})(?:\.0)?$").cast(ITEM_SCHEMA[c]) for c in tmdb),
        )
    )


def _read_keywords(files: SourceFiles) -> pl.DataFrame:
    tags = read_csv(files.read("tags.csv"), "tags.csv", {"movieId": Columns.ITEM_ID, "tag": "tag"})
    return (
        tags.drop_nulls([Columns.ITEM_ID, "tag"])
        .with_columns(pl.col("tag").str.to_lowercase())
        .filter(pl.col("tag").str.len_chars() <= 40)
        .group_by(Columns.ITEM_ID, "tag")
        .len()
        .sort("len", "tag", descending=[True, False])
        .group_by(Columns.ITEM_ID, maintain_order=True)
        .agg(pl.col("tag").head(N_KEYWORDS).alias(Columns.KEYWORDS))
    )
