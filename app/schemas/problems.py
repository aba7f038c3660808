"""Errors."""

from __future__ import annotations

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """One part of a request that cannot be accepted; what was sent is never repeated."""

    where: str = Field(examples=["query.k"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """RFC 9457 problem details; ``type`` is stable, ``detail`` is for people."""

    type: str = Field(examples=["/problems/unknown-user"])
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldError] | None = Field(None, description="With 422: every part that was refused.")
