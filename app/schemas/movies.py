"""Movies as cards and in full."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Model


class MovieCard(Model):
    """The facts a card shows."""

    item_idx: int
    item_id: str
    title: str
    year: int | None
    genres: list[str]
    director: str | None
    poster: str = Field(description="Path of the poster on this API.", examples=["/posters/1.svg"])


class MoviesResponse(Model):
    """Answer of ``GET /movies``."""

    total: int
    movies: list[MovieCard]


class MovieResponse(MovieCard):
    """Answer of ``GET /movies/{item_id}``."""

    keywords: list[str]
    country: str | None
    mean_rating: float | None
    n_interactions: int
    imdb_url: str | None
    tmdb_url: str | None


class SimilarMovie(MovieCard):
    """A neighbour and what the similarity rests on."""

    similarity: float
    basis: str = Field(examples=["watched by the same people"])


class SimilarResponse(Model):
    """Answer of ``GET /movies/{item_id}/similar``."""

    item: MovieCard
    similar: list[SimilarMovie]


class GenresResponse(Model):
    """Answer of ``GET /genres``."""

    genres: list[str]
