"""Reports as values: what was measured, how sure it is, and the receipt that lets it be measured again."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from movierec.errors import ConfigError
from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.peers import Kind
from movierec.schema import Generation

SCHEMA_VERSION: Final = 1


class Result(BaseModel):
    """Frozen and closed, so that an old report is refused rather than misread."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Receipt(Result):
    """Everything needed to get the same numbers again.

    ``splits`` holds the parameters of each split, ``code`` a digest of the
    library's sources at the start of the run, ``config`` one of the engine's settings.
    """

    dataset: str
    content_hash: str
    simulated: bool
    protocol: str
    question: str
    splits: tuple[dict[str, float], ...]
    seed: int
    n_resamples: int
    versions: dict[str, str]
    code: str
    config: str
    command: str
    wall_seconds: float


class Counts(Result):
    """Who is scored: distinct users, rows (users times the splits they are in) and relevant items."""

    users: int
    rows: int
    relevant: int
    cold_rows: int


class SystemResult(Result):
    """The numbers of one system.

    ``metrics`` are means over users with intervals; ``overall`` are numbers of all lists together;
    ``cold`` are means over users without any history, where the split has some.
    """

    name: str
    kind: Kind
    params: dict[str, float]
    metrics: dict[str, Interval]
    overall: dict[str, float]
    cold: dict[str, Interval]
    fit_seconds: float
    list_milliseconds: float


class Comparison(Result):
    """The subject of the report against another system, on the same users."""

    other: str
    difference: Difference


class ProtocolReport(Result):
    """One protocol on one data set.

    ``subject`` is the system that is compared with all the ``comparisons``, on ``metric``;
    ``best_other`` is the one of these with the highest mean. None where the subject did not take part.
    """

    schema_version: int = SCHEMA_VERSION
    receipt: Receipt
    counts: Counts
    ks: tuple[int, ...]
    metric: str
    systems: tuple[SystemResult, ...]
    subject: str | None
    best_other: str | None
    comparisons: tuple[Comparison, ...]

    def find(self, name: str) -> SystemResult:
        """Return a system by name; raises ``ConfigError``."""
        for system in self.systems:
            if system.name == name:
                return system
        known = ", ".join(system.name for system in self.systems)
        raise ConfigError(f"system must be one of {known}; got {name!r}")

    def best(self, kind: Kind) -> SystemResult | None:
        """Return the system of a kind with the highest mean of ``metric``, None where there is none."""
        of_kind = [system for system in self.systems if system.kind is kind]
        return max(of_kind, key=lambda system: system.metrics[self.metric].mean, default=None)

    def compare_with(self, other: str) -> Difference | None:
        """Return how far the subject is above ``other``, None where they were not compared."""
        return next((entry.difference for entry in self.comparisons if entry.other == other), None)


class EvaluationReport(Result):
    """All protocols of one run."""

    protocols: tuple[ProtocolReport, ...]


SUBJECT: Final = Generation.V2.value
"""The system that reports are about."""
