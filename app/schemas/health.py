"""The state of the API."""

from __future__ import annotations

from typing import Literal

from app.schemas.base import Model
from movierec.schema import Generation


class HealthResponse(Model):
    """Answer of ``GET /health``."""

    status: Literal["ok", "degraded"]
    version: str
    bundle: str
    dataset: str
    simulated: bool
    licence: str
    n_users: int
    n_items: int
    n_interactions: int
    generations: list[Generation]
    feedback: Literal["ok", "unavailable"]


class ReadyResponse(Model):
    """Answer of ``GET /health/live`` and ``GET /health/ready``."""

    status: Literal["ok"]
