"""Parquet read on Spark beside the same rows read as CSV by the embedded build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.ingest import read_dataset
from movierec.errors import DataError, LayoutError, QuarantineError, UnknownDatasetError
from movierec.schema import Dataset
from movierec.spark.events import load_events

RATINGS = pl.DataFrame(
    {
        "userId": [7, 7, 10, 9, 9, 9, 7, 10, 12, 12, 12, 12],
        "movieId": [3, 20, 3, 100, 3, 20, 3, 5, 3, 5, 20, 100],
        # One beyond the scale, and one pair rated twice.
        "rating": [4.0, 3.5, 5.0, 0.5, 2.5, 4.5, 1.0, 4.0, 3.0, 3.0, 9.0, 4.0],
        "timestamp": [1_000, 1_000, 5, 70, 60, 70, 2_000, 6, 9, 9, 9, 9],
    }
)
MOVIES = pl.DataFrame(
    {
        "movieId": [3, 5, 20, 77],
        "title": ["Alien (1979)", "Matrix, The (1999)", "Ünsichtbar", "Never Seen (2001)"],
        "genres": ["Horror|Sci-Fi", "Action|Sci-Fi", "(no genres listed)", "Drama"],
    }
)
EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "bob", "ann", "ann", "bob", "", "ann", "bob", "cleo", "cleo", "dan"] * 3,
        "item_id": ["x", "y", "y", "x", "y", "x", "z", "z", "x", "y", "z"] * 3,
        "event": ["watch", "like", "complete", "like", "watch", "watch", *(["like"] * 5)] * 3,
        "value": [None, 2.0, None, 1.0, None, None, 3.0, *([None] * 4)] * 3,
        "timestamp": list(range(33)),
    }
)
ITEMS = pl.DataFrame(
    {"item_id": ["x", "y"], "title": ["Ex", " "], "year": [1990, None], "genres": ["A|B", ""]}
)


def load_both(
    session, tmp_path: Path, tables: dict[str, pl.DataFrame], parts: int
) -> tuple[Dataset, Dataset]:
    """Return the data set from a CSV folder and from Parquet of the same name."""
    text, columns = tmp_path / "text" / "films", tmp_path / "columns" / "films"
    text.mkdir(parents=True)
    columns.mkdir(parents=True)
    for name, rows in tables.items():
        rows.write_csv(text / f"{name}.csv")
        if parts == 1:
            rows.write_parquet(columns / f"{name}.parquet")
            continue
        (columns / name).mkdir()
        for part in range(parts):
            size = -(-rows.height // parts)
            rows.slice(part * size, size).write_parquet(columns / name / f"part-{part:04d}.parquet")
    one = load_dataset(str(text), Settings(home=tmp_path / "one"))
    return one, load_events(str(columns), Settings(home=tmp_path / "other"), session)


def assert_same(one: Dataset, other: Dataset) -> None:
    assert replace(one.info, licence="", citation="") == replace(other.info, licence="", citation="")
    assert one.user_id == other.user_id
    assert one.catalog.title == other.catalog.title
    for name in ("user_idx", "item_idx", "rating", "confidence", "timestamp"):
        np.testing.assert_array_equal(getattr(one.interactions, name), getattr(other.interactions, name))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(
    "tables",
    [
        pytest.param({"ratings": RATINGS, "movies": MOVIES}, id="ratings"),
        pytest.param({"interactions": EVENTS, "items": ITEMS}, id="interactions"),
        pytest.param({"interactions": EVENTS.drop("value")}, id="events-alone"),
    ],
)
def test_parquet_gives_what_csv_gives(session, tmp_path, tables, parts) -> None:
    one, other = load_both(session, tmp_path, tables, parts)
    assert one.info.n_quarantined > 0
    assert_same(one, other)
    assert_same(read_dataset(tmp_path / "other" / "processed" / "films"), other)


def test_genres_may_be_lists_and_times_timestamps(session, tmp_path) -> None:
    plain, typed = tmp_path / "plain", tmp_path / "typed"
    for folder in (plain, typed):
        folder.mkdir()
    sound = RATINGS.filter(pl.col("rating") <= 5)
    sound.write_parquet(plain / "ratings.parquet")
    MOVIES.write_parquet(plain / "movies.parquet")
    sound.with_columns(pl.from_epoch("timestamp", time_unit="s").cast(pl.Datetime("us"))).write_parquet(
        typed / "ratings.parquet"
    )
    MOVIES.with_columns(pl.col("genres").str.split("|")).write_parquet(typed / "movies.parquet")
    one, other = (
        load_events(str(folder), Settings(home=tmp_path / "home"), session) for folder in (plain, typed)
    )
    assert one.info.content_hash == other.info.content_hash


def test_a_url_is_read_like_a_folder(session, tmp_path) -> None:
    RATINGS.write_parquet(tmp_path / "ratings.parquet")
    settings = Settings(home=tmp_path / "home")
    found = load_events(f"{tmp_path.as_uri()}/", settings, session)
    assert found.info.content_hash == load_events(str(tmp_path), settings, session).info.content_hash
    assert found.info.name == tmp_path.name


def test_a_folder_of_csv_is_read_as_ever(session, tmp_path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    RATINGS.write_csv(folder / "ratings.csv")
    MOVIES.write_csv(folder / "movies.csv")
    settings = Settings(home=tmp_path / "home")
    assert_same(load_events(str(folder), settings, session), load_dataset(str(folder), settings))


def test_too_many_broken_rows_are_refused_with_the_reason(session, tmp_path) -> None:
    RATINGS.with_columns(pl.col("rating") * 3).write_parquet(tmp_path / "ratings.parquet")
    with pytest.raises(QuarantineError, match=r"rating outside 0\.5 to 5"):
        load_events(str(tmp_path), Settings(home=tmp_path / "home"), session)


def test_missing_columns_are_named(session, tmp_path) -> None:
    RATINGS.drop("rating", "timestamp").write_parquet(tmp_path / "ratings.parquet")
    with pytest.raises(LayoutError, match="lacks the columns rating, timestamp; found userId, movieId"):
        load_events(str(tmp_path), Settings(home=tmp_path / "home"), session)


def test_what_is_no_parquet_is_refused(session, tmp_path) -> None:
    (tmp_path / "ratings.parquet").write_text("userId,movieId\n")
    with pytest.raises(DataError, match=r"cannot read .*ratings\.parquet"):
        load_events(str(tmp_path), Settings(home=tmp_path / "home"), session)


def test_nothing_there_is_told_for_urls_and_names(session, tmp_path) -> None:
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(LayoutError, match="no Parquet in a known layout"):
        load_events((tmp_path / "nothing").as_uri(), settings, session)
    with pytest.raises(UnknownDatasetError):
        load_events(str(tmp_path / "nothing"), settings, session)
