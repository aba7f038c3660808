"""Lists for several people at once, fair to each of them.

A person's *utility* of a film is its place among all films in question, by their own ranker score, times
the chance that they like it: both in [0, 1], so that nobody counts more because their scores are larger.
Utilities are joined as ``(1 - care) * mean + care * least``: the mean is what serves the group as a whole,
the least is the misery of whoever gets least. The two ends are the *average* and the *least misery*
strategies of Masthoff ("Group Recommender Systems", in: Recommender Systems Handbook, 2011; least misery
as in PolyLens, O'Connor et al., ECSCW 2001); their weighted sum follows the consensus functions of Amer-Yahia
et al. ("Group Recommendation: Semantics and Efficiency", VLDB 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.errors import ConfigError
from movierec.preferences import Candidacy, prefer
from movierec.recall.base import top_n
from movierec.schema import BoolArray, Filters, FloatArray, History, IntArray, Reason
from movierec.service import RecommenderService

MIN_MEMBERS: Final = 2
MAX_MEMBERS: Final = 8
DEFAULT_CARE: Final = 0.5


@dataclass(frozen=True)
class Member:
    """One person of the group: an id to name them by, their effective history, their favourite genres."""

    viewer: str
    history: History
    favourite_genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """What is asked for a group; ``care`` in [0, 1] is the weight of the person who gets least."""

    k: int = 10
    care: float = DEFAULT_CARE
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True)
class MemberView:
    """What one person makes of one film: chance of liking it, place among the group's films, from 1."""

    viewer: str
    match: float
    place: int
    utility: float


@dataclass(frozen=True, slots=True)
class GroupItem:
    """One place of the list; ``score`` and every utility lie in [0, 1]; ``reasons`` hold for ``happiest``."""

    rank: int
    item_idx: int
    score: float
    members: tuple[MemberView, ...]
    happiest: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """How one person fares over the whole list: mean match, how often they get the least of all."""

    viewer: str
    mean_match: float
    n_least: int


@dataclass(frozen=True, slots=True)
class GroupRecommendations:
    """A list for a group, of films nobody has seen or refused; ``n_considered`` were compared."""

    items: tuple[GroupItem, ...]
    balance: tuple[Balance, ...]
    n_considered: int
    note: str | None = None


def join_utilities(utility: FloatArray | NDArray[np.float64], care: float) -> NDArray[np.float64]:
    """Return float64[n] group utilities of float[n_members, n].

    It never leaves the range between the least and the mean, does not depend on the order of the members, and
    never prefers a film that is worse for somebody and better for nobody.
    """
    rows = np.asarray(utility, np.float64)
    # Sorted before the sum, so that equal utilities in any order give equal sums to the last bit.
    joined: NDArray[np.float64] = (1.0 - care) * np.sort(rows, axis=0).mean(axis=0) + care * rows.min(axis=0)
    return joined


def place_items(order: FloatArray) -> IntArray:
    """Return int32[n] places from 1, the highest value first; equal values share the best of their places."""
    descending = np.sort(-order)
    return (np.searchsorted(descending, -order, side="left") + 1).astype(np.int32)


def recommend_together(
    service: RecommenderService, members: Sequence[Member], query: GroupQuery
) -> GroupRecommendations:
    """Return the list for a group; the candidates are what any member would be offered.

    Raises ``ConfigError`` for a group of fewer than two or too many people, or one named twice.
    """
    if not MIN_MEMBERS <= len(members) <= MAX_MEMBERS:
        raise ConfigError(f"members must be {MIN_MEMBERS} to {MAX_MEMBERS} viewers, got {len(members)}")
    if len({member.viewer for member in members}) < len(members):
        raise ConfigError("members must be different viewers")
    allowed = _allow(service, members, query.filters)
    candidacies = [
        Candidacy.of(service, member.history, member.favourite_genres, allowed) for member in members
    ]
    items = np.unique(np.concatenate([each.merged.item_idx for each in candidacies])).astype(np.int32)
    if not len(items):
        return GroupRecommendations(
            (), tuple(Balance(m.viewer, 0.0, 0) for m in members), 0, _note(0, query.k)
        )
    views = [prefer(service, each, items) for each in candidacies]
    match = np.stack([view.match for view in views])
    place = np.stack([place_items(view.order) for view in views])
    utility = ((1.0 - (place - 1) / len(items)) * match).astype(np.float32)
    joined = join_utilities(utility, query.care)
    best = top_n(joined.astype(np.float32), query.k)
    listed = tuple(
        _describe(service, members, candidacies, rank, int(items[column]), float(joined[column]),
                  match[:, column], place[:, column], utility[:, column])
        for rank, column in enumerate(best.tolist(), start=1)
    )  # fmt: skip
    return GroupRecommendations(
        listed, _balance(members, match[:, best], utility[:, best]), len(items), _note(len(listed), query.k)
    )


def _describe(
    service: RecommenderService,
    members: Sequence[Member],
    candidacies: Sequence[Candidacy],
    rank: int,
    item_idx: int,
    score: float,
    match: FloatArray,
    place: IntArray,
    utility: FloatArray,
) -> GroupItem:
    happiest = int(np.argmax(utility))
    views = tuple(
        MemberView(member.viewer, float(match[row]), int(place[row]), float(utility[row]))
        for row, member in enumerate(members)
    )
    reasons = service.explain(candidacies[happiest].history, item_idx)
    return GroupItem(rank, item_idx, score, views, members[happiest].viewer, reasons)


def _allow(service: RecommenderService, members: Sequence[Member], filters: Filters) -> BoolArray:
    allowed = service.allow(filters)
    if allowed is None:
        allowed = np.ones(len(service.catalog), np.bool_)
    for member in members:
        allowed[member.history.item_idx] = False
    return allowed


def _balance(members: Sequence[Member], match: FloatArray, utility: FloatArray) -> tuple[Balance, ...]:
    least = np.argmin(utility, axis=0)
    return tuple(
        Balance(member.viewer, float(match[row].mean()), int((least == row).sum()))
        for row, member in enumerate(members)
    )


def _note(n_shown: int, k: int) -> str | None:
    if n_shown >= k:
        return None
    return f"Only {n_shown} of {k} films: the others are seen, hidden or filtered out."
