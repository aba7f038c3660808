"""The Parquet feature store: what the crowd did, relative to one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from movierec.ranking import aggregates
from movierec.schema import Catalog, FloatArray, Interactions

if TYPE_CHECKING:
    import polars as pl

TABLES: Final = ("user_features", "item_features", "genre_item_priors", "item_genres", "user_genre_affinity")

ITEM_COLUMNS: Final = (
    "item_interactions",
    "item_conf_sum",
    "item_conf_decay_sum",
    "item_days_since_last",
    "item_days_since_first",
    "item_mean_rating",
    "item_liked_rate",
)
"""Columns of the item matrix, in order."""

_COUNTS: Final = ("item_interactions", "item_conf_sum", "item_conf_decay_sum")


@dataclass(frozen=True)
class FeatureStore:
    """All feature tables of one moment.

    Attributes
    ----------
    as_of : seconds since the epoch; no table saw a later event
    tables : one polars frame per name in ``TABLES``
    """

    as_of: int
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def compute(
        cls,
        interactions: Interactions,
        catalog: Catalog,
        as_of: int,
        prior_strength: float = 20.0,
        names: Sequence[str] = TABLES,
    ) -> Self:
        """Run the aggregates of the named tables on DuckDB, on one thread so that sums repeat to the bit."""
        import ibis

        item_genres = list_item_genres(catalog)
        connection = ibis.duckdb.connect(threads=1)
        events, genres = ibis.memtable(list_events(interactions)), ibis.memtable(item_genres)
        expressions = aggregates.express(events, genres, as_of, prior_strength)
        tables = {
            name: connection.to_polars(expression)
            for name, expression in expressions.items()
            if name in names
        }
        connection.disconnect()
        return cls(as_of, {**tables, "item_genres": item_genres})

    def item_matrix(self, n_items: int) -> FloatArray:
        """Return float32[n_items, len(ITEM_COLUMNS)]; unrated items count 0 and have NaN elsewhere."""
        frame = self.tables["item_features"]
        matrix = np.full((n_items, len(ITEM_COLUMNS)), np.nan, np.float32)
        for column, name in enumerate(ITEM_COLUMNS):
            if name in _COUNTS:
                matrix[:, column] = 0.0
            matrix[frame["item_idx"].to_numpy(), column] = frame[name].to_numpy()
        return matrix

    def write(self, folder: Path) -> None:
        """Write one Parquet file per table."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            self.tables[name].write_parquet(folder / f"{name}.parquet")

    @classmethod
    def read(cls, folder: Path, as_of: int) -> Self:
        """Inverse of :meth:`write`."""
        import polars as pl

        return cls(as_of, {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES})


def list_events(interactions: Interactions) -> pl.DataFrame:
    """Return one row per event, as the expressions expect them; no rating is null."""
    import polars as pl

    return pl.DataFrame(
        {
            "user_idx": interactions.user_idx,
            "item_idx": interactions.item_idx,
            "rating": pl.Series(interactions.rating).fill_nan(None),
            "confidence": interactions.confidence,
            "timestamp": interactions.timestamp,
        }
    )


def list_item_genres(catalog: Catalog) -> pl.DataFrame:
    """Return one row per (item, genre); ``share`` is one over the item's number of genres."""
    import polars as pl

    items = [index for index, genres in enumerate(catalog.genres) for _ in genres]
    return pl.DataFrame(
        {
            "item_idx": pl.Series(items, dtype=pl.Int32),
            "genre": pl.Series([genre for genres in catalog.genres for genre in genres], dtype=pl.String),
            "share": pl.Series([1.0 / len(catalog.genres[index]) for index in items], dtype=pl.Float64),
        }
    )
