"""Moods: what somebody is in the mood for, as genres and tags; all there is to go by for somebody new."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from movierec.schema import BoolArray, Catalog, IntArray


class Mood(StrEnum):
    """What an evening can be for."""

    CHEERFUL = "cheerful"
    ROMANTIC = "romantic"
    TENSE = "tense"
    SCARY = "scary"
    ADVENTUROUS = "adventurous"
    THOUGHTFUL = "thoughtful"
    DREAMY = "dreamy"


@dataclass(frozen=True, slots=True)
class MoodProfile:
    """A film fits with one of ``genres`` or ``tags``, unless it has one of the genres it ``avoids``."""

    genres: tuple[str, ...]
    tags: tuple[str, ...]
    avoids: tuple[str, ...]


PROFILES: Final = {
    Mood.CHEERFUL: MoodProfile(
        ("Comedy", "Musical", "Children"),
        ("slapstick", "parody", "talking animals", "mistaken identity", "feel-good", "funny", "quirky"),
        ("Horror", "War", "Crime", "Thriller", "Film-Noir"),
    ),
    Mood.ROMANTIC: MoodProfile(
        ("Romance",),
        ("love", "first love", "love triangle", "wedding", "opposites attract", "love story"),
        ("Horror", "War"),
    ),
    Mood.TENSE: MoodProfile(
        ("Thriller", "Crime", "Mystery", "Film-Noir"),
        ("conspiracy", "heist", "hostage", "kidnapping", "serial killer", "undercover", "suspense"),
        ("Children", "Musical"),
    ),
    Mood.SCARY: MoodProfile(
        ("Horror",),
        ("haunted house", "ghost", "monster", "zombies", "vampire", "demon", "witch", "creepy"),
        ("Children", "Comedy", "Musical"),
    ),
    Mood.ADVENTUROUS: MoodProfile(
        ("Adventure", "Action", "Western"),
        ("quest", "journey", "pirate", "road trip", "samurai", "superhero", "jungle", "epic"),
        ("Horror",),
    ),
    Mood.THOUGHTFUL: MoodProfile(
        ("Drama", "Documentary"),
        ("memory", "identity", "grief", "loneliness", "redemption", "old age", "thought-provoking"),
        ("Action", "Adventure", "Comedy", "Thriller", "Horror", "Children"),
    ),
    Mood.DREAMY: MoodProfile(
        ("Fantasy", "Sci-Fi", "Animation"),
        ("magic", "fairy tale", "dream", "outer space", "parallel world", "surreal", "time travel"),
        ("Horror", "War", "Crime"),
    ),
}


def choose_genres(catalog: Catalog, mood: Mood) -> tuple[str, ...]:
    """Return the genres of a mood that the catalogue has, as it spells them: a hint for a new viewer."""
    wanted = _fold(PROFILES[mood].genres)
    return tuple(name for name in catalog.genre_names if name.casefold() in wanted)


def fit_mood(catalog: Catalog, mood: Mood, items: IntArray) -> BoolArray:
    """Return bool[n]: which of ``items``, int32[n], fit; case does not matter."""
    profile = PROFILES[mood]
    genres, tags, avoids = _fold(profile.genres), _fold(profile.tags), _fold(profile.avoids)
    return np.array(
        [
            not (own := _fold(catalog.genres[item])) & avoids
            and bool(own & genres or _fold(catalog.keywords[item]) & tags)
            for item in items.tolist()
        ],
        np.bool_,
    )


def _fold(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)
