"""What a model hosting platform asks of a container: whether it is ready, and lists by user id."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.backend import BackendDep
from app.metrics import note_list
from app.openapi import describe_problems
from app.parameters import ListParameters
from app.responses import JSON, respond
from app.routes.recommend import make_query, read_known
from app.schemas import InvocationRequest, InvocationResponse, PingResponse
from app.schemas.contracts import INVOCATION_EXAMPLE

router = APIRouter(tags=["contracts"])


@router.get("/ping", operation_id="ping", response_model=PingResponse, responses=describe_problems(503))
async def ping(backend: BackendDep) -> Response:
    """Answer 200 once recommendations can be made, 503 with the reason until then; needs no API key."""
    backend.prove()
    return respond({"status": "ok"})


@router.post(
    "/invocations",
    operation_id="invoke",
    response_model=InvocationResponse,
    responses={
        200: {"content": {JSON: {"example": INVOCATION_EXAMPLE}}},
        **describe_problems(404, 413, 422, 503),
    },
)
async def invoke(request: InvocationRequest, backend: BackendDep) -> Response:
    """Recommend to a user by id; live feedback is honoured at once."""
    history, feedback = await read_known(backend, request.user_id)
    made = backend.service.recommend(history, make_query(backend, ListParameters(k=request.k), feedback))
    note_list(made, has_ranker=backend.service.has_ranker)
    item_id = backend.service.catalog.item_id
    return respond(
        {
            "userId": request.user_id,
            "recommendations": [
                {"videoId": item_id[item.item_idx], "score": item.score} for item in made.items
            ],
        }
    )
