"""What simulated viewers did, as the API answers."""

from __future__ import annotations

from dataclasses import dataclass

from ui.measurements import Difference, Measured


@dataclass(frozen=True, slots=True)
class Receipt:
    """How the numbers came about."""

    command: str
    seed: int
    build: str
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Curve:
    """How satisfied a policy's viewers are, round by round: those who mark, and those who only watch."""

    name: str
    rounds: tuple[Measured, ...]
    watched: tuple[Measured, ...]
    liked: tuple[float, ...]
    marks: int


@dataclass(frozen=True, slots=True)
class Step:
    """What became of the attempt to retrain after a round."""

    after_round: int
    outcome: str
    reason: str
    events: int


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much one policy satisfies more than another."""

    first: str
    second: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Loop:
    """Retraining against a frozen bundle, popularity and random lists."""

    receipt: Receipt
    viewers: int
    watchers: int
    films: int
    rated_before: int
    rounds: int
    visits: int
    places: int
    curves: tuple[Curve, ...]
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...]
    watched_gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class SequencePoint:
    """The interval of the difference after so many pairs of visits, valid at all times at once."""

    pairs: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ValueEstimate:
    """What a policy is worth by one estimator, beside the truth."""

    policy: str
    estimator: str
    estimate: Measured
    truth: float


@dataclass(frozen=True, slots=True)
class Ab:
    """Two policies, tested while running and estimated from a log."""

    receipt: Receipt
    viewers: int
    places: int
    first: str
    second: str
    alpha: float
    pairs: int
    true_difference: float
    decided_after: int | None
    sequence: tuple[SequencePoint, ...]
    aa_runs: int
    aa_sequential: float
    aa_peeking: float
    logged_visits: int
    estimates: tuple[ValueEstimate, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Both reports, each None where there is none, and what must be said with them."""

    caption: str
    loop: Loop | None
    ab: Ab | None
