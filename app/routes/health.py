"""Whether the API lives, can answer, and with what."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Response

from app.backend import BackendDep
from app.openapi import describe_problems
from app.real_posters import GalleryDep
from app.responses import respond
from app.schemas import HealthResponse, ReadyResponse
from movierec.posters.gallery import ATTRIBUTION
from movierec.schema import Generation

VERSION: Final = version("movierec")

router = APIRouter(prefix="/health", tags=["health"])


@router.get("", operation_id="getHealth", response_model=HealthResponse, responses=describe_problems(503))
async def get_health(backend: BackendDep, gallery: GalleryDep) -> Response:
    """Say what is being served, and whether feedback can be stored."""
    service = backend.service
    available = backend.feedback.available
    ranked = service.has_ranker
    sound = available and ranked and backend.problem is None
    return respond(
        {
            "status": "ok" if sound else "degraded",
            "version": VERSION,
            "bundle": service.version,
            "dataset": service.info.name,
            "simulated": service.info.simulated,
            "licence": service.info.licence,
            "n_users": service.info.n_users,
            "n_items": service.info.n_items,
            "n_interactions": service.info.n_interactions,
            "generations": list(Generation),
            "feedback": "ok" if available else "unavailable",
            "ranker": "ok" if ranked else "missing",
            "bundle_problem": backend.problem,
            "posters": "artwork" if gallery is None else "tmdb",
            "poster_attribution": None if gallery is None else ATTRIBUTION,
        }
    )


@router.get("/live", operation_id="getLiveness", response_model=ReadyResponse)
async def get_liveness() -> Response:
    """Answer as long as the process can; needs no API key."""
    return respond({"status": "ok"})


@router.get(
    "/ready", operation_id="getReadiness", response_model=ReadyResponse, responses=describe_problems(503)
)
async def get_readiness(backend: BackendDep) -> Response:
    """Make a recommendation and answer 200 where that works; otherwise the problem says why not."""
    backend.prove()
    return respond({"status": "ok"})
