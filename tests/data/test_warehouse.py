from __future__ import annotations

from pathlib import Path

import pytest

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.warehouse import open_warehouse
from movierec.errors import DataError


@pytest.fixture
def folder(movielens_folder: Path, settings: Settings) -> Path:
    load_dataset(str(movielens_folder), settings)
    return settings.processed_dir / "little"


def test_tables_and_their_summaries(folder: Path) -> None:
    with open_warehouse(folder) as warehouse:

        def ask(query: str) -> list[tuple[object, ...]]:
            return warehouse.sql(query).fetchall()

        assert ask("SELECT count(*) FROM interactions") == [(4,)]
        assert ask("SELECT user_id FROM users ORDER BY user_idx") == [("2",), ("10",)]
        assert ask("SELECT title, n_ratings, mean_rating FROM item_popularity ORDER BY item_idx") == [
            ("The Matrix", 2, 2.25),
            ("Toy Story", 2, 3.75),
            ("Paterson", 0, None),
        ]
        assert ask("SELECT user_id, n_interactions, n_positive FROM user_activity ORDER BY user_idx") == [
            ("2", 2, 2),
            ("10", 2, 0),
        ]
        assert ask("SELECT genre, n_items, n_interactions FROM genre_popularity ORDER BY genre") == [
            ("Action", 1, 2),
            ("Animation", 1, 2),
            ("Children", 1, 2),
            ("Sci-Fi", 1, 2),
        ]


def test_views_follow_a_folder_that_moves(folder: Path) -> None:
    open_warehouse(folder).close()
    moved = folder.rename(folder.with_name("it's moved"))
    with open_warehouse(moved) as warehouse:
        assert warehouse.sql("SELECT count(*) FROM user_activity").fetchall() == [(2,)]


def test_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lacks users\.parquet"):
        open_warehouse(tmp_path)


def test_broken_database_file_is_a_data_error(folder: Path) -> None:
    (folder / "movierec.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(DataError, match="cannot open"):
        open_warehouse(folder)
