"""What the routes work with: the recommender (or why there is none) and the feedback store."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Final, Literal, Protocol, TypeVar

import structlog
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.caching import Answers, ProcessAnswers
from app.problems import RETRY_SECONDS
from app.search import MovieIndex
from movierec.appeal import AppealMeter
from movierec.errors import (
    ArtifactError,
    ConfigError,
    FeedbackUnavailableError,
    NoBundleError,
    UnknownItemError,
    UnknownUserError,
)
from movierec.events.handler import store_event
from movierec.feedback.events import FeedbackAction, FeedbackEvent, StoredFeedback
from movierec.schema import History
from movierec.service import Query, RecommenderService
from movierec.titles import TitleIndex

MAX_KNOWN: Final = 64
"""Viewers whose feedback is kept at hand; each entry is good for one state of the store."""

_Result = TypeVar("_Result")

RECENT: Final = timedelta(days=60)
"""How far back feedback counts as recent activity; older than that it has faded anyway."""

_UNFIT: Final = "The bundle was opened, but no recommendation can be made with it; the log says why."

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

    def delete_user(self, user_id: str, action: FeedbackAction | None = None) -> int:
        """Erase what a viewer said."""

    def revision(self) -> int:
        """Return the number of the last change."""

    def close(self) -> None:
        """Let go of the database."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event; one that is accepted will be stored by a consumer, sooner or later."""

    status: Literal["stored", "already stored", "accepted"]
    server_time: datetime | None


class FeedbackGate:
    """The feedback store off the event loop; one that cannot be opened is tried again later.

    Parameters
    ----------
    publish : sends an event to a broker instead of storing it, and returns when it was accepted
    """

    def __init__(
        self,
        open_store: Callable[[], FeedbackLog],
        store: FeedbackLog | None = None,
        publish: Callable[[FeedbackEvent], Awaitable[datetime]] | None = None,
    ) -> None:
        self._open_store = open_store
        self._store = store
        self._publish = publish
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
        """Return the feedback of a viewer that stands, newest first."""
        return await run_in_threadpool(self._run, lambda store: self._read_in_force(store, user_id))

    async def append_all(self, events: Sequence[FeedbackEvent]) -> int:
        """Store many new events, all or none; they are on the disk when this returns."""
        return await run_in_threadpool(self._run, lambda store: store.append_all(events))

    async def timeline(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return everything a viewer said, oldest first."""
        return await run_in_threadpool(self._run, lambda store: tuple(store.events(user_id)))

    async def erase(self, user_id: str, action: FeedbackAction | None = None) -> int:
        """Erase what a viewer said, or only one kind of it, and return how many events there were."""
        return await run_in_threadpool(self._run, lambda store: store.delete_user(user_id, action))

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
        known = self._known.get(user_id)
        if known is not None and known[0] == revision:
            self.hits += 1
            return known[1]
        self.misses += 1
        events = store.in_force(user_id)
        with self._lock:
            self._known.pop(user_id, None)
            self._known[user_id] = revision, events
            while len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        return events

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


class Backend:
    """One recommender and one feedback store, shared by all requests that came while it was in place.

    Attributes
    ----------
    feedback : the way to the feedback store
    problem : why this is not the bundle that is to be served, or None if it is
    answers : lists that were given before
    """

    def __init__(
        self,
        service: RecommenderService | None,
        feedback: FeedbackGate,
        fault: ArtifactError | None = None,
        problem: str | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._service = service
        self._fault = fault or NoBundleError("the bundle has not been opened yet; try again in a moment")
        self.feedback = feedback
        self.problem = problem
        self.answers = answers or ProcessAnswers(0)

    @property
    def version(self) -> str | None:
        """Name of the bundle, None where there is none."""
        return None if self._service is None else self._service.version

    @property
    def answers_with(self) -> str:
        """Name of what lists follow from beside the question: the bundle, and whether it has its ranker."""
        return f"{self.version}:{'ranked' if self.service.has_ranker else 'merged'}"

    @property
    def service(self) -> RecommenderService:
        """The recommender; raises the ``ArtifactError`` that kept its bundle from being opened."""
        if self._service is None:
            # A new exception each time: raising one instance again and again would grow its traceback.
            raise type(self._fault)(str(self._fault))
        return self._service

    def prove(self) -> None:
        """Make one recommendation; raises an ``ArtifactError`` where that does not work."""
        service = self.service
        history = service.trained_history(0) if service.user_id else History.empty()
        try:
            service.recommend(history, Query(k=1))
        except Exception as error:
            log.error("not-ready", exc_info=error)
            raise ArtifactError(_UNFIT) from error

    @cached_property
    def movies(self) -> MovieIndex:
        """Titles of the catalogue, ready for search."""
        return MovieIndex.build(self.service)

    @cached_property
    def titles(self) -> TitleIndex:
        """Titles of the catalogue, as other sites spell them."""
        return TitleIndex(self.service.catalog)

    @cached_property
    def appeal(self) -> AppealMeter:
        """Whom films suit."""
        return AppealMeter(self.service)

    def find_user(self, user_idx: int) -> str:
        """Return the id of a viewer; raises ``UnknownUserError``."""
        known = len(self.service.user_id)
        if not 0 <= user_idx < known:
            raise UnknownUserError(f"user_idx must be 0 to {known - 1}; find viewers with GET /users")
        return self.service.user_id[user_idx]

    def find_item(self, item_id: str) -> int:
        """Return the index of a movie; raises ``UnknownItemError``."""
        return self.find_items([item_id])[0]

    def find_items(self, item_ids: list[str]) -> list[int]:
        """Return the indices of movies; raises ``UnknownItemError`` that names those that are unknown."""
        index_of = self.service.catalog.index_of
        unknown = [item_id for item_id in item_ids if item_id not in index_of]
        if unknown:
            named = ", ".join(ascii(item_id[:64]) for item_id in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise UnknownItemError(f"no movie with item_id {named}{more}; find movies with GET /movies")
        return [index_of[item_id] for item_id in item_ids]

    def find_genres(self, argument: str, names: list[str]) -> tuple[str, ...]:
        """Return genres as the catalogue spells them; raises ``ConfigError`` for one it does not have."""
        spelling = {genre.casefold(): genre for genre in self.service.catalog.genre_names}
        if any(name.casefold() not in spelling for name in names):
            raise ConfigError(f"{argument} must be genres of this catalogue: {', '.join(spelling.values())}")
        return tuple(dict.fromkeys(spelling[name.casefold()] for name in names))


async def get_backend(request: Request) -> Backend:
    """Return the backend of the running app."""
    backend = request.app.state.backend
    assert isinstance(backend, Backend)  # noqa: S101 - set by create_app
    return backend


BackendDep = Annotated[Backend, Depends(get_backend)]
