"""Every error leaves as an RFC 9457 problem detail with a stable ``type``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.responses import PROBLEM_JSON, respond
from movierec.errors import (
    ArtifactError,
    ConfigError,
    CorruptBundleError,
    FeedbackConflictError,
    FeedbackUnavailableError,
    IncompatibleBundleError,
    LayoutError,
    MovieRecError,
    NoBundleError,
    NotFoundError,
    UnknownFeedbackError,
    UnknownItemError,
    UnknownUserError,
)

RETRY_SECONDS: Final = 5
_MAX_NAME: Final = 40

log = structlog.get_logger("movierec.api")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem. ``detail`` replaces the error's own text where that could tell internals."""

    slug: str
    status: int
    title: str
    detail: str | None = None
    retry: bool = False


INTERNAL: Final = ProblemKind(
    "internal-error",
    500,
    "Internal error",
    "Something went wrong on the server; quote the request id when you report it.",
)
INVALID: Final = ProblemKind("invalid-request", 422, "The request cannot be accepted")
BODY_TOO_LARGE: Final = ProblemKind(
    "body-too-large",
    413,
    "The body is too large",
    "A request body may have at most 64 KB, a file of ratings 4 MB.",
)
API_KEY_REQUIRED: Final = ProblemKind(
    "api-key-required", 401, "An API key is required", "Send the key of this API in the header X-API-Key."
)
ADMIN_KEY_REQUIRED: Final = ProblemKind(
    "admin-key-required",
    401,
    "The admin key is required",
    "Send the admin key of this API in the header X-Admin-Key; the API key does not open this.",
)
ADMIN_CLOSED: Final = ProblemKind(
    "admin-closed", 403, "Admin actions are switched off", "Set MOVIEREC_ADMIN_KEY and start the API again."
)
WRONG_HOST: Final = ProblemKind(
    "wrong-host",
    421,
    "This API does not answer by that name",
    "The API listens on this machine only and answers to localhost, 127.0.0.1 and [::1]; "
    "name others in MOVIEREC_ALLOWED_HOSTS.",
)
TOO_MANY: Final = ProblemKind(
    "too-many-requests",
    429,
    "Too much feedback at once",
    "This key sent more feedback than MOVIEREC_FEEDBACK_PER_MINUTE allows; wait Retry-After seconds.",
)
BUNDLE_REFUSED: Final = ProblemKind("bundle-refused", 409, "The new bundle cannot be served")
OVERLOADED: Final = ProblemKind(
    "overloaded",
    503,
    "Too many requests at once",
    "The server has as many requests under way as it can answer in time. Try again in a few seconds.",
    retry=True,
)
_UNAVAILABLE: Final = (
    "Feedback cannot be stored or read right now; recommendations go on. Try again in a few seconds."
)
_KINDS: Final[dict[type[MovieRecError], ProblemKind]] = {
    UnknownUserError: ProblemKind("unknown-user", 404, "No such viewer"),
    UnknownItemError: ProblemKind("unknown-item", 404, "No such movie"),
    UnknownFeedbackError: ProblemKind("unknown-feedback", 404, "No such feedback"),
    NotFoundError: ProblemKind("not-found", 404, "Not found"),
    FeedbackConflictError: ProblemKind("feedback-conflict", 409, "The feedback contradicts what is stored"),
    FeedbackUnavailableError: ProblemKind(
        "feedback-unavailable", 503, "Feedback is unavailable", _UNAVAILABLE, retry=True
    ),
    # Its text names a folder of this machine.
    NoBundleError: ProblemKind(
        "no-bundle",
        503,
        "Nothing has been built yet",
        "Run `movierec build`; the API serves the bundle a moment later.",
    ),
    CorruptBundleError: ProblemKind("corrupt-bundle", 503, "The bundle is damaged"),
    IncompatibleBundleError: ProblemKind("incompatible-bundle", 503, "The bundle cannot be served"),
    ArtifactError: ProblemKind("bundle-unavailable", 503, "The bundle cannot be served"),
    ConfigError: INVALID,
    LayoutError: ProblemKind("unreadable-file", 422, "The file cannot be read"),
    MovieRecError: INTERNAL,
}
_BY_STATUS: Final = {
    400: ProblemKind("malformed-body", 400, "The body cannot be read", "The body is not valid JSON text."),
    404: ProblemKind("not-found", 404, "Not found", "There is nothing at this address; see /docs."),
    405: ProblemKind(
        "method-not-allowed", 405, "Method not allowed", "This address does not take that method; see /docs."
    ),
    413: BODY_TOO_LARGE,
}


def render_problem(
    kind: ProblemKind,
    detail: str | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response of a problem; ``detail`` is used where the kind brings none of its own."""
    content: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail or detail or kind.title,
        "request_id": correlation_id.get(),
    }
    if errors is not None:
        content["errors"] = errors
    retry = {"Retry-After": str(RETRY_SECONDS)} if kind.retry else {}
    return respond(content, kind.status, {**retry, **(headers or {})}, PROBLEM_JSON)


def find_kind(error: MovieRecError) -> ProblemKind:
    """Return the kind of the nearest class of the error tree."""
    return next(_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the routes with a problem; unforeseen ones are left to the middleware."""
    app.add_exception_handler(MovieRecError, _handle_movierec_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


async def _handle_movierec_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, MovieRecError)  # noqa: S101 - registered for this type only
    kind = find_kind(error)
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error(kind.slug, error=str(error), exc_info=error if kind is INTERNAL else None)
    return render_problem(kind, str(error))


async def _handle_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    errors = [{"where": _name_place(each["loc"]), "message": _state_fault(each)} for each in error.errors()]
    detail = "; ".join(f"{each['where']}: {each['message']}" for each in errors[:3])
    return render_problem(INVALID, detail, errors)


async def _handle_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        title = HTTPStatus(error.status_code).phrase
        kind = ProblemKind(title.lower().replace(" ", "-"), error.status_code, title)
    return render_problem(kind, headers=error.headers)


def _state_fault(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return "this is not valid JSON"
    if fault["type"] in ("model_attributes_type", "dict_type"):
        return "send a JSON object with the header Content-Type: application/json"
    return str(fault["msg"]).removeprefix("Value error, ")


def _name_place(location: Sequence[int | str]) -> str:
    # Keys of the body are part of what was sent: they are named only where they look like field names.
    return ".".join(
        str(part)
        if isinstance(part, int) or (part.isascii() and part.isidentifier() and len(part) <= _MAX_NAME)
        else "(field)"
        for part in location
    )
