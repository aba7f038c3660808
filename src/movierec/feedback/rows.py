"""Between a feedback event and its row: checks, normal forms and conversions."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from movierec.errors import ConfigError
from movierec.feedback.events import FeedbackAction, FeedbackEvent

MAX_ID_LENGTH: Final = 64
MAX_CONTEXT_LENGTH: Final = 8192
MIN_RATING: Final = 0.5
MAX_RATING: Final = 5.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def normalise_id(name: str, value: str) -> str:
    """Return an id in Unicode normal form C; raises ``ConfigError`` where it cannot be an id.

    Control characters, NUL and lone surrogates are refused: databases differ in what they do with them.
    """
    text = unicodedata.normalize("NFC", value)
    if not 1 <= len(text) <= MAX_ID_LENGTH:
        raise ConfigError(f"{name} must have 1 to {MAX_ID_LENGTH} characters, got {len(text)}")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ConfigError(f"{name} must not contain control characters, got {value!a}")
    return text


def event_to_row(event: FeedbackEvent, server_time: datetime) -> dict[str, Any]:
    """Return the column values of a checked event, without data set and sequence.

    Raises ``ConfigError`` for an id, time, context, rating or ``undoes`` that cannot be stored.
    """
    if (event.action is FeedbackAction.UNDO) != (event.undoes is not None):
        raise ConfigError("undoes must name an event for the action undo, and only for it")
    if (event.action is FeedbackAction.RATE) != (event.rating is not None):
        raise ConfigError("rating must be given for the action rate, and only for it")
    if event.rating is not None and not MIN_RATING <= event.rating <= MAX_RATING:
        raise ConfigError(f"rating must be {MIN_RATING} to {MAX_RATING:g} stars, got {event.rating}")
    server_time_us = to_microseconds("server_time", server_time)
    return {
        "event_id": str(event.event_id),
        "user_id": normalise_id("user_id", event.user_id),
        "item_id": normalise_id("item_id", event.item_id),
        "action": event.action.value,
        "undoes": None if event.undoes is None else str(event.undoes),
        "server_time_us": server_time_us,
        "accepted_us": server_time_us,
        "client_time_us": (
            None if event.client_time is None else to_microseconds("client_time", event.client_time)
        ),
        "context": _encode_context(event.context),
        "rating": event.rating,
    }


def row_to_event(row: Any) -> FeedbackEvent:
    """Return the event of a row with the columns of the event table."""
    return FeedbackEvent(
        event_id=UUID(row.event_id),
        user_id=row.user_id,
        item_id=row.item_id,
        action=FeedbackAction(row.action),
        undoes=None if row.undoes is None else UUID(row.undoes),
        server_time=_EPOCH + row.server_time_us * _MICROSECOND,
        client_time=None if row.client_time_us is None else _EPOCH + row.client_time_us * _MICROSECOND,
        context=orjson.loads(row.context),
        rating=row.rating,
    )


def to_microseconds(name: str, moment: datetime) -> int:
    """Return microseconds since the epoch; raises ``ConfigError`` for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ConfigError(f"{name} must have a time zone, got {moment.isoformat()}")
    return (moment - _EPOCH) // _MICROSECOND


def _encode_context(context: dict[str, str]) -> str:
    try:
        text = orjson.dumps(context, option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise ConfigError("context must map words to plain text") from None
    if len(text) > MAX_CONTEXT_LENGTH:
        raise ConfigError(f"context must be at most {MAX_CONTEXT_LENGTH} characters of JSON, got {len(text)}")
    return text
