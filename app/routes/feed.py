"""The feed: one personal list in pages that do not move, whatever is said meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Response

from app.backend import Backend, BackendDep
from app.cursors import MAX_ITEMS, freeze, thaw
from app.interactions import OUTCOMES, take_interaction
from app.openapi import describe_problems, link
from app.parameters import CategoryQuery, FeedParameters, FeedQuery, ListParameters
from app.rendering import render_card, render_reasons
from app.responses import JSON, respond
from app.routes.movies import list_similar_movies
from app.routes.recommend import LIST_EXAMPLE, join_notes, make_query, read_feedback
from app.routes.sections import TRENDING_EXAMPLE, get_trending
from app.schemas import (
    FeedbackResponse,
    FeedInteractionRequest,
    FeedResponse,
    MoodsResponse,
    SimilarResponse,
    TrendingResponse,
)
from movierec.errors import ConfigError
from movierec.feedback.events import FeedbackEvent
from movierec.moods import PROFILES, choose_genres, fit_mood

FEED: Final = "/api/v1/feed"
CATEGORY: Final = "/api/v1/feed/category"
FEED_EXAMPLE: Final[dict[str, Any]] = {
    "username": "42",
    "known": True,
    "page": 1,
    "page_size": 1,
    "total": 300,
    "genre": "Sci-Fi",
    "mood": None,
    "bundle": LIST_EXAMPLE["bundle"],
    "note": None,
    "cursor": "rV0pQ2c1uTF4nGNgYGBgZGBgYAYAAC4ACw",
    "next": f"{FEED}?username=42&page=2&page_size=1&genre=Sci-Fi&cursor=rV0pQ2c1uTF4nGNgYGBgZGBgYAYAAC4ACw",
    "items": [
        {name: value for name, value in LIST_EXAMPLE["items"][0].items() if name not in ("score", "sources")}
    ],
}
_NEXT: Final = link(
    "getFeed",
    "Another page of the same list.",
    cursor="$response.body#/cursor",
    username="$response.body#/username",
)
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {JSON: {"example": FEED_EXAMPLE}}, "links": {"nextPage": _NEXT}},
    **describe_problems(422, 503),
}
_LOOSE: Final = "Without the cursor of page 1 this page is cut from a new list and may repeat or miss films."

router = APIRouter(tags=["feed"])


@router.get(FEED, operation_id="getFeed", response_model=FeedResponse, responses=_ANSWER)
async def get_feed(parameters: FeedQuery, backend: BackendDep) -> Response:
    """Return a page of a viewer's feed; with the `cursor` of page 1 all pages belong to one list.

    What the viewer has judged since is left out of its page, and nothing moves up to another one.
    """
    return await _answer(FEED, parameters, backend)


@router.get(CATEGORY, operation_id="getCategoryFeed", response_model=FeedResponse, responses=_ANSWER)
async def get_category_feed(parameters: CategoryQuery, backend: BackendDep) -> Response:
    """Return a page of a viewer's feed of one genre."""
    return await _answer(CATEGORY, parameters, backend)


@router.get(
    "/api/v1/moods", operation_id="listMoods", response_model=MoodsResponse, responses=describe_problems(503)
)
async def list_moods() -> Response:
    """Return the moods a feed can be asked for, and what each stands for."""
    return respond(
        {
            "moods": [
                {
                    "mood": mood.value,
                    "genres": profile.genres,
                    "tags": profile.tags,
                    "avoids": profile.avoids,
                }
                for mood, profile in PROFILES.items()
            ]
        }
    )


router.add_api_route(
    "/api/v1/trending",
    get_trending,
    operation_id="getTrendingFeed",
    response_model=TrendingResponse,
    responses={200: {"content": {JSON: {"example": TRENDING_EXAMPLE}}}, **describe_problems(422, 503)},
)
router.add_api_route(
    "/api/v1/similar/{item_id:text}",
    list_similar_movies,
    operation_id="listSimilarForFeed",
    response_model=SimilarResponse,
    responses=describe_problems(404, 422, 503),
)


@router.post(
    "/api/v1/interaction",
    operation_id="sendInteraction",
    status_code=201,
    response_model=FeedbackResponse,
    response_description="Stored now",
    responses={
        **OUTCOMES,
        **describe_problems(404, 409, 413, 422, 503),
    },
)
async def send_interaction(request: FeedInteractionRequest, backend: BackendDep) -> Response:
    """Store a like, dislike or save; feeds opened from now on follow it."""
    return await take_interaction(backend, request.username, request)


async def _answer(path: str, parameters: FeedParameters, backend: Backend) -> Response:
    service, catalog = backend.service, backend.service.catalog
    viewer, mood = parameters.username, parameters.mood
    genre = _choose_genre(parameters, backend)
    user_idx, note = None, None
    feedback: tuple[FeedbackEvent, ...] = ()
    if viewer is not None:
        user_idx = service.user_index.get(viewer)
        feedback, note = await read_feedback(backend, viewer)
    history = service.effective_history(user_idx, feedback)
    hint = choose_genres(catalog, mood) if mood is not None else ()
    asked = ListParameters(only_genres=[genre] if genre else [])
    query = replace(make_query(backend, asked, feedback, hint), k=MAX_ITEMS)
    pool = service.shortlist(history, query)

    context = (service.version, viewer, genre, mood)
    if parameters.cursor is not None:
        order = thaw(parameters.cursor, context, len(catalog))
    else:
        order = pool.item_idx[pool.first]
        if mood is not None:
            fits = fit_mood(catalog, mood, order)
            order = np.concatenate([order[fits], order[~fits]])
        if parameters.page > 1:
            note = join_notes(note, _LOOSE)
    cursor = freeze(order, context) if parameters.cursor is None else parameters.cursor

    start = (parameters.page - 1) * parameters.page_size
    stop = start + parameters.page_size
    position_of = {item_idx: position for position, item_idx in enumerate(pool.item_idx.tolist())}
    judged = {*history.item_idx.tolist(), *query.filters.exclude}
    items = []
    for rank, item_idx in enumerate(order[start:stop].tolist(), start=start + 1):
        if item_idx in judged:
            continue
        described = None
        if item_idx in position_of:
            described = pool.describe(position_of[item_idx], rank)
        items.append(
            {
                **render_card(catalog, item_idx),
                "rank": rank,
                "match": None if described is None else described.match,
                "reasons": [] if described is None else render_reasons(catalog, described.reasons),
            }
        )
    return respond(
        {
            "username": viewer,
            "known": user_idx is not None,
            "page": parameters.page,
            "page_size": parameters.page_size,
            "total": len(order),
            "genre": genre,
            "mood": None if mood is None else mood.value,
            "bundle": service.version,
            "note": note,
            "cursor": cursor,
            "next": _link_next(path, parameters, cursor) if stop < len(order) else None,
            "items": items,
        }
    )


def _choose_genre(parameters: FeedParameters, backend: Backend) -> str | None:
    """Return the genre that is asked for; `category` is another name for it."""
    named = {
        argument: backend.find_genres(argument, [value])[0]
        for argument, value in (("genre", parameters.genre), ("category", parameters.category))
        if value is not None
    }
    if len(set(named.values())) > 1:
        raise ConfigError(
            f"genre and category mean the same: send one, got {named['genre']} and {named['category']}"
        )
    return next(iter(named.values()), None)


def _link_next(path: str, parameters: FeedParameters, cursor: str) -> str:
    sent = parameters.model_dump(mode="json", exclude_none=True)
    return f"{path}?{urlencode({**sent, 'page': parameters.page + 1, 'cursor': cursor})}"
