"""Re-rank a list by what the viewer just said, in the browser session, without asking the API.

Every like pulls cards that share its genres, director or decade upwards, every dislike pushes them
down. The boost is bounded, so the API's own order always shows through, and it is taken apart into
reasons, so each moved card can say why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ui.models import Pick

MAX_BOOST: Final = 0.25
GENRE_WEIGHT: Final = 0.6
DIRECTOR_WEIGHT: Final = 0.3
ERA_WEIGHT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Signal:
    """One thumb: what it was given to, and its sign."""

    item_id: str
    thumb: Literal["like", "dislike"]
    genres: tuple[str, ...]
    director: str | None
    year: int | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What part of the boost comes from one shared trait, over ``n`` thumbs of one kind."""

    trait: Literal["itself", "genre", "director", "era"]
    name: str
    thumb: Literal["like", "dislike"]
    n: int
    amount: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A card at its new place (from 1); ``moved`` counts places upwards, ``causes`` strongest first."""

    pick: Pick
    place: int
    moved: int
    boost: float
    causes: tuple[Cause, ...]


def rerank(picks: Sequence[Pick], signals: Sequence[Signal], strength: float) -> tuple[Placed, ...]:
    """Return the picks in the order of place value plus boost.

    Parameters
    ----------
    picks : the list in the API's own order
    signals : thumbs in force; one per film, the first wins
    strength : 0 (identity) to 1; ``|boost| <= strength * 0.25`` on the match scale

    The value of a place is the match that belongs there when all matches are sorted, so a list in
    any order (diversified, or of another generation) stays as it is without signals. A boost never
    exceeds the spread of matches in the list: where they lie close together, so do the boosts.
    """
    strength = min(max(strength, 0.0), 1.0)
    values = sorted((pick.match for pick in picks), reverse=True)
    scale = strength * min(MAX_BOOST, values[0] - values[-1]) if values else 0.0
    thumbs = tuple({signal.item_id: signal for signal in reversed(signals)}.values())
    boosts = [_boost(pick, thumbs, scale) for pick in picks]
    order = sorted(range(len(picks)), key=lambda row: (-(values[row] + boosts[row][0]), row))
    return tuple(
        Placed(picks[row], place, row + 1 - place, *boosts[row]) for place, row in enumerate(order, start=1)
    )


def explain_move(placed: Placed, n_causes: int = 2) -> str:
    """Return why a card was boosted, in plain words; empty where nothing speaks for its direction."""
    sign = 1 if placed.boost > 0 else -1
    causes = [cause for cause in placed.causes if cause.amount * sign > 0][:n_causes]
    clauses: dict[str, list[str]] = {}
    for cause in causes:
        clauses.setdefault(f"you {cause.thumb}d", []).append(_word_cause(cause))
    return " and ".join(f"{verb} {' and '.join(things)}" for verb, things in clauses.items())


def _boost(pick: Pick, thumbs: Sequence[Signal], scale: float) -> tuple[float, tuple[Cause, ...]]:
    amounts: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    counts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    total = 0.0
    for signal in thumbs:
        sign = 1.0 if signal.thumb == "like" else -1.0
        for (trait, name), weight in _shared_traits(pick, signal):
            amounts[trait, name, signal.thumb] += sign * weight
            counts[trait, name, signal.thumb] += 1
            total += sign * weight
    if scale == 0.0 or not amounts:
        return 0.0, ()
    per_unit = scale / (1.0 + abs(total))
    causes = [
        Cause(trait, name, thumb, counts[trait, name, thumb], amount * per_unit)  # type: ignore[arg-type]
        for (trait, name, thumb), amount in amounts.items()
    ]
    causes.sort(key=lambda cause: (-abs(cause.amount), cause.trait, cause.name, cause.thumb))
    return total * per_unit, tuple(causes)


def _shared_traits(pick: Pick, signal: Signal) -> list[tuple[tuple[str, str], float]]:
    if pick.item_id == signal.item_id:
        return [(("itself", ""), 1.0)]
    traits: list[tuple[tuple[str, str], float]] = []
    shared = [genre for genre in dict.fromkeys(pick.genres) if genre in signal.genres]
    united = len({*pick.genres, *signal.genres})
    traits.extend((("genre", genre), GENRE_WEIGHT / united) for genre in shared)
    if pick.director and pick.director == signal.director:
        traits.append((("director", pick.director), DIRECTOR_WEIGHT))
    if pick.year and signal.year and pick.year // 10 == signal.year // 10:
        traits.append((("era", f"{pick.year // 10 * 10}s"), ERA_WEIGHT))
    return traits


def _word_cause(cause: Cause) -> str:
    if cause.trait == "itself":
        return "it"
    if cause.trait == "director":
        films = "a film" if cause.n == 1 else f"{cause.n} films"
        return f"{films} by {cause.name}"
    article = "an" if cause.name[:1] in "AEIOU" else "a"
    return f"{article} {cause.name} film" if cause.n == 1 else f"{cause.n} {cause.name} films"
