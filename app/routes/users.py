"""The viewers of the data set and their tastes."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from app.backend import BackendDep
from app.openapi import describe_problems, link
from app.parameters import Count, Limit, Offset, SearchText, UserIdx
from app.rendering import render_recent, render_shares, render_viewer
from app.responses import respond
from app.routes.recommend import read_feedback
from app.schemas import TasteResponse, ViewerOut, ViewersResponse
from app.search import find_viewers

_FIRST: Final = "$response.body#/users/0/user_idx"
_FIRST_ID: Final = "$response.body#/users/0/user_id"
VIEWER_LINKS: Final[dict[str, Any]] = {
    "recommendForFirst": link(
        "recommendForUser", "The recommendations of a viewer that was found.", user_idx=_FIRST
    ),
    "debugForFirst": link("debugRecommendations", "Everything behind that list.", user_idx=_FIRST),
    "factsOfFirst": link("getViewer", "The viewer alone.", user_idx=_FIRST),
    "sectionsOfFirst": link("getSections", "The viewer's page.", user_id=_FIRST_ID),
    "historyOfFirst": link("getHistory", "What the viewer did.", viewer=_FIRST_ID),
}

router = APIRouter(prefix="/users", tags=["viewers"])


@router.get(
    "",
    operation_id="listViewers",
    response_model=ViewersResponse,
    responses={200: {"links": VIEWER_LINKS}, **describe_problems(422, 503)},
)
async def list_viewers(
    backend: BackendDep,
    query: Annotated[SearchText, Query(description="A piece of the viewer's id.")] = "",
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Find viewers by their id in the data set."""
    found = find_viewers(backend.service.user_id, query)
    page = [render_viewer(backend.service, index) for index in found[offset : offset + limit]]
    return respond({"total": len(found), "users": page})


@router.get(
    "/{user_idx}",
    operation_id="getViewer",
    response_model=ViewerOut,
    responses=describe_problems(404, 422, 503),
)
async def get_viewer(user_idx: UserIdx, backend: BackendDep) -> Response:
    """Return one viewer."""
    backend.find_user(user_idx)
    return respond(render_viewer(backend.service, user_idx))


@router.get(
    "/{user_idx}/taste",
    operation_id="getTaste",
    response_model=TasteResponse,
    responses=describe_problems(404, 422, 503),
)
async def get_taste(
    user_idx: UserIdx,
    backend: BackendDep,
    recent: Annotated[Count, Query(description="How many of the latest events to return.")] = 20,
) -> Response:
    """Return what a viewer likes beside what everybody likes, live feedback included."""
    user_id = backend.find_user(user_idx)
    service = backend.service
    feedback, _ = await read_feedback(backend, user_id)
    taste = service.taste(service.effective_history(user_idx, feedback))
    trained = service.trained_history(user_idx)
    return respond(
        {
            "user_idx": user_idx,
            "user_id": user_id,
            "n_events": taste.n_events,
            "mean_rating": taste.mean_rating,
            "genres": render_shares(taste.genres),
            "eras": render_shares(taste.eras),
            "directors": render_shares(taste.directors),
            "recent": render_recent(service.catalog, trained, feedback, recent),
        }
    )
