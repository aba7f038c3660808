"""The sample as a source for ingest, like any other."""

from __future__ import annotations

import hashlib
from typing import Final

import polars as pl

from movierec.data.ingest import Origin
from movierec.data.readers.delimited import LINE, OVERFLOW
from movierec.data.readers.tables import ITEM_SCHEMA, RawTables
from movierec.data.sample.audience import AudienceConfig, simulate
from movierec.data.sample.films import fingerprint_films, read_films
from movierec.schema import Columns

SAMPLE_ORIGIN: Final = Origin(
    name="sample",
    licence="facts on real films, written down for MovieRec; the audience is simulated",
    citation="",
    simulated=True,
)
# Raise whenever the same films and config give another audience.
_GENERATOR_VERSION: Final = 1


def fingerprint_sample(config: AudienceConfig | None = None) -> str:
    """Return a digest that changes with the films, the config or the generator."""
    parts = (fingerprint_films(), config or AudienceConfig(), _GENERATOR_VERSION)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def read_sample(config: AudienceConfig | None = None) -> RawTables:
    """Return films and simulated ratings as raw tables; viewers are numbered from "1"."""
    films = read_films()
    events = simulate(films, config)
    interactions = pl.DataFrame(
        {
            Columns.USER_ID: events.user_idx + 1,
            Columns.ITEM_ID: events.item_idx + 1,
            Columns.VALUE: events.rating,
            Columns.TIMESTAMP: events.timestamp,
        }
    ).select(
        pl.col(Columns.USER_ID, Columns.ITEM_ID).cast(pl.String),
        pl.lit("rating").alias(Columns.EVENT),
        pl.col(Columns.VALUE, Columns.TIMESTAMP).cast(pl.String),
        pl.lit(None, pl.String).alias(OVERFLOW),
    )
    items = pl.DataFrame(
        {
            Columns.ITEM_ID: films.item_id,
            Columns.TITLE: films.title,
            Columns.YEAR: films.year,
            Columns.GENRES: [list(names) for names in films.genres],
            Columns.DIRECTOR: films.director,
            Columns.KEYWORDS: [list(names) for names in films.keywords],
            Columns.IMDB_ID: films.imdb_id,
            Columns.TMDB_ID: films.tmdb_id,
        },
        schema=ITEM_SCHEMA,
    ).with_columns(pl.lit(None, pl.String).alias(OVERFLOW))
    return RawTables(
        lambda: iter([interactions.with_row_index(LINE, offset=1)]),
        items.with_row_index(LINE, offset=2),
        "the simulated audience",
        "films.csv",
    )
