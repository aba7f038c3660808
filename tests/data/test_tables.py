from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data.readers.tables import ITEM_SCHEMA
from movierec.data.tables import hash_tables, index_tables, read_tables, sort_ids, write_tables
from movierec.errors import DataError
from movierec.schema import Catalog, Interactions

Tables = tuple[tuple[str, ...], Catalog, Interactions]


def merged(*rows: tuple[str, str, float | None, float, int]) -> pl.DataFrame:
    schema = {
        "user_id": pl.String,
        "item_id": pl.String,
        "rating": pl.Float32,
        "confidence": pl.Float32,
        "timestamp": pl.Int64,
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_row_index("line")


def items(*ids: str) -> pl.DataFrame:
    rows = [
        {"item_id": i, "title": f"T{i}", "year": 1999, "genres": ["Drama"], "keywords": ["x"], "tmdb_id": 7}
        for i in ids
    ]
    return pl.DataFrame(rows, schema=ITEM_SCHEMA)


@pytest.fixture
def tables() -> Tables:
    return index_tables(
        merged(
            ("10", "2", 4, 1.5, 30), ("9", "2", None, 2, 5), ("10", "77", 1, 0, 20), ("10", "3", 3, 0.5, 20)
        ),
        items("2", "100", "3"),
    )


def test_indices_are_dense_and_numeric_ids_sort_by_number(tables: Tables) -> None:
    user_id, catalog, interactions = tables
    assert user_id == ("9", "10")
    assert catalog.item_id == ("2", "3", "77", "100")
    assert interactions.user_idx.tolist() == [0, 1, 1, 1]
    assert interactions.item_idx.tolist() == [0, 2, 1, 0]
    assert interactions.timestamp.tolist() == [5, 20, 20, 30]
    assert (interactions.n_users, interactions.n_items) == (2, 4)
    np.testing.assert_array_equal(interactions.rating, np.array([np.nan, 1, 3, 4], np.float32))


def test_rated_item_missing_from_the_table_keeps_its_id_as_title(tables: Tables) -> None:
    catalog = tables[1]
    assert catalog.title == ("T2", "T3", "77", "T100")
    assert catalog.year.tolist() == [1999, 1999, 0, 1999]
    assert catalog.genres[2] == ()


def test_dtypes_are_those_of_the_contract(tables: Tables) -> None:
    events = tables[2]
    dtypes = [events.user_idx.dtype, events.item_idx.dtype, events.rating.dtype, events.timestamp.dtype]
    assert dtypes == [np.int32, np.int32, np.float32, np.int64]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["10", "9", "9", "1"], ["1", "9", "10"]),
        (["10", "9", "x"], ["10", "9", "x"]),
        (["07", "7"], ["07", "7"]),
        (["1" * 30, "2"], ["1" * 30, "2"]),
    ],
)
def test_sort_ids(ids: list[str], expected: list[str]) -> None:
    assert sort_ids(pl.Series(ids)).to_list() == expected


EVENT = st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(0, 5))


@given(st.lists(EVENT, min_size=1, unique_by=lambda event: event[:2]), st.randoms())
def test_order_of_rows_changes_neither_indices_nor_hash(events: list[tuple[int, int, int]], random) -> None:  # type: ignore[no-untyped-def]
    # Distinct times per user: between equal ones the input order is meant to decide.
    rows = [(str(u), str(i), 4.0, 1.5, t * 100 + i) for u, i, t in events]
    shuffled = random.sample(rows, len(rows))
    first, second = index_tables(merged(*rows), items("1")), index_tables(merged(*shuffled), items("1"))
    assert first[0] == second[0]
    assert first[1].item_id == second[1].item_id
    assert hash_tables(*first) == hash_tables(*second)
    users, times = first[2].user_idx, first[2].timestamp
    assert (np.diff(users) >= 0).all()
    assert (np.diff(times)[np.diff(users) == 0] >= 0).all()


def test_parquet_gives_back_what_was_written(tables: Tables, tmp_path: Path) -> None:
    write_tables(tmp_path, *tables)
    user_id, catalog, interactions = read_tables(tmp_path)
    assert user_id == tables[0]
    assert catalog.tmdb_id == (7, 7, None, 7)
    assert catalog.keywords == (("x",), ("x",), (), ("x",))
    np.testing.assert_array_equal(interactions.rating, tables[2].rating)
    assert hash_tables(user_id, catalog, interactions) == hash_tables(*tables)


def test_ratings_that_are_missing_are_null_in_parquet(tables: Tables, tmp_path: Path) -> None:
    write_tables(tmp_path, *tables)
    assert pl.read_parquet(tmp_path / "interactions.parquet")["rating"].to_list() == [None, 1, 3, 4]


def test_hash_changes_with_any_fact(tables: Tables) -> None:
    user_id, catalog, interactions = tables
    later = interactions.timestamp.copy()
    later[0] += 1
    hashes = {
        hash_tables(*tables),
        hash_tables(("9", "11"), catalog, interactions),
        hash_tables(user_id, dataclasses.replace(catalog, title=("a", "T3", "77", "T100")), interactions),
        hash_tables(user_id, dataclasses.replace(catalog, director=("a", None, None, None)), interactions),
        hash_tables(user_id, catalog, dataclasses.replace(interactions, timestamp=later)),
    }
    assert len(hashes) == 5


def test_unreadable_parquet_is_a_data_error(tables: Tables, tmp_path: Path) -> None:
    write_tables(tmp_path, *tables)
    (tmp_path / "items.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match="delete the folder and ingest again"):
        read_tables(tmp_path)
