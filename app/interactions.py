"""Interactions: one way into the feedback store, whichever contract they came by."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from fastapi import Response

from app.backend import Backend
from app.metrics import FEEDBACK_WRITE_SECONDS, note_stored
from app.responses import respond
from app.schemas import FeedbackResponse, FeedInteractionRequest, InteractionRequest
from movierec.feedback.events import FeedbackEvent

_STATUS: Final = {"stored": 201, "already stored": 200, "accepted": 202}
OUTCOMES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": FeedbackResponse, "description": "Was stored already"},
    202: {"model": FeedbackResponse, "description": "Accepted by the broker, will be stored"},
}
"""What a route that takes an event may answer beside 201, for its description."""


async def take_event(backend: Backend, event: FeedbackEvent) -> Response:
    """Take an event and answer with a ``FeedbackResponse``.

    201 stored now, 200 was stored already, 202 accepted by the broker.

    Raises ``UnknownItemError``, ``UnknownFeedbackError``, ``FeedbackConflictError`` and
    ``FeedbackUnavailableError``.
    """
    backend.find_item(event.item_id)
    with FEEDBACK_WRITE_SECONDS.time():
        receipt = await backend.feedback.append(event)
    if receipt.status == "stored":
        note_stored(event.client_time, receipt.server_time)
    return respond(
        {"event_id": event.event_id, "status": receipt.status, "server_time": receipt.server_time},
        _STATUS[receipt.status],
    )


async def take_interaction(
    backend: Backend, user_id: str, request: InteractionRequest | FeedInteractionRequest
) -> Response:
    """Take a like, dislike or save as :func:`take_event` does; a request without an id is a new event."""
    event = FeedbackEvent(
        request.event_id or uuid4(),
        user_id,
        request.item_id,
        request.action,
        client_time=request.client_time,
    )
    return await take_event(backend, event)
