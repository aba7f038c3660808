"""Keeping the API on the current bundle: opened at the start, swapped when another one becomes current.

A request takes its backend once and keeps it to its end, so a swap is one assignment: who came before it is
answered from the old bundle, who comes after it from the new one, and nobody waits.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from starlette.concurrency import run_in_threadpool

from app.backend import Backend
from app.caching import Answers, ProcessAnswers
from app.gate import FeedbackGate, FeedbackLog
from app.search import MovieIndex
from movierec.artifacts import open_current, open_others, read_pointer, stat_pointer
from movierec.artifacts.manifest import read_manifest
from movierec.config import Settings
from movierec.errors import ArtifactError, CorruptBundleError, FeedbackUnavailableError
from movierec.feedback.events import FeedbackEvent
from movierec.names import needs_frames
from movierec.schema import History
from movierec.service import Query, RecommenderService

OPENING: Final = "The bundle is being opened; try again in a moment."
_NO_DATASET: Final = "feedback needs a bundle: its ids belong to a data set"
_UNFORESEEN: Final = "The bundle could not be opened; the log says why."

if TYPE_CHECKING:
    from movierec.events.publisher import FeedbackPublisher

log = structlog.get_logger("movierec.api")


class Renewed(StrEnum):
    """What became of a look for another bundle."""

    UNCHANGED = "unchanged"
    RELOADED = "reloaded"


class Renewal:
    """Owns the backend of an app and replaces it when ``CURRENT`` names another bundle that can be served.

    Parameters
    ----------
    settings : where bundles and feedback are
    install : puts a backend in place for the requests that come from now on
    service : an open recommender; it is never replaced
    store : an open feedback store, its owner closes it
    publisher : sends feedback to a broker instead of storing it, its owner closes it
    answers : kept answers that other processes share, its owner closes them; else each bundle has its own
    ahead : what was opened before this process was forked
    """

    def __init__(
        self,
        settings: Settings,
        install: Callable[[Backend], None],
        service: RecommenderService | None = None,
        store: FeedbackLog | None = None,
        publisher: FeedbackPublisher | None = None,
        answers: Answers | None = None,
        ahead: OpenedAhead | None = None,
    ) -> None:
        self._settings = settings
        self._ahead = ahead
        self._publisher = publisher
        self._answers = answers
        self._install = install
        self._given = service
        self._store = store
        self._lock = asyncio.Lock()
        self._seen: tuple[int, int] | None = None
        self.backend = Backend(
            service, self._make_gate(service), ArtifactError(OPENING), answers=self._make_answers()
        )
        install(self.backend)

    async def open(self) -> None:
        """Open the current bundle, else the last one that can be served; a fault is kept for the answers."""
        async with self._lock:
            if self._given is None:
                self._seen = await run_in_threadpool(stat_pointer, self._settings.bundles_dir)
                ahead, self._ahead = self._ahead, None
                try:
                    if ahead is not None and ahead.pointer == await self._read_pointer():
                        await self._swap(ahead.service, None, ahead.movies)
                        # What was opened ahead stays frozen: to look through it would copy all of it.
                        gc.collect()
                        gc.freeze()
                        return
                    service, problem = await run_in_threadpool(_open_last_good, self._settings)
                except ArtifactError as error:
                    log.error("no-recommendations", error=str(error))
                    self._replace(Backend(None, self.backend.feedback, error))
                    return
                if problem is not None:
                    log.error("bundle-refused", error=problem, serving=service.version)
                await self._swap(service, problem)
                await run_in_threadpool(settle_memory)
            elif self._store is None:
                await self.backend.feedback.connect()

    async def renew(self) -> Renewed:
        """Serve the current bundle from now on, if it is another one; raises ``ArtifactError`` if it is bad.

        What is served stays as it is then, and the backend says why.
        """
        async with self._lock:
            if self._given is not None:
                return Renewed.UNCHANGED
            self._seen = await run_in_threadpool(stat_pointer, self._settings.bundles_dir)
            served = self.backend
            try:
                if served.version is not None and served.version == await self._read_pointer():
                    served.problem = None
                    return Renewed.UNCHANGED
                service = await run_in_threadpool(_open_current, self._settings)
            except ArtifactError as error:
                log.error("bundle-refused", error=str(error), serving=served.version)
                if served.version is None:
                    self._replace(Backend(None, served.feedback, error))
                else:
                    served.problem = str(error)
                raise
            await self._swap(service, None)
            log.info("bundle-swapped", before=served.version, now=service.version)
            del served
        await run_in_threadpool(settle_memory)
        return Renewed.RELOADED

    async def watch(self) -> None:
        """Look for another bundle again and again; never ends by itself, and no fault ends it."""
        while self._settings.reload_seconds:
            await asyncio.sleep(self._settings.reload_seconds)
            try:
                now = await run_in_threadpool(stat_pointer, self._settings.bundles_dir)
                if now not in (self._seen, None):
                    with suppress(ArtifactError):  # told by renew, and not tried again until CURRENT changes
                        await self.renew()
            except Exception as error:
                log.error("bundle-watch-failed", exc_info=error)

    def close(self) -> None:
        """Let go of the feedback store, unless its owner does, and of what was kept from the collector."""
        gc.unfreeze()
        if self._store is None:
            self.backend.feedback.close()

    async def _swap(
        self, service: RecommenderService, problem: str | None, movies: MovieIndex | None = None
    ) -> None:
        before = self.backend
        known = before.version is not None and before.service.info.name == service.info.name
        # The ids of feedback belong to a data set: another one has another gate to the store.
        gate = before.feedback if known else self._make_gate(service)
        backend = Backend(service, gate, problem=problem, answers=self._make_answers())
        if movies is None:
            await run_in_threadpool(lambda: backend.movies)
        else:
            backend.movies = movies
        if self._store is None and not known:
            await gate.connect()
        self._replace(backend)
        if self._store is None and not known:
            before.feedback.close()

    async def _read_pointer(self) -> str:
        return await run_in_threadpool(read_pointer, self._settings.bundles_dir)

    def _replace(self, backend: Backend) -> None:
        self.backend = backend
        self._install(backend)

    def _make_answers(self) -> Answers:
        return self._answers or ProcessAnswers(self._settings.kept_answers)

    def _make_gate(self, service: RecommenderService | None) -> FeedbackGate:
        settings = self._settings
        dataset = None if service is None else service.info.name

        def open_store() -> FeedbackLog:
            from movierec.feedback.store import FeedbackStore  # only here: the app serves without a database

            if dataset is None:
                raise FeedbackUnavailableError(_NO_DATASET)
            return FeedbackStore.open(settings.database_url or settings.feedback_path, dataset=dataset)

        if self._publisher is None:
            return FeedbackGate(open_store, self._store)
        publish = self._publisher.publish

        async def publish_event(event: FeedbackEvent) -> datetime:
            if dataset is None:
                raise FeedbackUnavailableError(_NO_DATASET)
            return await publish(dataset, event)

        return FeedbackGate(open_store, self._store, publish_event, self._publisher.stamp)


@dataclass(frozen=True)
class OpenedAhead:
    """What a process opened for the workers that are forked from it, who then share its memory.

    Attributes
    ----------
    pointer : what ``CURRENT`` named; where it names something else by now, a worker opens that instead
    service, movies : the recommender and the titles ready for search
    """

    pointer: str
    service: RecommenderService
    movies: MovieIndex


def open_ahead(settings: Settings) -> OpenedAhead | None:
    """Open the current bundle before workers are forked; None leaves opening, and what is wrong, to them.

    So does a bundle from before there were names as JSON: reading the others starts threads, which a fork
    does not take along, and whoever waits for them afterwards waits for ever.
    """
    try:
        pointer = read_pointer(settings.bundles_dir)
        if needs_frames(read_manifest(settings.bundles_dir / pointer)):
            return None
        service = _open_current(settings)
    except ArtifactError:
        return None
    opened = OpenedAhead(pointer, service, MovieIndex.build(service))
    settle_memory()
    return opened


def settle_memory() -> None:
    """Free a bundle that was replaced, and keep the garbage collector from walking through the new one.

    Its titles and ids are some hundred thousand objects, which full collections would visit in the midst of
    requests, again and again, without ever finding one to free.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _give_memory_back()


