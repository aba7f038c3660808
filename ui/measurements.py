"""What was measured, as the API answers: reports, the check of a build, features, data-set facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one system is above another on the same users."""

    mean: float
    low: float
    high: float
    p_value: float

    @property
    def is_clear(self) -> bool:
        """True where the interval excludes 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Headline:
    """A system and its main number."""

    name: str
    value: Measured


@dataclass(frozen=True, slots=True)
class Aimed:
    """V2 asked for what the protocol asks, beside the best single model."""

    system: str
    single: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Overview:
    """The outcome of one protocol on one data set."""

    dataset: str
    protocol: str
    question: str
    simulated: bool
    users: int
    metric: str
    subject: Headline | None
    merge: Headline | None
    best_single: Headline | None
    difference: Difference | None
    aimed: Aimed | None


@dataclass(frozen=True, slots=True)
class CheckedSystem:
    """What one system achieved in the check of a build."""

    name: str
    metrics: dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a build on its own data."""

    viewers: int
    systems: tuple[CheckedSystem, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All outcomes."""

    bundle: str
    dataset: str
    simulated: bool
    check: Check | None
    reports: tuple[Overview, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class System:
    """One system of a report; ``kind`` is ``pipeline``, ``source`` or ``peer``."""

    name: str
    kind: str
    metrics: dict[str, Measured]
    overall: dict[str, float]
    fit_seconds: float
    list_milliseconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far the subject of a report is above another system."""

    other: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Receipt:
    """How the numbers of a report came about."""

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
    restrictions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Who was scored."""

    users: int
    rows: int
    relevant: int
    cold_rows: int


@dataclass(frozen=True, slots=True)
class Report:
    """One report in full."""

    receipt: Receipt
    counts: Counts
    ks: tuple[int, ...]
    metric: str
    subject: str | None
    best_other: str | None
    best_single: str | None
    systems: tuple[System, ...]
    comparisons: tuple[Comparison, ...]
    aimed: Aimed | None


@dataclass(frozen=True, slots=True)
class FeatureWeight:
    """Mean absolute contribution of a feature, in log-odds."""

    name: str
    mean_absolute: float


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """All features, the weightiest first, over ``items`` places of ``viewers`` lists."""

    bundle: str
    viewers: int
    items: int
    features: tuple[FeatureWeight, ...]


@dataclass(frozen=True, slots=True)
class CountedRating:
    """How many ratings gave this many stars."""

    stars: float
    count: int


@dataclass(frozen=True, slots=True)
class CountedGenre:
    """How many films have this genre."""

    name: str
    films: int


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the served data set is like; shares and density in [0, 1]."""

    name: str
    simulated: bool
    licence: str
    citation: str
    content_hash: str
    n_users: int
    n_items: int
    n_interactions: int
    n_quarantined: int
    first_event: datetime | None
    last_event: datetime | None
    density: float
    median_events: float
    top_tenth_share: float
    n_never_rated: int
    mean_rating: float | None
    ratings: tuple[CountedRating, ...]
    genres: tuple[CountedGenre, ...]
