"""The application: settings in, a FastAPI app with recommender and feedback store out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from app.access import list_hosts, read_admin_key, read_api_key
from app.admission import AdmissionMiddleware
from app.backend import Backend
from app.gate import FeedbackLog
from app.guards import AdminKeyMiddleware, ApiKeyMiddleware, FeedbackRateMiddleware, HostMiddleware
from app.middleware import BodyLimitMiddleware, DeclaredLengthMiddleware, RequestLogMiddleware
from app.openapi import DESCRIPTION, install_openapi
from app.problems import install_problem_handlers
from app.real_posters import open_gallery
from app.renewal import OpenedAhead, Renewal
from app.routes import (
    admin,
    contracts,
    evaluation,
    feed,
    feedback,
    groups,
    health,
    hosting,
    metrics,
    movies,
    posters,
    recommend,
    sections,
    simulation,
    sources,
    titles,
    users,
    viewers,
)
from app.routes.health import VERSION
from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.posters.gallery import PosterGallery
from movierec.service import RecommenderService

if TYPE_CHECKING:
    from app.shared_answers import RedisAnswers
    from movierec.events.publisher import FeedbackPublisher

log = structlog.get_logger("movierec.api")


def create_app(
    settings: Settings | None = None,
    service: RecommenderService | None = None,
    store: FeedbackLog | None = None,
    *,
    hosted: bool = False,
    gallery: PosterGallery | None = None,
    publisher: FeedbackPublisher | None = None,
    ahead: OpenedAhead | None = None,
) -> FastAPI:
    """Return the application; what is not handed in is opened when it starts.

    Parameters
    ----------
    settings : read from the environment where missing
    service : an open recommender instead of the current bundle of the home folder
    store : an open feedback store instead of the one the settings name; its owner closes it
    hosted : answer the contract of a model container and nothing else, without asking for a key where none is
        set; the bundle is opened while ``GET /ping`` already answers 503
    gallery : where real posters come from instead of what the settings say; its owner closes it
    publisher : sends feedback to a broker, instead of the one the settings name; closed at the end
    ahead : the bundle, opened before this process was forked

    Raises ``ConfigError`` where the address is not loopback and there is no API key.
    """
    settings = settings or Settings()
    key = read_api_key(settings, hosted=hosted)
    owned = open_gallery(settings) if gallery is None and not hosted else None
    publisher = publisher or (None if hosted else open_publisher(settings))
    answers = None if hosted else open_answers(settings)
    build = partial(FastAPI, openapi_url=None) if hosted else FastAPIOffline
    app: FastAPI = build(
        title="MovieRec",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=_make_lifespan(wait=not hosted, gallery=owned, closing=(publisher, answers)),
        redirect_slashes=False,
        middleware=[
            Middleware(CorrelationIdMiddleware, header_name="X-Request-ID"),
            Middleware(RequestLogMiddleware),
            *list_guards(settings, key),
            Middleware(DeclaredLengthMiddleware),
            Middleware(AdmissionMiddleware, limit=settings.max_under_way),
            Middleware(BodyLimitMiddleware),
        ],
    )

    def install(backend: Backend) -> None:
        app.state.backend = backend

    app.state.renewal = Renewal(settings, install, service, store, publisher, answers, ahead)
    app.state.gallery = gallery or owned
    app.state.reports_dir = settings.reports
    app.state.simulation_dir = settings.simulation_reports
    app.state.raw_dir = settings.raw_dir
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
        simulation,
        sources,
        health,
        metrics,
        admin,
    ):
        app.include_router(module.router)
    install_openapi(app, with_key=bool(key))
    return app


def open_publisher(settings: Settings) -> FeedbackPublisher | None:
    """Return what publishes feedback to the broker of the settings, None where there is none.

    Raises ``ConfigError`` where the broker is not supported or its client is not installed.
    """
    if settings.broker_url is None:
        return None
    from movierec.events.publisher import FeedbackPublisher  # only here: the default needs no broker
    from movierec.events.transport import open_transport

    return FeedbackPublisher(
        open_transport(settings.broker_url, settings.broker_queue, settings.broker_redeliver_seconds)
    )


def open_answers(settings: Settings) -> RedisAnswers | None:
    """Return what keeps answers for all processes, None where each keeps its own.

    Raises ``ConfigError`` where the address is none of Redis or its client is not installed.
    """
    if settings.cache_url is None:
        return None
    try:
        from app.shared_answers import RedisAnswers  # only here: the default needs no Redis

        return RedisAnswers(settings.cache_url)
    except ImportError as error:
        raise ConfigError("cache_url needs the client of Redis: pip install 'movierec[cluster]'") from error
    except ValueError as error:
        raise ConfigError("cache_url must be an address of Redis, such as redis://host:6379/0") from error


def list_guards(settings: Settings, key: str | None) -> list[Middleware]:
    """Return what decides whether a request is let in, outermost first.

    Raises ``ConfigError`` where the admin key is the API key.
    """
    names = list_hosts(settings)
    guards = [] if names is None else [Middleware(HostMiddleware, names=names)]
    if key:
        guards.append(Middleware(ApiKeyMiddleware, key=key))
        guards.append(Middleware(FeedbackRateMiddleware, per_minute=settings.feedback_per_minute))
    return [*guards, Middleware(AdminKeyMiddleware, key=read_admin_key(settings))]


def _make_lifespan(
    *, wait: bool, gallery: PosterGallery | None, closing: Sequence[FeedbackPublisher | RedisAnswers | None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    async def open_and_watch(renewal: Renewal) -> None:
        try:
            await renewal.open()
        except Exception as error:  # nobody waits for this task, so nobody else would tell
            log.error("no-recommendations", exc_info=error)
        await renewal.watch()

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        renewal: Renewal = app.state.renewal
        if wait:
            await renewal.open()
        task = asyncio.create_task(renewal.watch() if wait else open_and_watch(renewal))
        if gallery is not None:
            gallery.start()
        try:
            yield
        finally:
            if gallery is not None:
                gallery.close()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            renewal.close()
            for shared in closing:
                if shared is not None:
                    await shared.close()

    return run
