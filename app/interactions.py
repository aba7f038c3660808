"""Interactions: one way into the feedback store, whichever contract they came by."""

from __future__ import annotations

from fastapi import Response

from app.backend import Backend
from app.responses import respond
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
