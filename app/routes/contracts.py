"""Lists and feedback by id, at the addresses other programs already ask for."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from app.backend import BackendDep
from app.interactions import OUTCOMES, take_interaction
from app.metrics import note_list
from app.openapi import describe_problems
from app.parameters import Count, ListParameters, ListQuery
from app.responses import JSON, respond
from app.routes.recommend import LIST_EXAMPLE, make_query, read_feedback, read_known, render_list
from app.routes.sections import SECTIONS_EXAMPLE, get_sections
from app.schemas import (
    FeedbackResponse,
    InteractionRequest,
    ScoredResponse,
    SectionsResponse,
    ViewerId,
    ViewerListResponse,
)
from app.schemas.contracts import SCORED_EXAMPLE

VIEWER_LIST_EXAMPLE: Final[dict[str, Any]] = {
    "user_id": "42",
    "known": True,
    **{name: value for name, value in LIST_EXAMPLE.items() if name not in ("user_idx", "user_id")},
}
ViewerPath = Annotated[
    ViewerId, Path(description="Id of the viewer in the data set, or any id for somebody new.")
]

router = APIRouter(tags=["contracts"])


@router.get(
    "/recommend/{user_id}",
    operation_id="scoreForViewer",
    response_model=ScoredResponse,
    responses={
        200: {"content": {JSON: {"example": SCORED_EXAMPLE}}},
        **describe_problems(404, 422, 503),
    },
)
async def score_for_viewer(
    user_id: Annotated[ViewerId, Path(description="Id of the viewer, not the index.")],
    backend: BackendDep,
    topk: Annotated[Count, Query(description="How many items to return, 1 to 100.")] = 10,
) -> Response:
    """Return ids and scores alone for a viewer by id; the list is that of `GET /recommend/user/…`."""
    history, feedback = await read_known(backend, user_id)
    made = backend.service.recommend(history, make_query(backend, ListParameters(k=topk), feedback))
    note_list(made, has_ranker=backend.service.has_ranker)
    item_id = backend.service.catalog.item_id
    scored = [{"item_id": item_id[item.item_idx], "score": item.score} for item in made.items]
    return respond({"user_id": user_id, "recommendations": scored})


@router.get(
    "/recommendations/{user_id}",
    operation_id="recommendForViewer",
    response_model=ViewerListResponse,
    responses={
        200: {"content": {JSON: {"example": VIEWER_LIST_EXAMPLE}}},
        **describe_problems(422, 503),
    },
)
async def recommend_for_viewer(user_id: ViewerPath, parameters: ListQuery, backend: BackendDep) -> Response:
    """Return the explained list of anybody by id; an id the data set does not know is a new viewer."""
    user_idx = backend.service.user_index.get(user_id)
    feedback, note = await read_feedback(backend, user_id)
    history = backend.service.effective_history(user_idx, feedback)
    made = backend.service.recommend(history, make_query(backend, parameters, feedback))
    frame = {"user_id": user_id, "known": user_idx is not None}
    return respond(frame | render_list(backend, made, parameters.k, note))


router.add_api_route(
    "/recommendations/{user_id}/sections",
    get_sections,
    operation_id="sectionsForViewer",
    response_model=SectionsResponse,
    responses={200: {"content": {JSON: {"example": SECTIONS_EXAMPLE}}}, **describe_problems(422, 503)},
)


@router.post(
    "/interact",
    operation_id="interact",
    status_code=201,
    response_model=FeedbackResponse,
    response_description="Stored now",
    responses={
        **OUTCOMES,
        **describe_problems(404, 409, 413, 422, 503),
    },
)
async def interact(request: InteractionRequest, backend: BackendDep) -> Response:
    """Store a like, dislike or save; `POST /feedback` takes the same and can undo it."""
    return await take_interaction(backend, request.user_id, request)
