"""Words and figures for people: escaping, short forms, names of things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ui.models import Movie

# Shortcodes (:cat:, :material/home:) and bare addresses are replaced after Markdown is parsed, so a
# backslash alone does not stop them; an invisible word joiner does.
_JOINER: Final = "\u2060"
_MARKUP: Final = re.compile(r"([!#$&*+\-.:<>@\[\\\]^_`{|}~])")
_ADDRESS: Final = re.compile(r"(?i)\b(www|https?|ftp|mailto|xmpp)(?=[.:])")

SOURCE_NAMES: Final = {
    "popularity": "Popular now",
    "item_item": "Similar titles",
    "co_seen": "Seen together",
    "als": "Similar viewers",
    "als_seen": "Similar viewing",
    "sequence": "Watched next",
    "next_step": "Watched right after",
    "lift": "Together more than by chance",
    "transition": "Likely next step",
    "sitting": "Same sitting",
    "genre": "Your genres",
}
AIM_NAMES: Final = {
    "balanced": "A bit of everything",
    "next": "Something for tonight",
    "later": "Something to look forward to",
    "rating": "Best match first",
}
METHOD_NAMES: Final = {
    "item_item": "item-item",
    "co_seen": "co-seen",
    "als": "ALS",
    "als_seen": "ALS, all events",
    "next_step": "next step",
}
SYSTEM_NAMES: Final = {"v2": "V2", "v1.5": "V1.5 (merge)"}
_PROPOSED: Final = "proposed by "
GENERATION_NAMES: Final = {
    "v2": "V2: all sources, ranked by the model",
    "v1.5": "V1.5: all sources merged, no model",
}


def escape_markdown(text: str) -> str:
    """Return ``text`` so that Streamlit's Markdown shows it letter by letter, on one line."""
    flat = " ".join(text.split())
    flat = _ADDRESS.sub(rf"\1{_JOINER}", flat)
    return _MARKUP.sub(r"\\\1", flat).replace("\\:", f"\\:{_JOINER}").replace("\\@", f"\\@{_JOINER}")


def name_movie(movie: Movie) -> str:
    """Return ``Title (year)`` as plain text; years already in the title are not repeated."""
    if movie.year is None or movie.title.endswith(f"({movie.year})"):
        return movie.title
    return f"{movie.title} ({movie.year})"


def strip_year(movie: Movie) -> str:
    """Return the title without a trailing ``(year)`` that equals the film's year."""
    suffix = f"({movie.year})"
    return movie.title.removesuffix(suffix).rstrip() or movie.title


def describe_movie(movie: Movie, n_genres: int = 2) -> str:
    """Return year and first genres as one plain line; empty where nothing is known."""
    parts = [str(movie.year)] if movie.year else []
    if movie.genres:
        parts.append(", ".join(movie.genres[:n_genres]))
    return " · ".join(parts)


def join_words(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def count_things(count: int, singular: str, plural: str | None = None) -> str:
    """Return ``1 film`` or ``1,204 films``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def format_match(match: float) -> str:
    """Return a probability as a whole percentage, never rounding up to certainty."""
    if 0 < match < 0.01:
        return "<1%"
    return f"{min(round(match * 100), 99 if match < 1 else 100)}%"


def explain_match(match: float) -> str:
    """Return what a match percentage means, in plain words."""
    return (
        f"The model's estimate of the chance that you like this film if you watch it: of 100 films with "
        f"{format_match(match)} that get watched, about {max(round(match * 100), 1)} should be liked. "
        "It is not a star rating."
    )


def format_boost(boost: float) -> str:
    """Return a change on the match scale in percentage points, signed."""
    points = f"{boost * 100:+.0f}" if abs(boost) >= 0.01 else f"{boost * 100:+.1f}"
    return f"{points} {'point' if points in ('+1', '-1') else 'points'}"


def format_move(moved: int) -> str:
    """Return ``▲3`` or ``▼2``; empty for a card that stayed."""
    if moved == 0:
        return ""
    return f"▲{moved}" if moved > 0 else f"▼{-moved}"


def name_source(source: str) -> str:
    """Return the name people read for a recall source."""
    return SOURCE_NAMES.get(source, source.replace("_", " ").capitalize())


def name_generation(generation: str) -> str:
    """Return the name people read for a generation of the pipeline."""
    if generation.startswith("v1-"):
        source = generation.removeprefix("v1-")
        method = METHOD_NAMES.get(source, source.replace("_", " "))
        return f"V1: {method} alone ({name_source(source).lower()})"
    return GENERATION_NAMES.get(generation, generation)


def name_system(system: str) -> str:
    """Return the short name of a system in a report: ours, one of our sources, or a known model."""
    if system.startswith("v1-"):
        source = system.removeprefix("v1-")
        return f"V1 {METHOD_NAMES.get(source, source.replace('_', ' '))}"
    if system.startswith("v2-"):
        return f"V2 aimed at {system.removeprefix('v2-')}"
    return SYSTEM_NAMES.get(system, system)


def name_stage(stage: str) -> str:
    """Return a pipeline stage or feature name as words, recall sources by the name of their method."""
    if stage.startswith(_PROPOSED):
        source = stage.removeprefix(_PROPOSED)
        return f"{_PROPOSED.capitalize()}{METHOD_NAMES.get(source, source.replace('_', ' '))}"
    return stage.replace("_", " ").strip().capitalize()
