"""Lists for several people at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.base import GenreName, ListLength, Model, ViewerId
from app.schemas.movies import MovieCard
from app.schemas.recommendations import ReasonOut
from movierec.group import DEFAULT_CARE, MAX_MEMBERS, MIN_MEMBERS


class GroupMember(Model):
    """One person; ``genres`` help where nothing else is known of them."""

    viewer: ViewerId
    genres: list[GenreName] = Field(default=[], max_length=30)


class GroupRequest(Model):
    """Body of ``POST /recommend/group``."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"members": [{"viewer": "1"}, {"viewer": "2"}], "k": 10, "care": 0.5}]
        },
    )

    members: list[GroupMember] = Field(min_length=MIN_MEMBERS, max_length=MAX_MEMBERS)
    k: ListLength = 10
    care: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] = Field(
        DEFAULT_CARE,
        description="Weight of whoever gets least: 0 = the group's average alone, 1 = least misery alone.",
    )
    only_genres: list[GenreName] = Field(default=[], max_length=30)
    year_from: int | None = Field(None, strict=True, ge=1870, le=2100)
    year_to: int | None = Field(None, strict=True, ge=1870, le=2100)


class MemberMatch(Model):
    """What one person makes of one film."""

    viewer: str
    match: float = Field(ge=0.0, le=1.0, description="Chance that this person likes the film.")
    place: int = Field(description="Place among the films considered, by this person's own ranking.")
    utility: float = Field(ge=0.0, le=1.0, description="Match times standing; what is joined.")


class GroupMovie(MovieCard):
    """One place of a group's list."""

    rank: int
    score: float = Field(ge=0.0, le=1.0)
    members: list[MemberMatch]
    happiest: str = Field(description="Whom it suits best; the reasons are theirs.")
    reasons: list[ReasonOut]


class MemberBalance(Model):
    """How one person fares over the whole list."""

    viewer: str
    mean_match: float
    n_least: int = Field(description="Films of which this person gets the least of all.")


class GroupResponse(Model):
    """Answer of ``POST /recommend/group``: nothing in it was seen or refused by anybody."""

    k: int
    care: float
    bundle: str
    n_considered: int
    note: str | None
    balance: list[MemberBalance]
    items: list[GroupMovie]
