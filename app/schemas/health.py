"""The state of the API."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

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
    ranker: Literal["ok", "missing"]
    bundle_problem: str | None = Field(
        description="Why the bundle is not the one that was built last, if it is not."
    )
    posters: Literal["artwork", "tmdb"] = Field(
        description="Whether every poster is generated, or real ones from TMDB are shown where there are any."
    )
    poster_attribution: str | None = Field(
        description="What TMDB wants said, beside its logo, wherever its posters are shown."
    )


class ReadyResponse(Model):
    """Answer of ``GET /health/live`` and ``GET /health/ready``."""

    status: Literal["ok"]


class ReloadResponse(Model):
    """Answer of ``POST /admin/reload``."""

    status: Literal["reloaded", "unchanged"]
    bundle: str = Field(description="The bundle that is served from now on.")
