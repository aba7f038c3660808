from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.data.readers import detect_layout
from movierec.data.sources import FolderFiles
from movierec.errors import LayoutError

WriteFolder = Callable[..., Path]
INTERACTIONS = b"user_id,item_id,event,timestamp\nann,x,watch,10\n"


def test_interactions_alone_are_enough(write_folder: WriteFolder) -> None:
    files = FolderFiles(write_folder(interactions_csv=INTERACTIONS))
    raw = detect_layout(files).read(files)
    assert raw.interactions.rows() == [(2, "ann", "x", "watch", None, "10", None)]
    assert raw.items.is_empty()


def test_items_with_and_without_a_year_column(write_folder: WriteFolder) -> None:
    files = FolderFiles(
        write_folder(
            interactions_csv=INTERACTIONS,
            items_csv=b"item_id,title,year,genres\nx,Me (1999),2001,Drama| Drama |\ny,You,soon,\n",
        )
    )
    items = detect_layout(files).read(files).items
    assert items["title"].to_list() == ["Me (1999)", "You"]
    assert items["year"].to_list() == [2001, 0]
    assert items["genres"].to_list() == [["Drama"], []]
    files = FolderFiles(
        write_folder(interactions_csv=INTERACTIONS, items_csv=b"item_id,title\nx,Me (1999)\n")
    )
    assert detect_layout(files).read(files).items.select("title", "year").rows() == [("Me", 1999)]


def test_missing_column_is_named(write_folder: WriteFolder) -> None:
    files = FolderFiles(write_folder(interactions_csv=b"user_id,item_id,timestamp\na,b,1\n"))
    with pytest.raises(LayoutError, match=r"interactions.csv lacks the column event"):
        detect_layout(files).read(files)
