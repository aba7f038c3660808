"""Viewers by id, known to the data set or not: taste over time, history, everything they said."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.backend import Backend, BackendDep
from app.diary_rendering import render_entry, render_event, render_import, render_timeline, write_csv
from app.openapi import describe_problems
from app.parameters import Limit, Offset
from app.rendering import render_shares
from app.responses import respond
from app.schemas import (
    ErasedResponse,
    HistoryResponse,
    ImportResponse,
    LogResponse,
    ProfileResponse,
    ViewerId,
)
from movierec.diary import write_diary
from movierec.feedback.events import FeedbackAction, FeedbackEvent, select_in_force
from movierec.imports import ImportPlan, RatingsFile, plan_import, read_ratings
from movierec.recall.base import liked
from movierec.schema import History
from movierec.timeline import draw_timeline

ViewerPath = Annotated[
    ViewerId, Path(description="Id of the viewer, known to the data set or new.", examples=["42"])
]
CSV: Final = "text/csv"
_FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A CSV file with a header, at most 4 MB.",
        "content": {
            CSV: {
                "schema": {"type": "string"},
                "example": "Date,Name,Year,Letterboxd URI,Rating\n2021-03-04,Alien,1979,https://boxd.it/x,4.5\n",
            }
        },
    }
}

router = APIRouter(prefix="/viewers", tags=["viewers"])


@router.get(
    "/{viewer:text}/taste",
    operation_id="getProfile",
    response_model=ProfileResponse,
    responses=describe_problems(422, 503),
)
async def get_profile(viewer: ViewerPath, backend: BackendDep) -> Response:
    """Return what anybody likes, beside what everybody likes and over time; feedback is counted in."""
    service = backend.service
    feedback = await backend.feedback.in_force(viewer)
    user_idx = service.user_index.get(viewer)
    # Something put aside for later is a wish, and tells nothing yet of what is liked.
    said = tuple(event for event in feedback if event.action is not FeedbackAction.SAVE)
    history = service.effective_history(user_idx, said)
    taste = service.taste(history)
    return respond(
        {
            "viewer": viewer,
            "user_idx": user_idx,
            "n_events": taste.n_events,
            "n_liked": int(liked(history.rating, history.confidence).sum()),
            "mean_rating": taste.mean_rating,
            "genres": render_shares(taste.genres),
            "eras": render_shares(taste.eras),
            "directors": render_shares(taste.directors),
            "timeline": render_timeline(draw_timeline(history, service.catalog)),
        }
    )


@router.get(
    "/{viewer:text}/history",
    operation_id="getHistory",
    response_model=HistoryResponse,
    responses=describe_problems(422, 503),
)
async def get_history(
    viewer: ViewerPath, backend: BackendDep, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """Return what a viewer watched, rated and judged, newest first; what was only saved is left out."""
    service = backend.service
    feedback = await backend.feedback.in_force(viewer)
    user_idx = service.user_index.get(viewer)
    trained = History.empty() if user_idx is None else service.trained_history(user_idx)
    entries = write_diary(trained, feedback, service.catalog, saves=False)
    page = [render_entry(service.catalog, entry) for entry in entries[offset : offset + limit]]
    return respond({"viewer": viewer, "total": len(entries), "entries": page})


@router.get(
    "/{viewer:text}/feedback",
    operation_id="getFeedbackLog",
    response_model=LogResponse,
    responses=describe_problems(422, 503),
)
async def get_feedback_log(
    viewer: ViewerPath, backend: BackendDep, limit: Limit = 20, offset: Offset = 0
) -> Response:
    """Return every event a viewer sent or imported, newest first, undone and replaced ones too."""
    events, in_force = await _read_log(backend, viewer)
    catalog = backend.service.catalog
    page = [render_event(catalog, event, in_force) for event in events[offset : offset + limit]]
    return respond({"viewer": viewer, "total": len(events), "events": page})


@router.get(
    "/{viewer:text}/feedback/export",
    operation_id="exportFeedback",
    response_model=LogResponse,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "A file to keep"},
        **describe_problems(422, 503),
    },
)
async def export_feedback(
    viewer: ViewerPath,
    backend: BackendDep,
    format: Annotated[Literal["json", "csv"], Query(description="Kind of file.")] = "json",
) -> Response:
    """Return all events of a viewer as a file, newest first."""
    events, in_force = await _read_log(backend, viewer)
    catalog = backend.service.catalog
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", viewer)
    headers = {"Content-Disposition": f'attachment; filename="feedback-{name}.{format}"'}
    if format == "csv":
        text = write_csv(catalog, events, in_force)
        return Response(
            text.encode("utf-8", "replace"),
            headers={**headers, "Cache-Control": "no-store"},
            media_type=f"{CSV}; charset=utf-8",
        )
    body = [render_event(catalog, event, in_force) for event in events]
    return respond({"viewer": viewer, "total": len(events), "events": body}, headers=headers)


@router.delete(
    "/{viewer:text}/feedback",
    operation_id="eraseFeedback",
    response_model=ErasedResponse,
    responses=describe_problems(422, 503),
)
async def erase_feedback(
    viewer: ViewerPath,
    backend: BackendDep,
    only: Annotated[
        Literal["all", "imports"], Query(description="`imports` leaves thumbs and saves alone.")
    ] = "all",
) -> Response:
    """Erase what a viewer said, for good; what the data set knows of them stays."""
    action = FeedbackAction.RATE if only == "imports" else None
    return respond({"viewer": viewer, "erased": await backend.feedback.erase(viewer, action)})


@router.post(
    "/{viewer:text}/imports",
    operation_id="importRatings",
    response_model=ImportResponse,
    responses=describe_problems(413, 422, 503),
    openapi_extra=_FILE_BODY,
)
async def import_ratings(
    viewer: ViewerPath,
    request: Request,
    backend: BackendDep,
    user: Annotated[str | None, Query(max_length=64, description="Whose rows, of several users.")] = None,
    dry_run: Annotated[bool, Query(description="Say what would happen and store nothing.")] = False,
) -> Response:
    """Take over ratings from a MovieLens or Letterboxd file; importing it again changes nothing.

    Films are matched by id, then by title and year. A dry run of a file with several users lists them and
    waits for the choice.
    """
    data = await request.body()
    in_force = await backend.feedback.in_force(viewer)

    def plan() -> tuple[RatingsFile, ImportPlan | None]:
        file = read_ratings(data)
        if dry_run and user is None and len(file.users) > 1:
            return file, None
        return file, plan_import(file, backend.titles, viewer, in_force, user)

    file, planned = await run_in_threadpool(plan)
    if planned is not None and not dry_run:
        await backend.feedback.append_all(planned.events)
    return respond(render_import(backend.service.catalog, viewer, file, planned, dry_run=dry_run))


async def _read_log(backend: Backend, viewer: str) -> tuple[tuple[FeedbackEvent, ...], frozenset[Any]]:
    timeline = await backend.feedback.timeline(viewer)
    return timeline[::-1], frozenset(event.event_id for event in select_in_force(timeline))
