"""Where the data comes from: how far pulls from other APIs are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.responses import JSON, respond
from app.schemas import SourcesResponse
from movierec.data.harvest.archive import find_pulls

SOURCES_EXAMPLE: Final[dict[str, Any]] = {
    "sources": [
        {
            "name": "clips",
            "state": "complete",
            "started": "2026-01-01T12:00:00Z",
            "updated": "2026-01-01T12:00:42Z",
            "endpoints": {"viewed": {"pages": 12, "rows": 5873, "complete": True}},
            "interactions": 5870,
            "items": 230,
            "users": 55,
        }
    ]
}

router = APIRouter(tags=["evaluation"])


def find_raw_dir(request: Request) -> Path:
    """Return the folder that pulls are written into."""
    folder: Path = request.app.state.raw_dir
    return folder


@router.get(
    "/sources",
    operation_id="listSources",
    response_model=SourcesResponse,
    responses={200: {"content": {JSON: {"example": SOURCES_EXAMPLE}}}},
)
async def list_sources(raw_dir: Annotated[Path, Depends(find_raw_dir)]) -> Response:
    """Return how far each pull from another API is; addresses and errors stay in its folder."""
    found = await run_in_threadpool(find_pulls, raw_dir)
    return respond(
        {
            "sources": [
                {"name": name, **status.model_dump(mode="json", exclude={"url", "error"})}
                for name, status in found.items()
            ]
        }
    )
