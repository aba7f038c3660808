"""The catalogue: search, facts, neighbours."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from app.backend import BackendDep
from app.openapi import describe_problems, link
from app.parameters import Count, ItemPath, Limit, Offset, SearchText
from app.rendering import render_card, render_movie, render_similar
from app.responses import respond
from app.schemas import GenreName, GenresResponse, MovieResponse, MoviesResponse, SimilarResponse

_FIRST: Final = "$response.body#/movies/0/item_id"
MOVIE_LINKS: Final[dict[str, Any]] = {
    "factsOfFirst": link("getMovie", "The first movie that was found.", item_id=_FIRST),
    "similarToFirst": link("listSimilarMovies", "What is like it.", item_id=_FIRST),
    "appealOfFirst": link("getAppeal", "Whom it suits.", item_id=_FIRST),
    "standingOfFirst": link("getStanding", "What it is to a viewer.", item_id=_FIRST),
    "posterOfFirst": link("getPoster", "Its poster.", item_id=_FIRST),
}

router = APIRouter(tags=["movies"])


@router.get(
    "/movies",
    operation_id="listMovies",
    response_model=MoviesResponse,
    responses={200: {"links": MOVIE_LINKS}, **describe_problems(422, 503)},
)
async def list_movies(
    backend: BackendDep,
    query: Annotated[
        SearchText, Query(description="A piece of the title; case and diacritics do not matter.")
    ] = "",
    genre: Annotated[GenreName | None, Query(description="Only movies of this genre.")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Search the catalogue, best match first, then by popularity."""
    wanted = backend.find_genres("genre", [genre])[0] if genre is not None else None
    found = backend.movies.find(query, wanted)
    catalog = backend.service.catalog
    page = [render_card(catalog, index) for index in found[offset : offset + limit]]
    return respond({"total": len(found), "movies": page})


@router.get(
    "/movies/{item_id:text}/similar",
    operation_id="listSimilarMovies",
    response_model=SimilarResponse,
    responses=describe_problems(404, 422, 503),
)
async def list_similar_movies(
    item_id: ItemPath,
    backend: BackendDep,
    k: Annotated[Count, Query(description="How many neighbours, 1 to 100.")] = 10,
) -> Response:
    """Return the nearest movies and what each similarity rests on."""
    item_idx = backend.find_item(item_id)
    catalog = backend.service.catalog
    neighbours = backend.service.similar(item_idx, k)
    return respond(
        {
            "item": render_card(catalog, item_idx),
            "similar": [render_similar(catalog, neighbour) for neighbour in neighbours],
        }
    )


@router.get(
    "/movies/{item_id:text}",
    operation_id="getMovie",
    response_model=MovieResponse,
    responses=describe_problems(404, 503),
)
async def get_movie(item_id: ItemPath, backend: BackendDep) -> Response:
    """Return the facts about a movie and what the crowd did with it."""
    item_idx = backend.find_item(item_id)
    stats = backend.service.item_stats(item_idx)
    return respond(render_movie(backend.service.catalog, item_idx, stats))


@router.get(
    "/genres", operation_id="listGenres", response_model=GenresResponse, responses=describe_problems(503)
)
async def list_genres(backend: BackendDep) -> Response:
    """Return the genres of the catalogue, sorted."""
    return respond({"genres": backend.service.catalog.genre_names})
