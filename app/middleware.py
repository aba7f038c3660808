"""What wraps every request: access log and last resort, size of the body; ``guards.py`` has who may call."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import note_request
from app.problems import BODY_TOO_LARGE, INTERNAL, render_problem

MAX_BODY_BYTES: Final = 64 * 1024
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""For a file of ratings: 10,000 rows of Letterboxd's export take about 0.7 MB."""

_VIEWERS: Final = "/viewers/"
_IMPORTS: Final = "/imports"

log = structlog.get_logger("movierec.access")


def takes_file(method: str, path: str) -> bool:
    """Return whether a request uploads a file."""
    return method == "POST" and path.startswith(_VIEWERS) and path.endswith(_IMPORTS)


def limit_body(method: str, path: str) -> int:
    """Return how many bytes the body of a request may have."""
    return MAX_FILE_BYTES if takes_file(method, path) else MAX_BODY_BYTES


class RequestLogMiddleware:
    """Logs one line per request and turns what nobody caught into a 500 problem without internals.

    Sits inside the request-id middleware, so that even a 500 carries the id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as error:
            log.error("unhandled", path=scope["path"], exc_info=error)
            if status:
                raise  # the answer has begun: only closing the connection tells the client
            await render_problem(INTERNAL)(scope, receive, send_noting)
        finally:
            seconds = time.perf_counter() - began
            note_request(scope, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 2),
            )


class DeclaredLengthMiddleware:
    """Refuses a body whose ``Content-Length`` is over the limit before anything reads it.

    Bodies without a declared length are counted by Starlette's own limit while they arrive.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            declared = Headers(scope=scope).get("content-length", "0")
            if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > limit_body(
                scope["method"], scope["path"]
            ):
                answer = render_problem(BODY_TOO_LARGE, headers={"Connection": "close"})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimitMiddleware:
    """Counts a body while it arrives and refuses what goes over the limit of its path."""

    def __init__(self, app: ASGIApp) -> None:
        self._limited = {
            limit: RequestBodyLimitMiddleware(app, limit) for limit in (MAX_BODY_BYTES, MAX_FILE_BYTES)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_http = scope["type"] == "http"
        limit = limit_body(scope["method"], scope["path"]) if is_http else MAX_BODY_BYTES
        await self._limited[limit](scope, receive, send)
