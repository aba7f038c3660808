"""What viewers say about movies: stored before it is acknowledged."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from app.backend import BackendDep
from app.interactions import OUTCOMES, take_event
from app.openapi import describe_problems, link
from app.rendering import render_card
from app.responses import respond
from app.schemas import FeedbackListResponse, FeedbackRequest, FeedbackResponse, ViewerId
from movierec.feedback.events import FeedbackAction, FeedbackEvent

_VIEWER: Final = "$request.body#/user_id"
FEEDBACK_LINKS: Final[dict[str, Any]] = {
    "feedbackOfViewer": link(
        "listFeedback", "Everything this viewer said that is in force.", user_id=_VIEWER
    ),
    "logOfViewer": link("getFeedbackLog", "Everything this viewer ever said.", viewer=_VIEWER),
    "exportOfViewer": link("exportFeedback", "The same as a file.", viewer=_VIEWER),
    "listForViewer": link("recommendForViewer", "The list that follows from it.", user_id=_VIEWER),
    "eraseForViewer": link("eraseFeedback", "Erase all of it.", viewer=_VIEWER),
}

router = APIRouter(prefix="/feedback", tags=["feedback"])


@router.post(
    "",
    operation_id="sendFeedback",
    status_code=201,
    response_model=FeedbackResponse,
    response_description="Stored now",
    responses={
        201: {"links": FEEDBACK_LINKS},
        **{status: {**outcome, "links": FEEDBACK_LINKS} for status, outcome in OUTCOMES.items()},
        **describe_problems(404, 409, 413, 422, 503),
    },
)
async def send_feedback(request: FeedbackRequest, backend: BackendDep) -> Response:
    """Store a like, dislike, save or undo; sending the same event again changes nothing."""
    event = FeedbackEvent(
        event_id=request.event_id,
        user_id=request.user_id,
        item_id=request.item_id,
        action=request.action,
        undoes=request.undoes,
        client_time=request.client_time,
        context=dict(request.context),
    )
    return await take_event(backend, event)


@router.get(
    "",
    operation_id="listFeedback",
    response_model=FeedbackListResponse,
    responses=describe_problems(422, 503),
)
async def list_feedback(
    user_id: Annotated[ViewerId, Query(description="Id of the viewer, known to the data set or new.")],
    backend: BackendDep,
) -> Response:
    """Return what a viewer said that is in force (not undone, not replaced), newest first.

    Imported ratings are not among it; ``GET /viewers/{viewer}/history`` has them.
    """
    catalog = backend.service.catalog
    events = await backend.feedback.in_force(user_id)
    return respond(
        {
            "user_id": user_id,
            "feedback": [
                {
                    "event_id": event.event_id,
                    "item": render_card(catalog, catalog.index_of[event.item_id]),
                    "action": event.action.value,
                    "server_time": event.server_time,
                }
                for event in events
                if event.item_id in catalog.index_of and event.action is not FeedbackAction.RATE
            ],
        }
    )
