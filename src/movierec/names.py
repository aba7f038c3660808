"""Who the viewers are and what the films are called, as a bundle holds them.

Twice: as Parquet, for whoever wants to analyse a bundle, and as JSON, which serving reads. That needs no
engine with threads of its own: a process that has begun to use one cannot be forked into workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson

from movierec.artifacts import Bundle, BundleWriter, Manifest
from movierec.schema import Catalog

if TYPE_CHECKING:
    import polars as pl

CATALOG: Final = "catalog.parquet"
USERS: Final = "users.parquet"
NAMES: Final = "names.json"


@dataclass(frozen=True)
class Names:
    """Ids of the viewers, and the catalogue."""

    user_id: tuple[str, ...]
    catalog: Catalog


def write_names(writer: BundleWriter, names: Names) -> None:
    """Write both forms into a bundle under construction."""
    import polars as pl

    catalog = names.catalog
    pl.DataFrame({"user_id": names.user_id}).write_parquet(writer.path / USERS)
    _frame_catalog(catalog).write_parquet(writer.path / CATALOG)
    said = {
        "user_id": names.user_id,
        "item_id": catalog.item_id,
        "title": catalog.title,
        "year": catalog.year.tolist(),
        "genres": catalog.genres,
        "director": catalog.director,
        "keywords": catalog.keywords,
        "imdb_id": catalog.imdb_id,
        "tmdb_id": catalog.tmdb_id,
    }
    (writer.path / NAMES).write_bytes(orjson.dumps(said))


def read_names(bundle: Bundle) -> Names:
    """Return what :func:`write_names` wrote into a verified bundle; older ones have Parquet alone."""
    if needs_frames(bundle.manifest):
        import polars as pl

        users = pl.read_parquet(bundle.file(USERS))["user_id"].to_list()
        said = pl.read_parquet(bundle.file(CATALOG)).to_dict(as_series=False)
    else:
        said = orjson.loads(bundle.file(NAMES).read_bytes())
        users = said["user_id"]
    catalog = Catalog(
        tuple(said["item_id"]),
        tuple(said["title"]),
        np.array(said["year"], np.int32),
        tuple(tuple(genres) for genres in said["genres"]),
        tuple(said["director"]),
        tuple(tuple(keywords) for keywords in said["keywords"]),
        tuple(said["imdb_id"]),
        tuple(said["tmdb_id"]),
    )
    return Names(tuple(users), catalog)


def needs_frames(manifest: Manifest) -> bool:
    """Return whether the names of a bundle can be read as Parquet only."""
    return NAMES not in manifest.files


def _frame_catalog(catalog: Catalog) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        {
            "item_id": catalog.item_id,
            "title": catalog.title,
            "year": catalog.year,
            "genres": [list(genres) for genres in catalog.genres],
            "director": pl.Series(catalog.director, dtype=pl.String),
            "keywords": [list(keywords) for keywords in catalog.keywords],
            "imdb_id": pl.Series(catalog.imdb_id, dtype=pl.String),
            "tmdb_id": pl.Series(catalog.tmdb_id, dtype=pl.Int64),
        },
        schema_overrides={"genres": pl.List(pl.String), "keywords": pl.List(pl.String)},
    )
