"""One reader per format, chosen by looking at the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from movierec.data.readers.movielens import read_100k, read_dat, read_modern
from movierec.data.readers.own import read_own
from movierec.data.readers.tables import RawTables
from movierec.data.sources import SourceFiles
from movierec.errors import LayoutError

__all__ = ["LAYOUTS", "Layout", "RawTables", "detect_layout"]


@dataclass(frozen=True)
class Layout:
    """A format the library reads: its tell-tale files, the reader for it and who publishes in it."""

    name: str
    files: tuple[str, ...]
    read: Callable[[SourceFiles], RawTables]
    publisher: str | None = None


LAYOUTS: Final = (
    Layout("MovieLens 100k", ("u.data", "u.item"), read_100k, "GroupLens"),
    Layout("MovieLens 1M/10M", ("ratings.dat", "movies.dat"), read_dat, "GroupLens"),
    Layout("MovieLens CSV", ("ratings.csv", "movies.csv"), read_modern, "GroupLens"),
    Layout("own data", ("interactions.csv",), read_own),
)


def detect_layout(files: SourceFiles) -> Layout:
    """Return the one layout all of whose files are there; raises ``LayoutError`` otherwise."""
    found = [layout for layout in LAYOUTS if files.names.issuperset(layout.files)]
    if not found:
        expected = "; or ".join(" and ".join(layout.files) for layout in LAYOUTS)
        seen = ", ".join(sorted(files.names)) or "none of these"
        raise LayoutError(f"{files.location} is in no known layout: expected {expected}; found {seen}")
    if len(found) > 1:
        names = " and ".join(layout.name for layout in found)
        raise LayoutError(f"{files.location} holds files of several layouts ({names}); keep one")
    return found[0]
