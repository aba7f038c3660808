"""How far pulls from other APIs are."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Model


class SourceEndpoint(Model):
    """How far one list of a source is."""

    pages: int
    rows: int = Field(description="Rows received, repeated ones included.")
    complete: bool


class SourceStatus(Model):
    """How far the pull of one source is."""

    name: str
    state: Literal["running", "complete", "interrupted", "failed"]
    started: datetime
    updated: datetime = Field(description="A running pull that was not updated for minutes has died.")
    endpoints: dict[str, SourceEndpoint]
    interactions: int
    items: int
    users: int


class SourcesResponse(Model):
    """Answer of ``GET /sources``, by name."""

    sources: list[SourceStatus]
