"""The films of the sample: facts on about a thousand well-known titles."""

from __future__ import annotations

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import numpy as np
import polars as pl

from movierec.data.readers.delimited import read_csv
from movierec.data.readers.tables import split_list
from movierec.errors import DataError
from movierec.schema import Catalog, Columns

FILM_COLUMNS: Final = (
    *(Columns.TITLE, Columns.YEAR, Columns.GENRES, Columns.DIRECTOR),
    *(Columns.KEYWORDS, Columns.COUNTRY),
)
GENRES: Final = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi"),
    *("Thriller", "War", "Western"),
)


def read_films() -> Catalog:
    """Return the catalogue of the sample: ids from "1", ordered by (year, title)."""
    films = (
        read_csv(_films_file().read_bytes(), "films.csv", {name: name for name in FILM_COLUMNS})
        .with_columns(pl.col(Columns.YEAR).cast(pl.Int32))
        .sort(Columns.YEAR, Columns.TITLE)
    )
    n_films = films.height
    return Catalog(
        item_id=tuple(str(number) for number in range(1, n_films + 1)),
        title=tuple(films[Columns.TITLE]),
        year=films[Columns.YEAR].to_numpy().astype(np.int32),
        genres=_to_tuples(films, split_list(pl.col(Columns.GENRES)).list.sort()),
        director=tuple(films[Columns.DIRECTOR]),
        keywords=_to_tuples(films, split_list(pl.col(Columns.KEYWORDS))),
        imdb_id=(None,) * n_films,
        tmdb_id=(None,) * n_films,
    )


def fingerprint_films() -> str:
    """Return a digest that changes whenever the films do."""
    return hashlib.sha256(_films_file().read_bytes()).hexdigest()


def invent_films(n_films: int, seed: int) -> Catalog:
    """Return a made-up catalogue of any size, for benchmarks at the scale of MovieLens-20M."""
    rng = np.random.default_rng(seed)
    year = (2024 - np.minimum(rng.exponential(18.0, n_films), 100)).astype(np.int32)
    weights = 1.0 / np.arange(1, len(GENRES) + 1) ** 0.6
    first, second, third = (rng.choice(len(GENRES), n_films, p=weights / weights.sum()) for _ in range(3))
    director = rng.zipf(1.6, n_films) % max(n_films // 3, 1)
    keywords = rng.zipf(1.4, (n_films, 4)) % max(n_films // 10, 1)
    return Catalog(
        item_id=tuple(str(number) for number in range(1, n_films + 1)),
        title=tuple(f"Film {number}" for number in range(1, n_films + 1)),
        year=year,
        genres=tuple(
            tuple(sorted({GENRES[a], GENRES[b], GENRES[c]}))
            for a, b, c in zip(first, second, third, strict=True)
        ),
        director=tuple(f"Director {number}" for number in director),
        keywords=tuple(tuple(sorted({f"keyword {number}" for number in row})) for row in keywords),
        imdb_id=(None,) * n_films,
        tmdb_id=(None,) * n_films,
    )


def _films_file() -> Traversable:
    path = resources.files(__name__.rpartition(".")[0]) / "films.csv"
    if not path.is_file():
        raise DataError("the package lacks data/sample/films.csv; install movierec again")
    return path


def _to_tuples(films: pl.DataFrame, column: pl.Expr) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(names) for names in films.select(column.alias("names"))["names"].to_list())
