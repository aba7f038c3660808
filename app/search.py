"""Finding movies and viewers by a piece of their name."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from movierec.schema import LongArray
from movierec.service import RecommenderService


def fold(text: str) -> str:
    """Return the text without case, diacritics and repeated blanks: what two spellings share."""
    if text.isascii():  # nothing to take apart, as in most titles
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def grade_match(name: str, wanted: str) -> int | None:
    """Return how well a folded name holds a folded query, 0 best; None where it does not.

    0 = the whole name, 1 = its beginning, 2 = the beginning of a later word, 3 = anywhere.
    """
    if wanted not in name:
        return None
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in name else 3


@dataclass(frozen=True)
class MovieIndex:
    """The catalogue, ready for search.

    Attributes
    ----------
    folded : titles as :func:`fold` returns them, one per ``item_idx``
    by_popularity : int64[n_items], item indices, the most watched first
    genres : genres per ``item_idx``
    """

    folded: tuple[str, ...]
    by_popularity: LongArray
    genres: tuple[tuple[str, ...], ...]

    @classmethod
    def build(cls, service: RecommenderService) -> MovieIndex:
        """Prepare the catalogue of a bundle."""
        catalog = service.catalog
        order = np.argsort(-service.crowd.events, kind="stable").astype(np.int64)
        return cls(tuple(map(fold, catalog.title)), order, catalog.genres)

    def find(self, query: str, genre: str | None) -> list[int]:
        """Return the item indices whose title holds the query, best match first, then by popularity."""
        wanted = fold(query)
        graded = [
            (grade, index)
            for index in self.by_popularity.tolist()
            if (grade := grade_match(self.folded[index], wanted)) is not None
            and (genre is None or genre in self.genres[index])
        ]
        return [index for _, index in sorted(graded, key=lambda pair: pair[0])]


def find_viewers(user_ids: Sequence[str], query: str) -> list[int]:
    """Return the indices of the viewers whose id holds the query, best match first."""
    wanted = fold(query)
    if not wanted:
        return list(range(len(user_ids)))
    graded = [
        (grade, index)
        for index, user_id in enumerate(user_ids)
        if (grade := grade_match(fold(user_id), wanted)) is not None
    ]
    return [index for _, index in sorted(graded)]
