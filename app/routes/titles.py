"""One film for one viewer, and whom it suits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from app.backend import BackendDep
from app.openapi import describe_problems
from app.parameters import ItemPath
from app.rendering import render_card, render_hits, render_reasons, render_time
from app.responses import respond
from app.routes.recommend import read_feedback
from app.schemas import AppealResponse, GenreName, StandingResponse, ViewerId
from movierec.feedback.events import FeedbackAction
from movierec.standing import find_standing

router = APIRouter(prefix="/movies", tags=["movies"])


@router.get(
    "/{item_id:text}/standing",
    operation_id="getStanding",
    response_model=StandingResponse,
    responses=describe_problems(404, 422, 503),
)
async def get_standing(
    item_id: ItemPath,
    backend: BackendDep,
    viewer: Annotated[ViewerId, Query(description="Id of the viewer, known to the data set or new.")],
    genres: Annotated[
        list[GenreName], Query(max_length=30, description="Favourite genres of somebody new; repeatable.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """Return where a film stands for a viewer: match, place, reasons, and every title behind it."""
    item_idx = backend.find_item(item_id)
    service = backend.service
    feedback, note = await read_feedback(backend, viewer)
    # A film only put aside is not seen, and says nothing for itself.
    said = tuple(
        event for event in feedback if event.item_id != item_id or event.action is not FeedbackAction.SAVE
    )
    history = service.effective_history(service.user_index.get(viewer), said)
    favourites = backend.find_genres("genres", genres)
    found = await run_in_threadpool(find_standing, service, history, item_idx, favourites)
    catalog = service.catalog
    return respond(
        {
            "item": render_card(catalog, item_idx),
            "viewer": viewer,
            "seen": found.seen,
            "seen_rating": found.seen_rating,
            "seen_at": None if found.seen_at is None else render_time(found.seen_at),
            "match": found.match,
            "place": found.place,
            "n_candidates": found.n_candidates,
            "reasons": render_reasons(catalog, found.reasons),
            "causes": [
                {"item": render_card(catalog, cause.item_idx), "share": cause.share} for cause in found.causes
            ],
            "sources": render_hits(found.hits),
            "note": note,
        }
    )


@router.get(
    "/{item_id:text}/appeal",
    operation_id="getAppeal",
    response_model=AppealResponse,
    responses=describe_problems(404, 503),
)
async def get_appeal(item_id: ItemPath, backend: BackendDep) -> Response:
    """Return whom a film suits: taste groups who rated it, and viewers who have not seen it."""
    item_idx = backend.find_item(item_id)
    service = backend.service
    found = await run_in_threadpool(backend.appeal.measure, item_idx)
    names, leaning = service.catalog.genre_names, backend.appeal.leaning
    return respond(
        {
            "item": render_card(service.catalog, item_idx),
            "n_rated": found.n_rated,
            "n_liked": found.n_liked,
            "groups": [
                {
                    "genre": group.genre,
                    "n_rated": group.n_rated,
                    "n_liked": group.n_liked,
                    "share": group.share,
                }
                for group in found.groups
            ],
            "fans": [
                {
                    "user_idx": fan.user_idx,
                    "user_id": service.user_id[fan.user_idx],
                    "match": fan.match,
                    "leaning": names[leaning[fan.user_idx]] if leaning[fan.user_idx] >= 0 else None,
                }
                for fan in found.fans
            ],
        }
    )
