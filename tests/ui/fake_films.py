"""Sixty toy films and twelve viewers of the stand-in API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

GENRES = ("Action", "Animation", "Comedy", "Crime", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "War")
DIRECTORS = ("Ada Quill", "Bo Marsh", "Cleo Hale", "Dev Rao", "Eve Lund", "Finn Okoro", "Gia Roth")
NOUNS = ("Harbour", "Lantern", "Orchard", "Signal", "Winter", "Carnival")
STYLES = ("The Last {}", "{} at Noon", "A Quiet {}", "Return to the {}", "{} in Two Acts", "Night {}")
STYLES += ("Seven Days of {}", "{} Without End", "My Brother’s {}", "The {} Job")
HOSTILE = '<img src=x onerror="window.hacked=1"> **bold** [go](http://evil.example) :red[x] $x$'
TINTS = ("#7a2f3b", "#2f4f6f", "#3d6b4f", "#8a6a2f", "#553f7a", "#2f6f6f", "#8a4a2f")
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def make_films() -> list[dict[str, Any]]:
    films = []
    for index in range(60):
        style, noun = STYLES[index % 10], NOUNS[index // 10]
        genres = sorted({GENRES[index % 10], GENRES[(index * 3 + 1) % 10]})
        item_id = str(index + 1)
        film = {"item_idx": index, "item_id": item_id, "title": style.format(noun), "year": 1962 + index}
        film |= {"genres": genres, "director": DIRECTORS[index % 7], "poster": f"/posters/{item_id}.svg"}
        films.append(film)
    films[5]["title"] = HOSTILE
    films[11]["year"] = None
    films[17]["director"] = None
    return films


FILMS = make_films()
BY_ID = {film["item_id"]: film for film in FILMS}
VIEWERS = [
    {
        "user_idx": index,
        "user_id": str(100 + index),
        "n_events": 20 + 7 * index,
        "last_event": NOW.isoformat(),
        "top_genres": [GENRES[index % 10], GENRES[(index + 3) % 10]],
    }
    for index in range(12)
]
