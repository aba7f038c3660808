"""Committed evaluation reports as they are shown: what was measured, without per-user values.

The models hold a part of those of ``movierec.evaluation.results`` under the same names; what a report has
besides is ignored, so that showing results needs none of the libraries that made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

STUDIES: Final = ("ablations", "calibration", "cold-start", "frontier")
"""Reports of another kind in the same folders: no protocol's, and read where they were made."""


class Part(BaseModel):
    """Frozen; fields it does not know are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Measured(Part):
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class MeasuredDifference(Measured):
    """A paired difference of two systems on the same users, with its two-sided p-value."""

    p_value: float


class ReportReceipt(Part):
    """How the numbers came about and how to get them again; see ``movierec.evaluation.results.Receipt``."""

    dataset: str
    content_hash: str
    simulated: bool
    protocol: str
    question: str
    seed: int
    n_resamples: int
    versions: dict[str, str]
    code: str
    command: str
    wall_seconds: float
    restrictions: dict[str, int] = {}


class ReportCounts(Part):
    """Who was scored: distinct users, rows (users times cuts) and relevant items."""

    users: int
    rows: int
    relevant: int
    cold_rows: int


class MeasuredSystem(Part):
    """One system: ``metrics`` are means over users, ``overall`` belong to all lists together.

    ``kind`` is ``pipeline`` (ours), ``source`` (one of our sources alone) or ``peer`` (a known model).
    """

    name: str
    kind: str
    metrics: dict[str, Measured]
    overall: dict[str, float]
    fit_seconds: float
    list_milliseconds: float


class SystemComparison(Part):
    """How far the subject of the report is above another system."""

    other: str
    difference: MeasuredDifference


class AimedComparison(Part):
    """V2 asked for what the protocol asks, against the best single model."""

    system: str
    single: str
    difference: MeasuredDifference


class PublishedReport(Part):
    """One protocol on one data set."""

    receipt: ReportReceipt
    counts: ReportCounts
    ks: tuple[int, ...]
    metric: str
    systems: tuple[MeasuredSystem, ...]
    subject: str | None
    best_other: str | None
    comparisons: tuple[SystemComparison, ...]
    aimed: AimedComparison | None = None

    def find(self, name: str | None) -> MeasuredSystem | None:
        """Return a system by name, None where it did not take part."""
        return next((system for system in self.systems if system.name == name), None)

    def best_single(self) -> MeasuredSystem | None:
        """Return the best known model or single source by the report's metric, None where there is none."""
        singles = [
            system for system in self.systems if system.kind != "pipeline" and self.metric in system.metrics
        ]
        return max(singles, key=lambda system: system.metrics[self.metric].mean, default=None)

    def compare_with(self, other: str) -> MeasuredDifference | None:
        """Return how far the subject is above ``other``, None where they were not compared."""
        return next((entry.difference for entry in self.comparisons if entry.other == other), None)


@dataclass(frozen=True)
class Publication:
    """All reports of a folder, ordered by data set, then file name.

    ``unreadable`` names files that are no such reports: they must not hide those that are.
    """

    reports: tuple[PublishedReport, ...]
    unreadable: tuple[str, ...] = ()

    def find(self, dataset: str, protocol: str) -> PublishedReport | None:
        """Return one report, None where there is none."""
        wanted = (dataset, protocol)
        return next(
            (each for each in self.reports if (each.receipt.dataset, each.receipt.protocol) == wanted), None
        )


def read_publication(folder: Path) -> Publication:
    """Return the reports ``<dataset>/<protocol>.json`` of a folder; a missing folder holds none.

    Files are parsed again only when they change.
    """
    reports, unreadable = [], []
    for path in sorted(folder.glob("*/*.json")):
        if path.stem in STUDIES:
            continue
        try:
            stat = path.stat()
            reports.append(_parse_report(path, stat.st_mtime_ns, stat.st_size))
        except (OSError, ValidationError):
            unreadable.append(f"{path.parent.name}/{path.name}")
    return Publication(tuple(reports), tuple(unreadable))


@lru_cache(maxsize=64)
def _parse_report(path: Path, changed_ns: int, size: int) -> PublishedReport:
    return PublishedReport.model_validate_json(path.read_bytes())
