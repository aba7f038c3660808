"""Lists that are fair to several people."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from app.backend import BackendDep
from app.openapi import describe_problems
from app.rendering import render_card, render_reasons
from app.responses import respond
from app.routes.recommend import read_feedback
from app.schemas import GroupRequest, GroupResponse
from movierec.errors import ConfigError, UnknownUserError
from movierec.feedback.events import FeedbackAction
from movierec.group import GroupQuery, Member, recommend_together
from movierec.schema import Filters

router = APIRouter(prefix="/recommend", tags=["recommendations"])


@router.post(
    "/group",
    operation_id="recommendForGroup",
    response_model=GroupResponse,
    responses=describe_problems(404, 413, 422, 503),
)
async def recommend_for_group(request: GroupRequest, backend: BackendDep) -> Response:
    """Recommend to two to eight people at once, with what each of them makes of every film."""
    service, catalog = backend.service, backend.service.catalog
    members: list[Member] = []
    refused: set[int] = set()
    notes: list[str] = []
    for position, person in enumerate(request.members):
        feedback, note = await read_feedback(backend, person.viewer)
        user_idx = service.user_index.get(person.viewer)
        genres = backend.find_genres(f"members.{position}.genres", person.genres)
        # A mistyped id would otherwise join as somebody who likes what everybody likes.
        if user_idx is None and not feedback and not genres and note is None:
            raise UnknownUserError(
                f"members.{position}.viewer is unknown: not in the data set, and without feedback or genres"
            )
        if note is not None and note not in notes:
            notes.append(note)
        refused |= {
            catalog.index_of[event.item_id]
            for event in feedback
            if event.action is FeedbackAction.DISLIKE and event.item_id in catalog.index_of
        }
        members.append(Member(person.viewer, service.effective_history(user_idx, feedback), genres))
    first, last = request.year_from, request.year_to
    if first is not None and last is not None and first > last:
        raise ConfigError(f"year_from must not be after year_to, got {first} and {last}")
    only = backend.find_genres("only_genres", request.only_genres)
    query = GroupQuery(request.k, request.care, Filters(only, first, last, tuple(sorted(refused))))
    made = await run_in_threadpool(recommend_together, service, members, query)
    if made.note is not None:
        notes.insert(0, made.note)
    return respond(
        {
            "k": request.k,
            "care": request.care,
            "bundle": service.version,
            "n_considered": made.n_considered,
            "note": " ".join(notes) or None,
            "balance": [
                {"viewer": each.viewer, "mean_match": each.mean_match, "n_least": each.n_least}
                for each in made.balance
            ],
            "items": [
                {
                    **render_card(catalog, item.item_idx),
                    "rank": item.rank,
                    "score": item.score,
                    "members": [
                        {
                            "viewer": each.viewer,
                            "match": each.match,
                            "place": each.place,
                            "utility": each.utility,
                        }
                        for each in item.members
                    ],
                    "happiest": item.happiest,
                    "reasons": render_reasons(catalog, item.reasons),
                }
                for item in made.items
            ],
        }
    )
