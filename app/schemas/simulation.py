"""What simulated viewers did; the reports keep the models of the library."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Model
from movierec.simulation.results import AbReport, LoopReport


class SimulationResponse(Model):
    """Answer of ``GET /simulation``."""

    caption: str = Field(description="Says that the viewers are simulated; show it with the numbers.")
    loop: LoopReport | None = Field(
        description="Retraining against a frozen bundle, popularity and random lists; null without a report."
    )
    ab: AbReport | None = Field(
        description="Two policies: sequential test and off-policy estimates; null without a report."
    )
