"""How many requests may be under way: what comes beyond is told at once to come back later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.middleware import MAX_BODY_BYTES, takes_file
from app.problems import OVERLOADED, render_problem

PROBES: Final = frozenset({"/health/live", "/health/ready", "/ping"})
"""Answered in any case: who restarts what does not answer would make an overload worse."""


UPLOAD_SHARE: Final = 10
"""One place in so many is open to uploads: files are too large to be waited for outside."""


class AdmissionMiddleware:
    """Bounds the requests under way in this process, and with them how long an accepted one can take.

    Requests are computed one after the other, so one that is let in waits for at most ``limit`` others.
    Without a bound every answer would come late once requests arrive faster than they are answered; with it
    most come in time and the rest are refused in well under a millisecond.

    A request takes its place once its body has arrived, so whoever sends slowly holds up nobody; what is too
    large is not waited for. Uploads have a few places of their own, which they hold while they arrive.

    Parameters
    ----------
    app : what is guarded
    limit : requests under way at most, at least 1
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.upload_limit = max(1, limit // UPLOAD_SHARE)
        self.under_way = 0
        self.uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 503 and ``Retry-After``."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
        elif takes_file(scope["method"], scope["path"]):
            if self.uploads >= self.upload_limit:
                await render_problem(OVERLOADED)(scope, receive, send)
                return
            self.uploads += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.uploads -= 1
        else:
            if _has_body(scope):
                receive = await _await_body(receive)
            if self.under_way >= self.limit:
                await render_problem(OVERLOADED)(scope, receive, send)
                return
            self.under_way += 1
            try:
                # Whoever arrived at the same time must be counted before this one is computed: lists are made
                # without a pause, so the queue would otherwise be in the sockets, where nobody bounds it.
                await asyncio.sleep(0)
                await self.app(scope, receive, send)
            finally:
                self.under_way -= 1


def _has_body(scope: Scope) -> bool:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


async def _await_body(receive: Receive) -> Receive:
    """Take a body until it is whole, too large or cut off; return what tells it again."""
    arrived: list[Message] = []
    size, more = 0, True
    while more and size <= MAX_BODY_BYTES:
        message = await receive()
        arrived.append(message)
        size += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    told = iter(arrived)

    async def tell_again() -> Message:
        for message in told:
            return message
        return await receive()

    return tell_again
