"""Finding films by what other sites call them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from movierec.data.printed_titles import move_article
from movierec.schema import Catalog

_NOT_WORD: Final = re.compile(r"[^\w]+")
_IMDB: Final = re.compile(r"(?:tt)?0*([0-9]{1,10})", re.ASCII)


def fold_title(title: str) -> str:
    """Return what spellings of a title share: no case, accents or punctuation, the article in front."""
    decomposed = unicodedata.normalize("NFKD", move_article(title.strip()).replace("&", " and "))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    bare = bare.replace("'", "").replace("’", "")
    return _NOT_WORD.sub(" ", bare.casefold()).strip()


@dataclass(frozen=True)
class TitleIndex:
    """A catalogue, to be searched by title and year or by the ids of other sites."""

    catalog: Catalog

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(fold_title(title) for title in self.catalog.title)

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for item_idx, title in enumerate(self._folded):
            found[title].append(item_idx)
        return dict(found)

    @cached_property
    def _by_imdb(self) -> dict[str, int]:
        known = (
            (_IMDB.fullmatch(imdb_id or ""), index) for index, imdb_id in enumerate(self.catalog.imdb_id)
        )
        return {match[1]: index for match, index in known if match}

    @cached_property
    def _by_tmdb(self) -> dict[str, int]:
        return {
            str(tmdb_id): index for index, tmdb_id in enumerate(self.catalog.tmdb_id) if tmdb_id is not None
        }

    def find(self, title: str, year: int = 0) -> tuple[int, ...]:
        """Return the films of that title: of that year, else of the year before or after.

        Sites differ by a year where a film opened late in some countries. Without a year, or for films whose
        year is not known here, the title alone decides.
        """
        named = self._by_title.get(fold_title(title), [])
        if not year:
            return tuple(named)
        years = self.catalog.year
        exact = tuple(index for index in named if years[index] == year)
        return exact or tuple(index for index in named if years[index] == 0 or abs(years[index] - year) == 1)

    def find_id(
        self, item_id: str | None, imdb_id: str | None = None, tmdb_id: str | None = None
    ) -> int | None:
        """Return the film of that id, the data set's own first."""
        if item_id is not None and item_id in self.catalog.index_of:
            return self.catalog.index_of[item_id]
        if imdb_id is not None and (match := _IMDB.fullmatch(imdb_id)) and match[1] in self._by_imdb:
            return self._by_imdb[match[1]]
        return self._by_tmdb.get(tmdb_id) if tmdb_id is not None else None

    def agrees(self, item_idx: int, title: str, year: int) -> bool:
        """Return whether the film may be meant by this title and year: one of the two fits."""
        known = int(self.catalog.year[item_idx])
        near = bool(year and known) and abs(known - year) <= 1
        return near or fold_title(title) == self._folded[item_idx]
