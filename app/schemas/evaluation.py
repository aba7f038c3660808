"""What was measured, and on what data; the parts of a report keep the models of the library."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.schemas.base import Model
from movierec.published import (
    AimedComparison,
    Measured,
    MeasuredDifference,
    MeasuredSystem,
    ReportCounts,
    ReportReceipt,
    SystemComparison,
)


class SystemHeadline(Model):
    """A system and its main number, with the 95 % interval."""

    name: str
    value: Measured


class ReportOverview(Model):
    """The outcome of one protocol on one data set, in short."""

    dataset: str = Field(examples=["ml-100k"])
    protocol: str = Field(examples=["user-timeline"])
    question: str = Field(description="What a good number under this protocol says.")
    simulated: bool = Field(description="True where the audience is not made of real people.")
    users: int
    metric: str = Field(examples=["ndcg@10"])
    subject: SystemHeadline | None = Field(description="Ours; null where it did not take part.")
    merge: SystemHeadline | None = Field(description="V1.5: the merge without the ranker.")
    best_single: SystemHeadline | None = Field(
        description="The best known model or single source of ours, picked on these very users."
    )
    difference: MeasuredDifference | None = Field(description="Subject minus best single, user by user.")
    aimed: AimedComparison | None = Field(description="V2 asked for what the protocol asks.")


class CheckedSystem(Model):
    """What one system achieved in the quick check of a build: metric → mean with interval."""

    name: str
    metrics: dict[str, Measured]


class BuildCheck(Model):
    """The check every build makes on its own data, on viewers its check models had not seen."""

    viewers: int
    systems: list[CheckedSystem]


class EvaluationResponse(Model):
    """Answer of ``GET /evaluation``."""

    bundle: str
    dataset: str
    simulated: bool
    check: BuildCheck | None = Field(description="Null where the data has too few viewers for a check.")
    reports: list[ReportOverview] = Field(description="Empty where no committed report is found.")
    unreadable: list[str] = Field(description="Files in the folder of the reports that are no reports.")


class ReportResponse(Model):
    """Answer of ``GET /evaluation/{dataset}/{protocol}``."""

    receipt: ReportReceipt
    counts: ReportCounts
    ks: list[int]
    metric: str
    subject: str | None
    best_other: str | None
    best_single: str | None
    systems: list[MeasuredSystem]
    comparisons: list[SystemComparison]
    aimed: AimedComparison | None


class FeatureWeightOut(Model):
    """How far a feature moves scores: mean absolute TreeSHAP value, in log-odds."""

    name: str
    mean_absolute: float


class ImportanceResponse(Model):
    """Answer of ``GET /evaluation/importance``: the weightiest feature first; empty without a ranker."""

    bundle: str
    viewers: int
    items: int
    features: list[FeatureWeightOut]


class CountedRating(Model):
    """How many ratings gave this many stars."""

    stars: float
    count: int


class CountedGenre(Model):
    """How many films have this genre."""

    name: str
    films: int


class DatasetResponse(Model):
    """Answer of ``GET /dataset``."""

    name: str
    simulated: bool
    licence: str
    citation: str
    content_hash: str
    n_users: int
    n_items: int
    n_interactions: int
    n_quarantined: int = Field(description="Rows set aside as unusable.")
    first_event: datetime | None
    last_event: datetime | None
    density: float = Field(description="Share of all viewer-film pairs that have an event.")
    median_events: float = Field(description="Events of the viewer in the middle.")
    top_tenth_share: float = Field(description="Share of the events on the most popular tenth of films.")
    n_never_rated: int
    mean_rating: float | None
    ratings: list[CountedRating]
    genres: list[CountedGenre]
