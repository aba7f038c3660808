"""Compare the sample's films with a MovieLens ``movies.csv`` where titles overlap.

Usage: ``python scripts/check_film_facts.py [path/to/movies.csv]``; without a path,
``ml-latest-small/movies.csv`` in the folder ``MOVIEREC_DATASETS`` names. Exits 1 on differences.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from movierec.data.printed_titles import parse_title
from movierec.data.readers.delimited import read_csv
from movierec.data.sample import read_films

YEAR_TOLERANCE: Final = 3
MIN_OVERLAP: Final = 0.5
# Genres MovieLens uses for the format of a release, not for what a film is.
IGNORED_GENRES: Final = frozenset({"IMAX"})
# (title, year in the sample): why the sample differs.
ALLOWED_YEARS: Final = {
    ("Triumph of the Will", 1935): "first shown in March 1935, filmed in 1934",
    ("Brief Encounter", 1945): "released in Britain in 1945, in the US in 1946",
    ("Night and Fog", 1956): "released in 1956, made in 1955",
    ("Eyes Without a Face", 1960): "released in January 1960",
    ("Jules and Jim", 1962): "released in January 1962",
    ("The Producers", 1967): "first shown in November 1967, general release in 1968",
    ("The Harder They Come", 1972): "released in 1972, in the US in 1973",
    ("Koyaanisqatsi", 1982): "first shown at festivals in 1982",
    ("A Room with a View", 1985): "released in Britain in December 1985",
    ("Cinema Paradiso", 1988): "released in Italy in 1988",
    ("Ex Machina", 2014): "first shown in December 2014",
    ("Embrace of the Serpent", 2015): "released in 2015, in the US in 2016",
    ("Black Panther", 2018): "released in 2018; MovieLens is a year early",
}
ALLOWED_GENRES: Final = {
    ("Meet Me in St. Louis", 1944): "MovieLens gives Musical alone",
    ("Ugetsu", 1953): "a ghost story in a civil war, no thriller",
    ("Forbidden Planet", 1956): "an adventure rather than a drama",
    ("Young Frankenstein", 1974): "a parody of horror films",
    ("The Day of the Beast", 1995): "a horror comedy; MovieLens leaves horror out",
    ("The Skin I Live In", 2011): "MovieLens gives Drama alone",
    ("The Witch", 2015): "MovieLens gives Horror alone",
    ("Arrival", 2016): "MovieLens gives Sci-Fi alone",
    ("Sing Street", 2016): "MovieLens gives Drama alone",
    ("Blade Runner 2049", 2017): "MovieLens gives Sci-Fi alone",
    ("Get Out", 2017): "MovieLens gives Horror alone",
}


@dataclass(frozen=True)
class Film:
    """Year and genres of a film as one source has them."""

    title: str
    year: int
    genres: frozenset[str]


def normalise_title(title: str) -> str:
    """Return the title without case, accents, punctuation and a leading article."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("&", " and ").replace("³", " 3"))
    words = re.sub(r"[^a-z0-9 ]+", " ", re.sub(r"['’]", "", plain.encode("ascii", "ignore").decode())).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in {"the", "a", "an"} else words)


def read_reference(path: Path) -> dict[str, list[Film]]:
    """Return the films of ``movies.csv`` by every normalised name they go by."""
    rows = read_csv(path.read_bytes(), path.name, {name: name for name in ("movieId", "title", "genres")})
    films: dict[str, list[Film]] = defaultdict(list)
    for _, _, text, joined, _ in rows.iter_rows():
        parsed = parse_title(text)
        genres = frozenset(joined.split("|")) - {"(no genres listed)"} - IGNORED_GENRES
        film = Film(parsed.title, parsed.year, genres)
        for name in {normalise_title(name) for name in (parsed.title, *parsed.alternates)}:
            films[name].append(film)
    return films


def compare(film: Film, candidates: list[Film]) -> list[str]:
    """Return what differs between a film and the nearest candidate of its name, as lines."""
    near = [other for other in candidates if abs(other.year - film.year) <= YEAR_TOLERANCE]
    if not near:
        return []
    other = min(near, key=lambda known: (abs(known.year - film.year), -len(known.genres & film.genres)))
    name = f"{film.title} ({film.year})"
    lines = []
    if other.year != film.year and (film.title, film.year) not in ALLOWED_YEARS:
        lines.append(f"year    {name}: MovieLens has {other.year}")
    union = film.genres | other.genres
    overlap = len(film.genres & other.genres) / len(union) if union else 1.0
    if other.genres and overlap < MIN_OVERLAP and (film.title, film.year) not in ALLOWED_GENRES:
        ours, theirs = "|".join(sorted(film.genres)), "|".join(sorted(other.genres))
        lines.append(f"genres  {name}: {ours}, MovieLens has {theirs}")
    return lines


def find_reference() -> Path | None:
    """Return ``movies.csv`` of ml-latest-small below ``MOVIEREC_DATASETS``, if that is set."""
    folder = os.environ.get("MOVIEREC_DATASETS")
    return Path(folder) / "ml-latest-small" / "movies.csv" if folder else None


def main() -> int:
    """Print every difference and return 1 if there is one."""
    parser = argparse.ArgumentParser(description="Compare the sample's films with a MovieLens movies.csv.")
    parser.add_argument("movies", nargs="?", type=Path, default=find_reference(), help="path of movies.csv")
    path = parser.parse_args().movies
    if path is None or not path.is_file():
        parser.error(f"no file {path}; give the path of movies.csv or set MOVIEREC_DATASETS")
    reference = read_reference(path)
    catalog = read_films()
    matched, lines = 0, []
    for title, year, genres in zip(catalog.title, catalog.year.tolist(), catalog.genres, strict=True):
        candidates = reference.get(normalise_title(title), [])
        matched += bool(candidates)
        lines += compare(Film(title, year, frozenset(genres) - IGNORED_GENRES), candidates)
    for line in lines:
        print(line)
    print(f"{len(catalog)} films, {matched} found by title, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
