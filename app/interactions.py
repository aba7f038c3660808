"""Interactions: one way into the feedback store, whichever contract they came by."""

from __future__ import annotations

from uuid import uuid4

from fastapi import Response

from app.backend import Backend
from app.responses import respond
from app.schemas import FeedInteractionRequest, InteractionRequest
from movierec.feedback.events import FeedbackEvent


async def store_event(backend: Backend, event: FeedbackEvent) -> Response:
    """Store an event and answer with a ``FeedbackResponse``: 201 stored now, 200 was stored already.

    Raises ``UnknownItemError``, ``UnknownFeedbackError``, ``FeedbackConflictError`` and
    ``FeedbackUnavailableError``.
    """
    backend.find_item(event.item_id)
    stored = await backend.feedback.append(event)
    return respond(
        {
            "event_id": stored.event.event_id,
            "status": "stored" if stored.created else "already stored",
            "server_time": stored.event.server_time,
        },
        201 if stored.created else 200,
    )


async def store_interaction(
    backend: Backend, user_id: str, request: InteractionRequest | FeedInteractionRequest
) -> Response:
    """Store a like, dislike or save as :func:`store_event` does; a request without an id is a new event."""
    event = FeedbackEvent(
        request.event_id or uuid4(),
        user_id,
        request.item_id,
        request.action,
        client_time=request.client_time,
    )
    return await store_event(backend, event)
