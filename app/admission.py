"""How many requests may be under way: what comes beyond is told at once to come back later."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import OVERLOADED, render_problem

PROBES: Final = frozenset({"/health/live", "/health/ready", "/ping"})
"""Answered in any case: who restarts what does not answer would make an overload worse."""


class AdmissionMiddleware:
    """Bounds the requests under way in this process, and with them how long an accepted one can take.

    Requests are computed one after the other, so one that is let in waits for at most ``limit`` others.
    Without a bound every answer would come late once requests arrive faster than they are answered; with it
    most come in time and the rest are refused in well under a millisecond.

    Parameters
    ----------
    app : what is guarded
    limit : requests under way at most, at least 1
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 503 and ``Retry-After``."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        if self.under_way >= self.limit:
            await render_problem(OVERLOADED)(scope, receive, send)
            return
        self.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1
