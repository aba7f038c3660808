"""The application: settings in, a FastAPI app with recommender and feedback store out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

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
    evaluation,
    feedback,
    groups,
    health,
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

log = structlog.get_logger("movierec.api")


def create_app(
    settings: Settings | None = None,
    service: RecommenderService | None = None,
    store: FeedbackLog | None = None,
) -> FastAPI:
    """Return the application; what is not handed in is opened when it starts.

    Parameters
    ----------
    settings : read from the environment where missing
    service : an open recommender instead of the current bundle of the home folder
    store : an open feedback store instead of the one the settings name; its owner closes it

    Raises ``ConfigError`` where the address is not loopback and there is no API key.
    """
    settings = settings or Settings()
    key = read_api_key(settings)
    app = FastAPIOffline(
        title="MovieRec",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_make_lifespan(settings, service, store),
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
    for module in (
        groups,
        recommend,
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
    install_problem_handlers(app)
    install_openapi(app, with_key=bool(key))
    return app


def _make_lifespan(
    settings: Settings, service: RecommenderService | None, store: FeedbackLog | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
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
        try:
            yield
        finally:
            if store is None:
                backend.feedback.close()

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
