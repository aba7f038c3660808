"""What films are like and what viewers like, as points in one latent space."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.schema import Catalog, FloatArray, IntArray

N_FACTORS: Final = 24
# How much of a film's character each kind of fact carries.
FACT_WEIGHTS: Final = {"genre": 1.0, "era": 0.8, "director": 0.9, "keyword": 0.6}
_OWN_CHARACTER: Final = 0.5
_ERA_YEARS: Final = 15


@dataclass(frozen=True)
class FilmSpace:
    """Films and facts in the latent space.

    Attributes
    ----------
    film : float32[n_films, N_FACTORS], each of about unit length
    fact : float32[n_facts, N_FACTORS], the directions of genres, eras, directors and keywords
    fact_kind : which kind each fact is
    fact_count : int32[n_facts], number of films with the fact
    """

    film: FloatArray
    fact: FloatArray
    fact_kind: tuple[str, ...]
    fact_count: IntArray


def place_films(films: Catalog, rng: np.random.Generator) -> FilmSpace:
    """Give every fact a random direction and every film the weighted sum of its facts."""
    facts_of = [_list_facts(films, index) for index in range(len(films))]
    counts = Counter(fact for facts in facts_of for fact in facts)
    facts = sorted(counts)
    position = {fact: index for index, fact in enumerate(facts)}
    directions = rng.standard_normal((len(facts), N_FACTORS), np.float32) / np.float32(np.sqrt(N_FACTORS))
    rows = np.repeat(np.arange(len(films)), [len(facts) for facts in facts_of])
    columns = np.array([position[fact] for facts in facts_of for fact in facts], np.int64)
    per_film = Counter(
        (row, facts[column][0]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    weight = np.array(
        [
            FACT_WEIGHTS[facts[column][0]] / np.sqrt(per_film[row, facts[column][0]])
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ],
        np.float32,
    )
    film = np.float32(_OWN_CHARACTER / np.sqrt(N_FACTORS)) * rng.standard_normal(
        (len(films), N_FACTORS), np.float32
    )
    np.add.at(film, rows, directions[columns] * weight[:, None])
    film -= film.mean(axis=0)
    film /= np.sqrt(np.square(film).sum(axis=1).mean())
    return FilmSpace(
        film,
        directions,
        tuple(kind for kind, _ in facts),
        np.array([counts[fact] for fact in facts], np.int32),
    )


def invent_archetypes(space: FilmSpace, n_archetypes: int, rng: np.random.Generator) -> FloatArray:
    """Return float32[n_archetypes, N_FACTORS]: bundles of genres, an era, directors and keywords."""
    kinds = np.array(space.fact_kind)
    archetypes = np.zeros((n_archetypes, N_FACTORS), np.float32)
    for row in range(n_archetypes):
        for kind, n_liked in (("genre", 3), ("era", 1), ("director", 4), ("keyword", 5)):
            known = np.flatnonzero(kinds == kind)
            if len(known) == 0:
                continue
            share = np.sqrt(space.fact_count[known])
            share /= share.sum()
            liked = known[rng.choice(len(known), min(n_liked, len(known)), replace=False, p=share)]
            archetypes[row] += FACT_WEIGHTS[kind] * space.fact[liked].sum(axis=0) / np.sqrt(len(liked))
    # What all archetypes share is popularity, not taste.
    return _normalise(archetypes - archetypes.mean(axis=0))


def mix_tastes(archetypes: FloatArray, n_viewers: int, rng: np.random.Generator) -> FloatArray:
    """Return float32[n_viewers, N_FACTORS] of unit length: a few archetypes each, plus something own."""
    share = rng.dirichlet(np.full(len(archetypes), 0.15), n_viewers).astype(np.float32)
    own = rng.standard_normal((n_viewers, N_FACTORS), np.float32) / np.float32(np.sqrt(N_FACTORS))
    return _normalise(_normalise(share @ archetypes) + np.float32(0.35) * own)


def _normalise(rows: FloatArray) -> FloatArray:
    length = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    scaled: FloatArray = rows / np.maximum(length, np.float32(1e-6))
    return scaled


def _list_facts(films: Catalog, index: int) -> list[tuple[str, str]]:
    facts = [("genre", genre) for genre in films.genres[index]]
    facts += [("keyword", keyword) for keyword in films.keywords[index]]
    facts += [("director", name) for name in (films.director[index] or "").split(" & ") if name]
    if films.year[index]:
        facts.append(("era", str(int(films.year[index]) // _ERA_YEARS * _ERA_YEARS)))
    return facts
