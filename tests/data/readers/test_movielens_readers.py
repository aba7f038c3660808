from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.data.readers import detect_layout
from movierec.data.readers.tables import RawTables
from movierec.data.sources import FolderFiles
from movierec.errors import LayoutError

WriteFolder = Callable[..., Path]
GENRES_100K = "unknown|0\nAction|1\nAdventure|2\nAnimation|3\nChildren's|4\n\n"
FLAGS = {"unknown": "1|0|0|0|0", "none": "0|0|0|0|0", "cartoon": "0|0|0|1|1"}


def read(folder: Path) -> RawTables:
    files = FolderFiles(folder)
    return detect_layout(files).read(files)


def test_100k(write_folder: WriteFolder) -> None:
    items = (
        f"1|Léon (1994)|01-Jan-1994||http://x|{FLAGS['cartoon']}\n"
        f"267|unknown||||{FLAGS['unknown']}\n"
        f"3|Mystery|04-Feb-1971||http://x|{FLAGS['none']}\n"
    )
    raw = read(
        write_folder(
            u_data=b"7\t1\t5\t881250949\n", u_item=items.encode("latin-1"), u_genre=GENRES_100K.encode()
        )
    )
    assert raw.interactions.rows() == [(1, "7", "1", "rating", "5", "881250949", None)]
    assert raw.items["title"].to_list() == ["Léon", "unknown", "Mystery"]
    assert raw.items["year"].to_list() == [1994, 0, 1971]
    assert raw.items["genres"].to_list() == [["Animation", "Children"], [], []]


def test_1m(write_folder: WriteFolder) -> None:
    folder = write_folder(
        ratings_dat=b"1::1193::5::978300760\n2::1::3.5::978300761\n",
        movies_dat="1193::One Flew: Over, The (1975)::Drama|Children's\n".encode("latin-1"),
    )
    raw = read(folder)
    assert raw.interactions.select("user_id", "item_id", "value", "timestamp").rows() == [
        ("1", "1193", "5", "978300760"),
        ("2", "1", "3.5", "978300761"),
    ]
    assert raw.items.select("item_id", "title", "year").rows() == [("1193", "The One Flew: Over", 1975)]
    assert raw.items["genres"].to_list() == [["Children", "Drama"]]


def test_csv_without_links_and_tags(movielens_folder: Path) -> None:
    raw = read(movielens_folder)
    assert raw.items["title"].to_list() == ["The Matrix", "Toy Story", "Paterson"]
    assert raw.items["genres"].to_list() == [["Action", "Sci-Fi"], ["Animation", "Children"], []]
    assert raw.items["imdb_id"].to_list() == [None] * 3
    assert raw.items["keywords"].to_list() == [[]] * 3


def test_links_become_ids_and_the_commonest_tags_keywords(movielens_folder: Path) -> None:
    (movielens_folder / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0133093,603.0\n2,114709,\n2,9,9\n")
    tags = "userId,movieId,tag,timestamp\n1,1,Cyber,1\n2,1,cyber,2\n1,1,bullet time,3\n1,1,action,3\n"
    (movielens_folder / "tags.csv").write_text(tags)
    raw = read(movielens_folder)
    assert raw.items["imdb_id"].to_list() == ["tt0133093", "tt0114709", None]
    assert raw.items["tmdb_id"].to_list() == [603, None, None]
    assert raw.items["keywords"].to_list() == [["cyber", "action", "bullet time"], [], []]


def test_unknown_layout_says_what_was_expected_and_seen(write_folder: WriteFolder) -> None:
    with pytest.raises(LayoutError, match=r"expected u.data and u.item.*found ratings.csv"):
        detect_layout(FolderFiles(write_folder(ratings_csv=b"x")))


def test_two_layouts_in_one_folder_are_refused(movielens_folder: Path) -> None:
    (movielens_folder / "interactions.csv").write_text("x")
    with pytest.raises(LayoutError, match="several layouts"):
        detect_layout(FolderFiles(movielens_folder))
