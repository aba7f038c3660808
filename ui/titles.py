"""One film for one viewer and whom it suits; values and the calls that bring them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from ui.api_client import ApiClient
from ui.models import Movie, Reason, SourceHit


@dataclass(frozen=True, slots=True)
class Cause:
    """A liked title behind a recommendation; the shares of all causes sum to 1."""

    item: Movie
    share: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a film stands for a viewer; ``match`` and ``place`` are None for a film they have seen."""

    seen: bool
    seen_rating: float | None
    seen_at: datetime | None
    match: float | None
    place: int | None
    n_candidates: int
    reasons: tuple[Reason, ...]
    causes: tuple[Cause, ...]
    sources: tuple[SourceHit, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class TasteGroup:
    """Viewers who lean to a genre, and what those who rated the film made of it."""

    genre: str
    n_rated: int
    n_liked: int
    share: float


@dataclass(frozen=True, slots=True)
class Fan:
    """A viewer who has not seen the film, and the chance that they like it."""

    user_id: str
    match: float
    leaning: str | None


@dataclass(frozen=True, slots=True)
class Appeal:
    """Whom a film suits."""

    n_rated: int
    n_liked: int
    groups: tuple[TasteGroup, ...]
    fans: tuple[Fan, ...]


def load_standing(client: ApiClient, item_id: str, viewer: str, genres: Sequence[str] = ()) -> Standing:
    """Return where a film stands for anybody."""
    params = {"viewer": viewer, "genres": list(genres)}
    return client.ask(Standing, "GET", f"/movies/{quote(item_id, safe='')}/standing", params=params)


def load_appeal(client: ApiClient, item_id: str) -> Appeal:
    """Return whom a film suits."""
    return client.ask(Appeal, "GET", f"/movies/{quote(item_id, safe='')}/appeal")
