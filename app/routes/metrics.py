"""What the API counts and measures, for a monitoring system to collect."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from app.backend import BackendDep
from app.metrics import CONTENT_TYPE, write_metrics
from app.routes.posters import draw_cached

_TEXT: Final = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text"}

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="getMetrics", response_class=Response, responses={200: _TEXT})
async def get_metrics(backend: BackendDep) -> Response:
    """Return latencies, failures, fallbacks, feedback lag, cache hits and the bundle in Prometheus format."""
    drawn = draw_cached.cache_info()
    body = write_metrics(backend, {"posters": (drawn.hits, drawn.misses)})
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE)
