"""The way to the feedback store: read at once where that is possible, off the event loop otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol, TypeVar

import structlog
from starlette.concurrency import run_in_threadpool

from app.problems import RETRY_SECONDS
from movierec.errors import ConfigError, FeedbackUnavailableError
from movierec.events.handler import store_event
from movierec.feedback.events import FeedbackAction, FeedbackEvent, StoredFeedback

MAX_KNOWN: Final = 64
"""Viewers whose feedback is kept at hand; each entry is good for one state of the store."""

_Result = TypeVar("_Result")

RECENT: Final = timedelta(days=60)
"""How far back feedback counts as recent activity; older than that it has faded anyway."""

log = structlog.get_logger("movierec.api")


class FeedbackLog(Protocol):
    """What the API needs of a feedback store; calls may block and may come from several threads."""

    def append(self, event: FeedbackEvent, accepted: datetime | None = None) -> StoredFeedback:
        """Store an event, or find it stored already."""

    def append_all(self, events: Sequence[FeedbackEvent]) -> int:
        """Store many new events, all or none."""

    def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return what stands, newest first."""

    def recent(self, since: datetime) -> tuple[FeedbackEvent, ...]:
        """Return what all viewers said from a moment on and that stands, newest first."""

    def events(self, user_id: str | None = None) -> Iterable[FeedbackEvent]:
        """Give everything that was said, oldest first."""

    def delete_user(
        self, user_id: str, action: FeedbackAction | None = None, until: datetime | None = None
    ) -> int:
        """Erase what a viewer said, and what they said until a moment and is still on its way."""

    def revision(self) -> int:
        """Return the number of the last change."""

    def close(self) -> None:
        """Let go of the database."""


class Glimpse(Protocol):
    """What can be read without waiting; None where it cannot."""

    def revision(self) -> int | None:
        """Return the number of the last change."""

    def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...] | None:
        """Return what stands of what a viewer said, newest first."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event; one that is accepted will be stored by a consumer, sooner or later."""

    status: Literal["stored", "already stored", "accepted"]
    server_time: datetime | None


class FeedbackGate:
    """The feedback store; one that cannot be opened is tried again later.

    Parameters
    ----------
    publish : sends an event to a broker instead of storing it, and returns when it was accepted
    stamp : tells a moment after those of all that was accepted by ``publish``
    """

    def __init__(
        self,
        open_store: Callable[[], FeedbackLog],
        store: FeedbackLog | None = None,
        publish: Callable[[FeedbackEvent], Awaitable[datetime]] | None = None,
        stamp: Callable[[], datetime] | None = None,
    ) -> None:
        self._open_store = open_store
        self._store = store
        self._publish = publish
        self._stamp = stamp
        self._lock = threading.Lock()
        self._retry_at = 0.0
        self._known: dict[str, tuple[int, tuple[FeedbackEvent, ...]]] = {}
        self.hits = self.misses = 0
        self.available = store is not None

    async def connect(self) -> None:
        """Open the store; a failure is logged and leaves feedback unavailable for a while."""
        try:
            await run_in_threadpool(self._connect)
        except FeedbackUnavailableError as error:
            log.error("feedback-unavailable", error=str(error))

    async def append(self, event: FeedbackEvent) -> Receipt:
        """Store an event, or hand it to the broker; it is on a disk here or there when this returns."""
        if self._publish is not None:
            return Receipt("accepted", await self._publish(event))
        stored = await run_in_threadpool(self._run, lambda store: store_event(store, event))
        return Receipt("stored" if stored.created else "already stored", stored.event.server_time)

    async def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return the feedback of a viewer that stands, newest first.

        Mostly that is read at once, by the thread that answers: handing it to another takes longer than
        reading, and that one then waits for the interpreter while lists are worked out.
        """
        glimpse: Glimpse | None = getattr(self._store, "glance", None)
        found = None if glimpse is None else self._glance(glimpse, user_id)
        if found is not None:
            return found
        return await run_in_threadpool(self._run, lambda store: self._read_in_force(store, user_id))

    async def append_all(self, events: Sequence[FeedbackEvent]) -> int:
        """Store many new events, all or none; they are on the disk when this returns."""
        return await run_in_threadpool(self._run, lambda store: store.append_all(events))

    async def timeline(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return everything a viewer said, oldest first."""
        return await run_in_threadpool(self._run, lambda store: tuple(store.events(user_id)))

    async def erase(self, user_id: str, action: FeedbackAction | None = None) -> int:
        """Erase what a viewer said, or only one kind of it, and return how many events there were.

        Erasing everything takes what still waits at the broker along, uncounted.
        """
        until = self._stamp() if self._stamp is not None and action is None else None
        return await run_in_threadpool(self._run, lambda store: store.delete_user(user_id, action, until))

    async def recent(self) -> tuple[FeedbackEvent, ...]:
        """Return what all viewers said of late and that stands, newest first."""
        since = datetime.now(UTC) - RECENT
        return await run_in_threadpool(self._run, lambda store: store.recent(since))

    def close(self) -> None:
        """Close the store if it is open."""
        if self._store is not None:
            self._store.close()

    def _read_in_force(self, store: FeedbackLog, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return what stands; ten thousand imported ratings are not parsed anew for every request."""
        # The number first: what changes meanwhile makes the kept answer look older than it is, never newer.
        revision = store.revision()
        events = self._recall(user_id, revision)
        if events is None:
            events = store.in_force(user_id)
            self._remember(user_id, revision, events)
        return events

    def _glance(self, glimpse: Glimpse, user_id: str) -> tuple[FeedbackEvent, ...] | None:
        """Return what stands if that can be told without waiting."""
        revision = glimpse.revision()
        if revision is None:
            return None
        events = self._recall(user_id, revision)
        if events is None:
            events = glimpse.in_force(user_id)
            if events:  # that there is nothing is found out as fast as it is remembered
                self._remember(user_id, revision, events)
        if events is not None:
            self.available = True
        return events

    def _recall(self, user_id: str, revision: int) -> tuple[FeedbackEvent, ...] | None:
        known = self._known.get(user_id)
        if known is not None and known[0] == revision:
            self.hits += 1
            return known[1]
        self.misses += 1
        return None

    def _remember(self, user_id: str, revision: int, events: tuple[FeedbackEvent, ...]) -> None:
        with self._lock:
            self._known.pop(user_id, None)
            self._known[user_id] = revision, events
            while len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]

    def _run(self, call: Callable[[FeedbackLog], _Result]) -> _Result:
        try:
            result = call(self._connect())
        except FeedbackUnavailableError:
            self.available = False
            raise
        self.available = True
        return result

    def _connect(self) -> FeedbackLog:
        with self._lock:
            if self._store is None:
                if time.monotonic() < self._retry_at:
                    raise FeedbackUnavailableError("the feedback store could not be opened a moment ago")
                try:
                    self._store = self._open_store()
                except (FeedbackUnavailableError, ConfigError, OSError) as error:
                    self._retry_at = time.monotonic() + RETRY_SECONDS
                    raise FeedbackUnavailableError(str(error)) from error
                self.available = True
            return self._store
