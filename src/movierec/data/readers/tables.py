"""What every reader returns: rows as strings, not yet judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from movierec.data.printed_titles import parse_title
from movierec.data.readers.delimited import Batches
from movierec.schema import Columns

NO_GENRE: Final = frozenset({"", "(no genres listed)", "unknown", "n/a"})
# Early releases say "Children's" where later ones say "Children": one genre, one name.
GENRE_NAMES: Final = {"Children's": "Children"}
ITEM_SCHEMA: Final = {
    Columns.ITEM_ID: pl.String(),
    Columns.TITLE: pl.String(),
    Columns.YEAR: pl.Int32(),
    Columns.GENRES: pl.List(pl.String),
    Columns.DIRECTOR: pl.String(),
    Columns.KEYWORDS: pl.List(pl.String),
    Columns.IMDB_ID: pl.String(),
    Columns.TMDB_ID: pl.Int64(),
}


@dataclass(frozen=True)
class RawTables:
    """The tables of a source before validation.

    Attributes
    ----------
    batches : gives the interactions in parts, at least one: strings ``user_id, item_id, event, value,
        timestamp, overflow`` and ``line``; an ``event`` of "rating" carries stars in ``value``
    items : ``ITEM_SCHEMA`` plus ``line`` and ``overflow``
    interactions_file, items_file : names of the files, for messages
    """

    batches: Batches
    items: pl.DataFrame
    interactions_file: str
    items_file: str

    @property
    def interactions(self) -> pl.DataFrame:
        """All of them in one piece, which takes much room where there are many."""
        return pl.concat(self.batches())


def name_genres(column: pl.Expr, separator: str = "|") -> pl.Expr:
    """Split joined genres, drop the names for "none", unify spellings, sort."""
    return (
        split_list(column, separator, drop=NO_GENRE).list.eval(pl.element().replace(GENRE_NAMES)).list.sort()
    )


def split_list(column: pl.Expr, separator: str = "|", drop: frozenset[str] = frozenset({""})) -> pl.Expr:
    """Split joined names into a list without blanks and repeats, order kept; null gives an empty list."""
    names = column.fill_null("").str.split(separator).list.eval(pl.element().str.strip_chars())
    kept = names.list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(sorted(drop))))
    return kept.list.unique(maintain_order=True)


def name_items(titles: pl.DataFrame) -> pl.DataFrame:
    """Replace MovieLens titles by plain ones and add ``year`` (0 where unknown)."""
    parsed = [parse_title(title or "") for title in titles[Columns.TITLE].to_list()]
    return titles.with_columns(
        pl.Series(Columns.TITLE, [entry.title for entry in parsed], pl.String),
        pl.Series(Columns.YEAR, [entry.year for entry in parsed], pl.Int32),
    )


def complete_items(items: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of ``ITEM_SCHEMA`` the source does not know, as null or empty."""
    missing = [
        (pl.lit([], dtype) if isinstance(dtype, pl.List) else pl.lit(None, dtype)).alias(name)
        for name, dtype in ITEM_SCHEMA.items()
        if name not in items.columns
    ]
    return items.with_columns(missing).select("line", *ITEM_SCHEMA, "overflow")
