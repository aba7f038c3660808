"""What operators do while the API runs."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.openapi import describe_problems
from app.problems import BUNDLE_REFUSED, find_kind, render_problem
from app.renewal import Renewal
from app.responses import JSON, respond
from app.schemas import ReloadResponse
from movierec.errors import ArtifactError

router = APIRouter(prefix="/admin", tags=["admin"])


@router.post(
    "/reload",
    operation_id="reloadBundle",
    response_model=ReloadResponse,
    responses={
        200: {"content": {JSON: {"example": {"status": "reloaded", "bundle": "20260101-120000-1a2b3c"}}}},
        **describe_problems(409, 503),
    },
)
async def reload_bundle(request: Request) -> Response:
    """Serve the current bundle from now on, without waiting for the next look; no request is lost.

    A bundle that cannot be served is refused with 409, and what was served goes on. Other worker processes
    follow at their own next look.
    """
    renewal: Renewal = request.app.state.renewal
    try:
        status = await renewal.renew()
    except ArtifactError as error:
        if renewal.backend.version is None:
            raise
        detail = find_kind(error).detail or str(error)
        return render_problem(BUNDLE_REFUSED, f"{detail}; {renewal.backend.version} goes on being served")
    return respond({"status": status.value, "bundle": renewal.backend.version})
