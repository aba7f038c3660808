"""What wraps every request: access log and last resort, API key, declared body size."""

from __future__ import annotations

import hmac
import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import API_KEY_REQUIRED, BODY_TOO_LARGE, INTERNAL, render_problem

MAX_BODY_BYTES: Final = 64 * 1024
KEY_HEADER: Final = "X-API-Key"
_LIVENESS: Final = "/health/live"
_POSTERS: Final = "/posters/"

log = structlog.get_logger("movierec.access")


def is_open(method: str, path: str) -> bool:
    """Return whether a request is answered without the API key."""
    # An <img> cannot send a header, and the key must not be in its address: logs and histories keep those.
    # A poster is artwork made of a film's facts; it tells nothing about viewers.
    return path == _LIVENESS or (method == "GET" and path.startswith(_POSTERS))


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
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 2),
            )


class ApiKeyMiddleware:
    """Lets a request pass only with the key, whatever its path; see :func:`is_open` for what needs none."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not is_open(scope["method"], scope["path"]):
            sent = Headers(scope=scope).get(KEY_HEADER, "").encode("latin-1")
            if not hmac.compare_digest(sent, self._key):
                answer = render_problem(API_KEY_REQUIRED, headers={"WWW-Authenticate": "ApiKey"})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


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
            if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > MAX_BODY_BYTES:
                answer = render_problem(BODY_TOO_LARGE, headers={"Connection": "close"})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)
