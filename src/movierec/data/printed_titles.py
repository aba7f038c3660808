"""MovieLens titles into what people call the film."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ARTICLES: Final = (
    *("The", "A", "An"),
    *("Le", "La", "Les", "L'", "Un", "Une", "Des"),
    *("El", "Los", "Las", "Una", "Il", "Lo", "Gli", "I"),
    *("Der", "Die", "Das", "Ein", "Eine", "Den", "Det", "De", "Het", "En", "Ett", "Da", "O", "Os", "As"),
)
_ARTICLE_LAST: Final = re.compile(
    rf"^(?P<title>.*\S), (?P<article>{'|'.join(map(re.escape, ARTICLES))})$", re.I
)
_YEAR_LAST: Final = re.compile(
    r"\s*\((?P<year>(?:18|19|20)\d{2})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*(?:\((?:V|TV|VG|mini)\))?\s*$"
)
_PARENTHESES_LAST: Final = re.compile(r"^(?P<title>.*\S)\s+\((?P<inner>(?:[^()]|\([^()]*\))*)\)$")
_ALSO_KNOWN: Final = re.compile(r"^a\.?k\.?a\.?:?\s+", re.I)
_PART_OF_TITLE: Final = re.compile(r"^(?:part|pt|vol|volume|chapter|episode|season)\b", re.I)


class ParsedTitle(NamedTuple):
    """``year`` is 0 where unknown; ``alternates`` are the other names given in parentheses."""

    title: str
    year: int
    alternates: tuple[str, ...]


def parse_title(text: str) -> ParsedTitle:
    """Split a MovieLens title into name, year and other names, articles to the front.

    ``"City of Lost Children, The (Cité des enfants perdus, La) (1995)"`` becomes
    ``("The City of Lost Children", 1995, ("La Cité des enfants perdus",))``.
    """
    rest = " ".join(text.split())
    year = 0
    if found := _YEAR_LAST.search(rest):
        year, rest = int(found["year"]), rest[: found.start()]
    alternates: list[str] = []
    while found := _PARENTHESES_LAST.match(rest):
        # "Birdman: Or (The Unexpected …)" and "Hotel Chevalier (Part 1 …)" are names, not other names.
        if _PART_OF_TITLE.match(found["inner"]) or re.search(r"\bOr$|:$", found["title"]):
            break
        alternates.insert(0, move_article(_ALSO_KNOWN.sub("", found["inner"]).strip()))
        rest = found["title"]
    title = move_article(rest) or " ".join(text.split())
    return ParsedTitle(title, year, tuple(name for name in alternates if name and name != title))


def move_article(title: str) -> str:
    """Return "The Matrix" for "Matrix, The"."""
    found = _ARTICLE_LAST.match(title)
    if found is None:
        return title
    separator = "" if found["article"].endswith("'") else " "
    return f"{found['article']}{separator}{found['title']}"
