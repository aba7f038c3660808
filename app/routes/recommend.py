"""Recommended lists: for a known viewer, for anybody, and with everything behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import APIRouter, Response

from app.backend import Backend, BackendDep
from app.caching import Made, Question
from app.metrics import FALLBACKS, note_list
from app.openapi import describe_problems
from app.parameters import ListParameters, ListQuery, UserIdx
from app.rendering import render_recommended, render_trace
from app.responses import JSON, respond, respond_with
from app.schemas import (
    AnonymousDebugResponse,
    AnonymousRecommendationResponse,
    DebugResponse,
    RecommendationResponse,
    RecommendRequest,
)
from movierec.errors import ConfigError, FeedbackUnavailableError, UnknownUserError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.schema import Filters, History, Recommendations, RecommendationTrace
from movierec.service import Query
from movierec.sessions import SessionEvent, join_session

LIST_EXAMPLE: Final[dict[str, Any]] = {
    "user_idx": 0,
    "user_id": "42",
    "k": 1,
    "generation": "v2",
    "bundle": "20260101-120000-1a2b3c",
    "note": None,
    "items": [
        {
            "item_idx": 7,
            "item_id": "1",
            "title": "Alien",
            "year": 1979,
            "genres": ["Horror", "Sci-Fi"],
            "director": "Ridley Scott",
            "poster": "/posters/1.svg",
            "rank": 1,
            "score": 1.37,
            "match": 0.62,
            "reasons": [
                {
                    "tag": "because_you_liked",
                    "text": "Because you liked Solaris",
                    "because": [{"item_id": "9", "title": "Solaris"}],
                }
            ],
            "sources": [{"source": "item_item", "rank": 2, "score": 0.84, "share": 0.7}],
        }
    ],
}
_NO_FEEDBACK: Final = "Stored feedback cannot be read right now, so this list leaves it out."

log = structlog.get_logger("movierec.api")
router = APIRouter(prefix="/recommend", tags=["recommendations"])


@router.get(
    "/user/{user_idx}",
    operation_id="recommendForUser",
    response_model=RecommendationResponse,
    responses={
        200: {"content": {JSON: {"example": LIST_EXAMPLE}}},
        **describe_problems(404, 422, 503),
    },
)
async def recommend_for_user(user_idx: UserIdx, parameters: ListQuery, backend: BackendDep) -> Response:
    """Recommend to a known viewer; their live feedback is honoured at once."""
    user_id = backend.find_user(user_idx)
    feedback, note = await read_feedback(backend, user_id)

    async def make() -> Made:
        history = backend.service.effective_history(user_idx, feedback)
        made = backend.service.recommend(history, make_query(backend, parameters, feedback))
        frame = {"user_idx": user_idx, "user_id": user_id}
        answer = respond(frame | render_list(backend, made, parameters.k, note))
        return Made(bytes(answer.body), keep=note is None and not made.failed)

    asked = f"list {user_idx} {parameters.model_dump_json()}"
    question = Question(backend.answers_with, asked, feedback)
    return respond_with(await backend.answers.answer(question, make))


@router.get(
    "/user/{user_idx}/debug",
    operation_id="debugRecommendations",
    response_model=DebugResponse,
    responses=describe_problems(404, 422, 503),
)
async def debug_recommendations(user_idx: UserIdx, parameters: ListQuery, backend: BackendDep) -> Response:
    """Return the same list with funnel, timings, features, contributions and evidence."""
    user_id = backend.find_user(user_idx)
    feedback, note = await read_feedback(backend, user_id)
    history = backend.service.effective_history(user_idx, feedback)
    traced = backend.service.trace(history, make_query(backend, parameters, feedback))
    frame = {"user_idx": user_idx, "user_id": user_id, "k": parameters.k}
    return respond(frame | _render_trace(backend, traced, note))


@router.post(
    "",
    operation_id="recommend",
    response_model=AnonymousRecommendationResponse,
    responses=describe_problems(404, 413, 422, 503),
)
async def recommend(request: RecommendRequest, backend: BackendDep) -> Response:
    """Recommend from likes, dislikes, favourite genres or the events of a session.

    A viewer's history and feedback add to them. The last events of a session weigh most.
    """
    history, query, note = await read_request(backend, request)
    made = backend.service.recommend(history, query)
    return respond({"viewer": request.viewer, **render_list(backend, made, request.k, note)})


@router.post(
    "/debug",
    operation_id="debugRecommendationsForAnybody",
    response_model=AnonymousDebugResponse,
    responses=describe_problems(404, 413, 422, 503),
)
async def debug_recommendations_for_anybody(request: RecommendRequest, backend: BackendDep) -> Response:
    """Return the list of ``POST /recommend`` with everything behind it; asks what-if questions, too."""
    history, query, note = await read_request(backend, request)
    traced = backend.service.trace(history, query)
    return respond({"viewer": request.viewer, "k": request.k, **_render_trace(backend, traced, note)})


async def read_request(backend: Backend, request: RecommendRequest) -> tuple[History, Query, str | None]:
    """Return the effective history and the query of a request, and a note where feedback is left out."""
    said = _read_session(backend, request)
    stored: tuple[FeedbackEvent, ...] = ()
    note = None
    user_idx = None
    if request.viewer is not None:
        user_idx = backend.service.user_index.get(request.viewer)
        stored, note = await read_feedback(backend, request.viewer)
    replaced = {event.item_id for event in said}
    feedback = (*said, *(event for event in stored if event.item_id not in replaced))
    parameters = ListParameters(
        k=request.k,
        generation=request.generation,
        only_genres=request.only_genres,
        year_from=request.year_from,
        year_to=request.year_to,
        diversity=request.diversity,
        aim=request.aim,
        hide=request.exclude,
    )
    session = _read_events(backend, request)
    history = join_session(
        backend.service.effective_history(user_idx, feedback), session, backend.service.info.now
    )
    query = make_query(backend, parameters, feedback, request.genres)
    hidden = sorted({*query.filters.exclude, *(event.item_idx for event in session)})
    filters = replace(query.filters, exclude=tuple(hidden))
    return history, replace(query, filters=filters, daypart=request.time_of_day), note


async def read_feedback(backend: Backend, user_id: str) -> tuple[tuple[FeedbackEvent, ...], str | None]:
    """Return the feedback of a viewer that stands, or none and the note to show where it cannot be read."""
    try:
        return await backend.feedback.in_force(user_id), None
    except FeedbackUnavailableError as error:
        log.warning("feedback-left-out", error=str(error))
        FALLBACKS.labels("feedback").inc()
        return (), _NO_FEEDBACK


async def read_known(backend: Backend, user_id: str) -> tuple[History, tuple[FeedbackEvent, ...]]:
    """Return the effective history and the feedback of somebody by id.

    Raises ``UnknownUserError`` for an id that neither the data set nor the feedback store knows.
    """
    user_idx = backend.service.user_index.get(user_id)
    feedback, _ = await read_feedback(backend, user_id)
    if user_idx is None and not feedback:
        raise UnknownUserError(
            "user_id is unknown: not in the data set, and without feedback; find viewers with GET /users"
        )
    return backend.service.effective_history(user_idx, feedback), feedback


def make_query(
    backend: Backend,
    parameters: ListParameters,
    feedback: Sequence[FeedbackEvent],
    favourite_genres: Sequence[str] = (),
) -> Query:
    """Return the query of a request; what the viewer liked or disliked is never shown again."""
    first, last = parameters.year_from, parameters.year_to
    if first is not None and last is not None and first > last:
        raise ConfigError(f"year_from must not be after year_to, got {first} and {last}")
    index_of = backend.service.catalog.index_of
    judged = [event.item_id for event in feedback if event.action is not FeedbackAction.SAVE]
    hidden = {index_of[item_id] for item_id in (*parameters.hide, *judged) if item_id in index_of}
    genres = backend.find_genres("only_genres", parameters.only_genres)
    return Query(
        k=parameters.k,
        generation=parameters.generation,
        filters=Filters(genres, first, last, tuple(sorted(hidden))),
        diversity=parameters.diversity,
        favourite_genres=backend.find_genres("genres", list(favourite_genres)),
        aim=parameters.aim,
    )


def _read_session(backend: Backend, request: RecommendRequest) -> list[FeedbackEvent]:
    """Return what the request says as events, newest first; a dislike outweighs a like of the same movie."""
    backend.find_items([*request.likes, *request.dislikes])
    now = datetime.now(UTC)
    said = dict.fromkeys(request.likes, FeedbackAction.LIKE)
    said |= dict.fromkeys(request.dislikes, FeedbackAction.DISLIKE)
    return [
        FeedbackEvent(uuid4(), request.viewer or "anonymous", item_id, action, server_time=now)
        for item_id, action in reversed(said.items())
    ]


def _read_events(backend: Backend, request: RecommendRequest) -> list[SessionEvent]:
    """Return the session, oldest first; raises ``UnknownItemError`` naming the first unknown film."""
    items = backend.find_items([event.item_id for event in request.events])
    return [
        SessionEvent(item_idx, event.action) for item_idx, event in zip(items, request.events, strict=True)
    ]


def render_list(backend: Backend, made: Recommendations, k: int, note: str | None) -> dict[str, Any]:
    """Return what every recommended list has in its body, whoever it is for."""
    catalog = backend.service.catalog
    note_list(made, has_ranker=backend.service.has_ranker)
    return {
        "k": k,
        "generation": made.generation.value,
        "bundle": made.bundle,
        "note": join_notes(made.note, note),
        "items": [render_recommended(catalog, item) for item in made.items],
    }


def _render_trace(backend: Backend, traced: RecommendationTrace, note: str | None) -> dict[str, Any]:
    made = traced.recommendations
    note_list(made, has_ranker=backend.service.has_ranker)
    return {
        "generation": made.generation.value,
        "bundle": made.bundle,
        "note": join_notes(made.note, note),
        "funnel": made.funnel,
        "timings_ms": made.timings,
        "failed": made.failed,
        "items": [render_trace(backend.service.catalog, trace) for trace in traced.traces],
    }


def join_notes(*notes: str | None) -> str | None:
    """Return the notes there are as one text; None where there are none."""
    return " ".join(note for note in notes if note) or None
