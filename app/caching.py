"""Answers given before: one interface, kept in this process or shared through Redis."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.answers import AnswerCache
from movierec.feedback.events import FeedbackEvent


@dataclass(frozen=True)
class Question:
    """What a list follows from; the same question has the same answer, whichever process gives it.

    Parameters
    ----------
    bundle : what answers: name of the bundle, and whether it has its ranker
    asked : viewer and parameters
    feedback : what the viewer said that stands, read from the feedback store for this request
    """

    bundle: str
    asked: str
    feedback: Sequence[FeedbackEvent] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was worked out; one that a fault had a part in is not to be kept."""

    body: bytes
    keep: bool = True


Make = Callable[[], Awaitable[Made]]


class Answers(ABC):
    """Gives the kept answer to a question, or has it made, once however many ask at the same time."""

    def __init__(self) -> None:
        self._flights: dict[tuple[str, str], tuple[Sequence[FeedbackEvent], asyncio.Future[bytes]]] = {}

    async def answer(self, question: Question, make: Make) -> bytes:
        """Return the answer to a question, kept or made now."""

        async def find_or_make() -> bytes:
            found = await self._find(question)
            if found is not None:
                return found
            made = await make()
            if made.keep:
                await self._keep(question, made.body)
            return made.body

        return await self._once(question, find_or_make)

    async def refresh(self, question: Question, seconds: float, make: Make) -> bytes:
        """Return an answer that may be some seconds old where several processes share it; else make it."""
        return (await make()).body

    @abstractmethod
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Return hits and misses by the name of the cache."""

    def list_failures(self) -> Mapping[str, int]:
        """Return how often a cache that is shared did not answer, by its name."""
        return {}

    @abstractmethod
    async def _find(self, question: Question) -> bytes | None: ...

    @abstractmethod
    async def _keep(self, question: Question, body: bytes) -> None: ...

    async def _once(self, question: Question, work: Callable[[], Awaitable[bytes]]) -> bytes:
        key = question.bundle, question.asked
        while key in self._flights and self._flights[key][0] == question.feedback:
            flight = self._flights[key][1]
            # Who works on it may fail or be cancelled; then somebody else who waits takes over.
            with suppress(asyncio.CancelledError):
                return await asyncio.shield(flight)
            if not flight.cancelled():
                raise asyncio.CancelledError
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._flights[key] = question.feedback, future
        try:
            body = await work()
            future.set_result(body)
            return body
        finally:
            future.cancel()
            if self._flights.get(key, (None, None))[1] is future:
                del self._flights[key]


class ProcessAnswers(Answers):
    """Answers kept in this process, for as long as its bundle is served."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._kept = AnswerCache(limit)

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Return hits and misses since the bundle was opened."""
        return {"answers": (self._kept.hits, self._kept.misses)}

    async def _find(self, question: Question) -> bytes | None:
        return self._kept.find((question.bundle, question.asked), question.feedback)

    async def _keep(self, question: Question, body: bytes) -> None:
        self._kept.keep((question.bundle, question.asked), question.feedback, body)