def _give_memory_back() -> None:
    """Return what a replaced bundle took to the system; the allocator keeps it where it is not asked.

    Only glibc can be asked: elsewhere the memory is used again by the next bundle, or it is not.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _open_current(settings: Settings) -> RecommenderService:
    return _try_out(lambda: RecommenderService.open(settings.home))


def _open_last_good(settings: Settings) -> tuple[RecommenderService, str | None]:
    """Return the current bundle, else the newest sound one, else the current one without its ranker.

    Beside it comes what the current one lacks.
    """
    try:
        return _open_current(settings), None
    except ArtifactError as failure:
        for bundle in open_others(settings.bundles_dir, failure):
            with suppress(ArtifactError):
                return _try_out(partial(RecommenderService.load, bundle)), str(failure)
        with suppress(ArtifactError):
            return _try_out(partial(_load_leniently, settings)), str(failure)
        raise


def _load_leniently(settings: Settings) -> RecommenderService:
    return RecommenderService.load(open_current(settings.bundles_dir), lenient=True)


def _try_out(open_service: Callable[[], RecommenderService]) -> RecommenderService:
    """Open a bundle and answer once, so that no request waits for kernels or meets a bundle that fails.

    Raises ``ArtifactError`` whatever goes wrong.
    """
    try:
        service = open_service()
        history = service.trained_history(0) if service.user_id else History.empty()
        service.recommend(history, Query())
    except ArtifactError:
        raise
    except Exception as error:
        log.error("bundle-failed", exc_info=error)
        raise CorruptBundleError(_UNFORESEEN) from error
    return service
