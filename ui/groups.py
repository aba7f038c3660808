"""Lists for several people at once; values and the call that brings them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ui.api_client import ApiClient
from ui.models import Movie, Reason

MIN_MEMBERS = 2
MAX_MEMBERS = 8


@dataclass(frozen=True, slots=True)
class MemberMatch:
    """What one person makes of one film."""

    viewer: str
    match: float
    place: int


@dataclass(frozen=True, slots=True)
class GroupPick(Movie):
    """One place of a group's list; the reasons are those of ``happiest``."""

    rank: int
    members: tuple[MemberMatch, ...]
    happiest: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """How one person fares over the list: mean match, in how many films they get the least."""

    viewer: str
    mean_match: float
    n_least: int


@dataclass(frozen=True, slots=True)
class GroupList:
    """A list for a group, of films nobody has seen."""

    n_considered: int
    note: str | None
    balance: tuple[Balance, ...]
    items: tuple[GroupPick, ...]


def recommend_together(
    client: ApiClient, viewers: Sequence[str], k: int, care: float, genres: Mapping[str, Sequence[str]]
) -> GroupList:
    """Return the list; ``genres`` are the favourite genres of those nothing else is known of."""
    members = [{"viewer": viewer, "genres": list(genres.get(viewer, ()))} for viewer in viewers]
    body = {"members": members, "k": k, "care": care}
    return client.ask(GroupList, "POST", "/recommend/group", json=body)
