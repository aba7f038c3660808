"""The application: settings in, a FastAPI app with recommender and feedback store out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from app.access import read_api_key
from app.backend import Backend, FeedbackGate, FeedbackLog
from app.middleware import (
    ApiKeyMiddleware,
    BodyLimitMiddleware,
    DeclaredLengthMiddleware,
    RequestLogMiddleware,
)
from app.openapi import DESCRIPTION, install_openapi
from app.problems import install_problem_handlers
from app.routes import (
    contracts,
    evaluation,
    feed,
    feedback,
    groups,
    health,
    hosting,
    movies,
    posters,
    recommend,
    sections,
    titles,
    users,
    viewers,
)
from app.routes.health import VERSION
from movierec.config import Settings
from movierec.errors import ArtifactError, FeedbackUnavailableError
from movierec.schema import History
from movierec.service import Query, RecommenderService

_OPENING: Final = "The bundle is being opened; try again in a moment."
_FAULT: Final = "The bundle could not be opened; the log says why."

log = structlog.get_logger("movierec.api")


def create_app(
    settings: Settings | None = None,
    service: RecommenderService | None = None,
    store: FeedbackLog | None = None,
    *,
    hosted: bool = False,
) -> FastAPI:
    """Return the application; what is not handed in is opened when it starts.

    Parameters
    ----------
    settings : read from the environment where missing
    service : an open recommender instead of the current bundle of the home folder
    store : an open feedback store instead of the one the settings name; its owner closes it
    hosted : answer the contract of a model container and nothing else, without asking for a key where none is
        set; the bundle is opened while ``GET /ping`` already answers 503

    Raises ``ConfigError`` where the address is not loopback and there is no API key.
    """
    settings = settings or Settings()
    key = read_api_key(settings, hosted=hosted)
    build = partial(FastAPI, openapi_url=None) if hosted else FastAPIOffline
    app: FastAPI = build(
        title="MovieRec",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_make_lifespan(settings, service, store, wait=not hosted),
        redirect_slashes=False,
        middleware=[
            Middleware(CorrelationIdMiddleware, header_name="X-Request-ID"),
            Middleware(RequestLogMiddleware),
            *([Middleware(ApiKeyMiddleware, key=key)] if key else []),
            Middleware(DeclaredLengthMiddleware),
            Middleware(BodyLimitMiddleware),
        ],
    )
    app.state.backend = _make_backend(settings, service, store, None)
    app.state.reports_dir = settings.reports
    app.include_router(hosting.router)
    install_problem_handlers(app)
    if hosted:
        return app
    for module in (
        groups,
        recommend,
        contracts,
        feed,
        sections,
        users,
        viewers,
        titles,
        movies,
        posters,
        feedback,
        evaluation,
        health,
    ):
        app.include_router(module.router)
    install_openapi(app, with_key=bool(key))
    return app


def _make_lifespan(
    settings: Settings, service: RecommenderService | None, store: FeedbackLog | None, *, wait: bool
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    async def open_backend(app: FastAPI) -> None:
        opened, fault = service, None
        if opened is None:
            try:
                opened = await run_in_threadpool(_open_warm, settings)
            except ArtifactError as error:
                fault = error
                log.error("no-recommendations", error=str(error))
        backend = _make_backend(settings, opened, store, fault)
        if opened is not None:
            _ = backend.movies
            if store is None:
                await backend.feedback.connect()
        app.state.backend = backend

    async def open_meanwhile(app: FastAPI) -> None:
        try:
            await open_backend(app)
        except Exception as error:  # nobody waits for this task, so nobody else would tell
            log.error("no-recommendations", exc_info=error)
            app.state.backend = _make_backend(settings, None, store, ArtifactError(_FAULT))

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        opening = None
        if wait:
            await open_backend(app)
        else:
            app.state.backend = _make_backend(settings, None, store, ArtifactError(_OPENING))
            opening = asyncio.create_task(open_meanwhile(app))
        try:
            yield
        finally:
            if opening is not None:
                opening.cancel()
                with suppress(asyncio.CancelledError):
                    await opening
            if store is None:
                app.state.backend.feedback.close()

    return run


def _open_warm(settings: Settings) -> RecommenderService:
    """Open the bundle and answer once, so that no request waits for compiled kernels to be loaded."""
    service = RecommenderService.open(settings.home)
    service.recommend(service.trained_history(0) if service.user_id else History.empty(), Query())
    return service


def _make_backend(
    settings: Settings,
    service: RecommenderService | None,
    store: FeedbackLog | None,
    fault: ArtifactError | None,
) -> Backend:
    def open_store() -> FeedbackLog:
        from movierec.feedback.store import FeedbackStore  # only here: the app serves without a database

        if service is None:
            raise FeedbackUnavailableError("feedback needs a bundle: its ids belong to a data set")
        return FeedbackStore.open(settings.database_url or settings.feedback_path, dataset=service.info.name)

    return Backend(service, FeedbackGate(open_store, store), fault)
