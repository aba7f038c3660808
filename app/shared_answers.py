"""Answers shared by all processes through Redis, which may be slow, away or emptied at any time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.caching import Answers, Make, Question
from movierec.feedback.events import FeedbackEvent

LIMIT_SECONDS: Final = 0.05
"""How long a request waits for Redis; working a list out takes less."""

BACK_OFF_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 600
LISTS: Final = "redis-answers"
TRENDING: Final = "redis-trending"

log = structlog.get_logger("movierec.api")


class RedisAnswers(Answers):
    """One key per question; its value names the feedback it follows from, so another state never shows.

    After a failure Redis is left alone for a while, then asked by one request; meanwhile answers are made.

    Parameters
    ----------
    limit_seconds : for one exchange with Redis, connecting included; ``LIMIT_SECONDS`` unless given
    """

    def __init__(
        self,
        url: str,
        limit_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        # Its own retries would multiply the wait.
        self._redis: Redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), max_connections=64)
        self._limit_seconds = LIMIT_SECONDS if limit_seconds is None else limit_seconds
        self._clock = clock
        self._failing = False
        self._retry_at = 0.0
        self._outcomes: Counter[tuple[str, bool]] = Counter()
        self.failures = 0

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Return hits and misses since the start; what could not be asked is a miss."""
        return {name: (self._outcomes[name, True], self._outcomes[name, False]) for name in (LISTS, TRENDING)}

    def list_failures(self) -> Mapping[str, int]:
        """Return failures since the start."""
        return {"redis": self.failures}

    async def refresh(self, question: Question, seconds: float, make: Make) -> bytes:
        """Return an answer that is at most some seconds old."""

        async def find_or_make() -> bytes:
            key = _name(question)
            found = await self._get(key, TRENDING)
            if found is not None:
                return found
            made = await make()
            if made.keep:
                await self._attempt(lambda: self._redis.set(key, made.body, px=round(seconds * 1000)))
            return made.body

        return await self._once(question, find_or_make)

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def _find(self, question: Question) -> bytes | None:
        state = _digest(question.feedback)
        return await self._get(_name(question), LISTS, state)

    async def _keep(self, question: Question, body: bytes) -> None:
        value = _digest(question.feedback) + body
        await self._attempt(lambda: self._redis.set(_name(question), value, ex=KEPT_SECONDS))

    async def _get(self, key: str, cache: str, state: bytes = b"") -> bytes | None:
        value: bytes | None = await self._attempt(lambda: self._redis.get(key))
        hit = value is not None and value.startswith(state)
        self._outcomes[cache, hit] += 1
        return value[len(state) :] if value is not None and hit else None

    async def _attempt(self, call: Callable[[], Any]) -> Any:
        """Return what Redis answers, None where it does not in time or is left alone."""
        if self._failing:
            if self._clock() < self._retry_at:
                return None
            self._retry_at = self._clock() + BACK_OFF_SECONDS  # others go on without while this one tries
        try:
            async with asyncio.timeout(self._limit_seconds):
                answer = await call()
        except (RedisError, OSError, TimeoutError) as error:
            self.failures += 1
            self._failing = True
            self._retry_at = self._clock() + BACK_OFF_SECONDS
            log.warning("cache-left-out", error=type(error).__name__)
            return None
        self._failing = False
        return answer


def _name(question: Question) -> str:
    # Another version of this program may write the same list in other words.
    asked = hashlib.blake2b(question.asked.encode(), digest_size=16).hexdigest()
    return f"movierec:{version('movierec')}:{question.bundle}:{asked}"


def _digest(feedback: Sequence[FeedbackEvent]) -> bytes:
    said = hashlib.blake2b(digest_size=16)
    for event in feedback:
        said.update(f"{event.event_id} {event.server_time} {event.client_time} {event.rating};".encode())
    return said.hexdigest().encode()
