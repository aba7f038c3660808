"""A viewer's page in sections, and what everybody turns to lately."""

from __future__ import annotations

from typing import Annotated, Any, Final

import numpy as np
import structlog
from fastapi import APIRouter, Path, Query, Response

from app.backend import Backend, BackendDep
from app.caching import Made, Question
from app.openapi import describe_problems
from app.parameters import Count, ListParameters, SectionsQuery
from app.rendering import render_card, render_recommended
from app.responses import JSON, respond, respond_with
from app.routes.recommend import LIST_EXAMPLE, join_notes, make_query, read_feedback
from app.schemas import GenreName, SectionsResponse, TrendingResponse, ViewerId
from movierec.errors import FeedbackUnavailableError
from movierec.feedback.events import FeedbackEvent
from movierec.recall.base import top_n
from movierec.schema import Generation
from movierec.sections import Section, make_sections
from movierec.trending import TrendWindow

_CARD: Final[dict[str, Any]] = LIST_EXAMPLE["items"][0]
SECTIONS_EXAMPLE: Final[dict[str, Any]] = {
    "user_id": "42",
    "known": True,
    "k": 12,
    "aim": "balanced",
    "bundle": LIST_EXAMPLE["bundle"],
    "note": None,
    "sections": [
        {
            "kind": "because_you_liked",
            "title": "Because you liked Solaris",
            "hint": "Nearest to Solaris among what was found for you",
            "because": {"item_id": "9", "title": "Solaris"},
            "genre": None,
            "items": [_CARD],
        }
    ],
}
_FACTS: Final = ("item_idx", "item_id", "title", "year", "genres", "director", "poster")
TRENDING_EXAMPLE: Final[dict[str, Any]] = {
    "window": "week",
    "genre": None,
    "simulated": False,
    "note": None,
    "items": [
        {**{name: _CARD[name] for name in _FACTS}, "rank": 1, "activity": 17.4, "n_recent": 21, "n_live": 2}
    ],
}
_NO_LIVE: Final = "Likes given in this app cannot be read right now, so they are left out."
TRENDING_SECONDS: Final = 30.0
"""How old what is trending may be where several processes share it; alone they work it out each time."""

log = structlog.get_logger("movierec.api")
router = APIRouter()


@router.get(
    "/users/{user_id}/sections",
    operation_id="getSections",
    tags=["recommendations"],
    response_model=SectionsResponse,
    responses={200: {"content": {JSON: {"example": SECTIONS_EXAMPLE}}}, **describe_problems(422, 503)},
)
async def get_sections(
    user_id: Annotated[
        ViewerId, Path(description="Id of the viewer in the data set, or any id for somebody new.")
    ],
    parameters: SectionsQuery,
    backend: BackendDep,
) -> Response:
    """Return a viewer's page: for you, because you liked …, trending, hidden gems, your genres.

    An id the data set does not know is a new viewer: what they said in this app and ``genres`` is all
    that is known of them.
    """
    service = backend.service
    user_idx = service.user_index.get(user_id)
    feedback, note = await read_feedback(backend, user_id)
    history = service.effective_history(user_idx, feedback)
    asked = ListParameters(**parameters.model_dump(exclude={"genres"}), generation=Generation.V2)
    live, _ = await _read_recent(backend)
    window = TrendWindow.MONTH
    query = make_query(backend, asked, feedback, parameters.genres)
    made = make_sections(service, history, query, service.trend(window, live), window)
    return respond(
        {
            "user_id": user_id,
            "known": user_idx is not None,
            "k": parameters.k,
            "aim": parameters.aim.value,
            "bundle": service.version,
            "note": note,
            "sections": [_render_section(backend, section) for section in made],
        }
    )


@router.get(
    "/trending",
    operation_id="getTrending",
    tags=["movies"],
    response_model=TrendingResponse,
    responses={200: {"content": {JSON: {"example": TRENDING_EXAMPLE}}}, **describe_problems(422, 503)},
)
async def get_trending(
    backend: BackendDep,
    window: Annotated[
        TrendWindow, Query(description="How fast past activity fades: it counts half after one window.")
    ] = TrendWindow.WEEK,
    genre: Annotated[GenreName | None, Query(description="Only films of this genre.")] = None,
    k: Count = 20,
) -> Response:
    """Return what everybody turns to lately, likes and saves given in this app included."""

    async def make() -> Made:
        live, note = await _read_recent(backend)
        return Made(_render_trending(backend, window, genre, k, live, note), keep=note is None)

    asked = f"trending {window.value} {k} {genre}"
    question = Question(backend.answers_with, asked)
    return respond_with(await backend.answers.refresh(question, TRENDING_SECONDS, make))


def _render_trending(
    backend: Backend,
    window: TrendWindow,
    genre: str | None,
    k: int,
    live: tuple[FeedbackEvent, ...],
    note: str | None,
) -> bytes:
    service = backend.service
    trend = service.trend(window, live)
    activity = np.where(trend.activity > 0, trend.activity, -np.inf)
    named = backend.find_genres("genre", [genre] if genre else [])
    for name in named:
        column = service.catalog.genre_names.index(name)
        activity[service.catalog.genre_matrix[:, column] == 0] = -np.inf
    items = [
        {
            **render_card(service.catalog, item_idx),
            "rank": rank,
            "activity": float(trend.activity[item_idx]),
            "n_recent": int(trend.n_recent[item_idx]),
            "n_live": int(trend.n_live[item_idx]),
        }
        for rank, item_idx in enumerate(top_n(activity, k).tolist(), start=1)
    ]
    answer = respond(
        {
            "window": window.value,
            "genre": named[0] if named else None,
            "simulated": service.info.simulated,
            "note": join_notes(note),
            "items": items,
        }
    )
    return bytes(answer.body)


async def _read_recent(backend: Backend) -> tuple[tuple[FeedbackEvent, ...], str | None]:
    try:
        return await backend.feedback.recent(), None
    except FeedbackUnavailableError as error:
        log.warning("feedback-left-out", error=str(error))
        return (), _NO_LIVE


def _render_section(backend: Backend, section: Section) -> dict[str, Any]:
    catalog = backend.service.catalog
    because = None
    if section.because is not None:
        because = {"item_id": catalog.item_id[section.because], "title": catalog.title[section.because]}
    return {
        "kind": section.kind.value,
        "title": section.title,
        "hint": section.hint,
        "because": because,
        "genre": section.genre,
        "items": [render_recommended(catalog, item) for item in section.items],
    }
