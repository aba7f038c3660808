"""A viewer's page in sections, and what is trending."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Model
from app.schemas.movies import MovieCard
from app.schemas.recommendations import BecauseItem, RecommendedMovie
from movierec.schema import Aim
from movierec.sections import SectionKind
from movierec.trending import TrendWindow


class SectionOut(Model):
    """A row of films; across the sections of one answer no film appears twice."""

    kind: SectionKind
    title: str = Field(examples=["Because you liked Solaris"])
    hint: str = Field(description="What holds the row together, in one sentence.")
    because: BecauseItem | None = Field(description="The liked film behind the row, if there is one.")
    genre: str | None
    items: list[RecommendedMovie]


class SectionsResponse(Model):
    """Answer of ``GET /users/{user_id}/sections``, in reading order."""

    user_id: str
    known: bool = Field(description="True for a viewer with a trained history.")
    k: int
    aim: Aim
    bundle: str
    note: str | None
    sections: list[SectionOut]


class TrendingMovie(MovieCard):
    """A film and how much it is turned to lately."""

    rank: int
    activity: float = Field(description="People, each counting half after one window, a quarter after two.")
    n_recent: int = Field(description="People within the last window.")
    n_live: int = Field(description="Of these, people who liked or saved it in this app.")


class TrendingResponse(Model):
    """Answer of ``GET /trending``, most active first."""

    window: TrendWindow
    genre: str | None
    simulated: bool = Field(description="True where the people of the data set are invented.")
    note: str | None
    items: list[TrendingMovie]
