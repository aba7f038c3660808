"""Who is let in: by which name, with which key, and how often."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access import is_loopback
from app.problems import (
    ADMIN_CLOSED,
    ADMIN_KEY_REQUIRED,
    API_KEY_REQUIRED,
    TOO_MANY,
    WRONG_HOST,
    render_problem,
)

KEY_HEADER: Final = "X-API-Key"
ADMIN_HEADER: Final = "X-Admin-Key"
ADMIN: Final = "/admin/"
MAX_CALLERS: Final = 10_000
_PROBES: Final = frozenset({"/health/live", "/ping"})
_POSTERS: Final = "/posters/"
_VIEWERS: Final = "/viewers/"
_WRITES: Final = frozenset({"/feedback", "/interact", "/api/v1/interaction"})
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)
_BURST: Final = 0.1
"""Share of a minute's allowance that may come at once."""


def is_open(method: str, path: str) -> bool:
    """Return whether a request is answered without the API key."""
    # An <img> cannot send a header, and the key must not be in its address: logs and histories keep those.
    # A poster is artwork made of a film's facts; it tells nothing about viewers.
    return path in _PROBES or (method == "GET" and path.startswith(_POSTERS))


def is_write(method: str, path: str) -> bool:
    """Return whether a request changes the feedback store."""
    if path.startswith(_VIEWERS):
        return (method, path.rpartition("/")[2]) in (("POST", "imports"), ("DELETE", "feedback"))
    return method == "POST" and path in _WRITES


class HostMiddleware:
    """Refuses requests that address a loopback API by a name that is not this machine's.

    Parameters
    ----------
    app : what is guarded
    names : more names to answer by, in lower case
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not self._knows(Headers(scope=scope).getlist("host")):
            await render_problem(WRONG_HOST)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _knows(self, sent: list[str]) -> bool:
        named = _HOST.fullmatch(sent[0].lower()) if len(sent) == 1 else None
        return named is not None and (is_loopback(named["name"].strip("[]")) or named["name"] in self._names)


class ApiKeyMiddleware:
    """Lets a request pass only with the key, whatever its path; see :func:`is_open` for what needs none."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            # Admin actions have a key of their own, which AdminKeyMiddleware asks for.
            if not (is_open(method, path) or path.startswith(ADMIN) or has_key(scope, KEY_HEADER, self._key)):
                answer = render_problem(API_KEY_REQUIRED, headers={"WWW-Authenticate": "ApiKey"})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


class AdminKeyMiddleware:
    """Lets nobody below ``/admin/`` without the admin key, and nobody at all where none is set."""

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self.app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(ADMIN):
            if self._key is None:
                await render_problem(ADMIN_CLOSED)(scope, receive, send)
                return
            if not has_key(scope, ADMIN_HEADER, self._key):
                answer = render_problem(ADMIN_KEY_REQUIRED, headers={"WWW-Authenticate": "AdminKey"})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def has_key(scope: Scope, header: str, key: str) -> bool:
    """Return whether a request carries a key; how long that takes does not tell how much of it was right."""
    sent = Headers(scope=scope).get(header, "").encode("latin-1")
    return hmac.compare_digest(sent, key.encode())


class FeedbackRateMiddleware:
    """Answers 429 to a key that writes feedback faster than it may.

    The generic cell rate algorithm (ITU-T I.371): per key one number, the moment at which its allowance is
    whole again.

    Parameters
    ----------
    app : what is guarded
    per_minute : writes that a key may send on average; a tenth of them may come at once
    clock : seconds, never going back
    """

    def __init__(self, app: ASGIApp, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self._step = 60.0 / per_minute
        self._slack = self._step * max(math.ceil(per_minute * _BURST) - 1, 0)
        self._clock = clock
        self._whole_at: dict[bytes, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and is_write(scope["method"], scope["path"]):
            wait = self._take(hashlib.sha256(Headers(scope=scope).get(KEY_HEADER, "").encode()).digest())
            if wait > 0:
                answer = render_problem(TOO_MANY, headers={"Retry-After": str(math.ceil(wait))})
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _take(self, caller: bytes) -> float:
        """Return 0 where the caller may write now, else the seconds until they may."""
        now = self._clock()
        whole_at = max(self._whole_at.pop(caller, now), now)
        wait = whole_at - self._slack - now
        self._whole_at[caller] = whole_at if wait > 0 else whole_at + self._step
        while len(self._whole_at) > MAX_CALLERS:
            del self._whole_at[next(iter(self._whole_at))]
        return wait
