"""The Python client of the HTTP API: typed, one kept connection, retries only of what may be repeated.

It needs ``requests`` and ``pydantic`` and loads nothing else of the library.
"""

from movierec.client.api import FeedbackEvent, MovieRecClient, SessionAction, TimeOfDay, Wishes
from movierec.client.connection import DEFAULT_URL, ApiError, ApiRefused, ApiUnavailable

__all__ = [
    "DEFAULT_URL",
    "ApiError",
    "ApiRefused",
    "ApiUnavailable",
    "FeedbackEvent",
    "MovieRecClient",
    "SessionAction",
    "TimeOfDay",
    "Wishes",
]
