"""What the simulations found, as it is stored and served; light to import."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from movierec.published import Measured, MeasuredDifference, Part

LOOP_FILE: Final = "loop.json"
AB_FILE: Final = "ab.json"
CAPTION: Final = "Simulated viewers, not people: their true taste is known because a generator drew it."


class SimulationReceipt(Part):
    """How the numbers came about; ``cpu_seconds`` are those of one core."""

    command: str
    seed: int
    code: str
    versions: dict[str, str]
    wall_seconds: float
    cpu_seconds: float
    build: str


class Curve(Part):
    """How satisfied the viewers of one policy are, round by round, the first before any feedback.

    ``liked`` is the share of a list that its viewer would truly like; ``rounds`` is that over the same of the
    best list of unseen films there is, both of those who mark. What was liked leaves their lists, so both
    fall for every policy. ``watched`` is as ``rounds``, of those who never mark: only retraining changes it.
    """

    name: str
    rounds: tuple[Measured, ...]
    watched: tuple[Measured, ...]
    liked: tuple[float, ...]
    marks: int


class RetrainingStep(Part):
    """What became of the attempt after a round; ``difference`` is the gate's, challenger minus served."""

    after_round: int
    outcome: str
    reason: str
    events: int
    difference: MeasuredDifference | None


class PolicyGap(Part):
    """By how much the first policy satisfies more than the second, mean of all rounds after the first."""

    first: str
    second: str
    difference: MeasuredDifference


class LoopReport(Part):
    """Rounds of lists, feedback and retraining on simulated viewers."""

    receipt: SimulationReceipt
    viewers: int
    watchers: int
    films: int
    rated_before: int
    rounds: int
    visits: int
    places: int
    curves: tuple[Curve, ...]
    steps: tuple[RetrainingStep, ...]
    gaps: tuple[PolicyGap, ...]
    watched_gaps: tuple[PolicyGap, ...]


class SequencePoint(Part):
    """The anytime-valid 95 % interval of the difference after so many pairs of visits."""

    pairs: int
    mean: float
    low: float
    high: float
    e_value: float


class ValueEstimate(Part):
    """What a policy is worth by one estimator, with a 95 % interval; ``truth`` is known to the simulation."""

    policy: str
    estimator: str
    estimate: Measured
    truth: float


class AbReport(Part):
    """Two policies on simulated viewers: tested while running, and estimated from the log of a third.

    Values are likes per place. ``alpha`` is the error level of the sequential test, ``decided_after`` the
    pairs of visits until it decided, None if it did not. ``aa_sequential`` and ``aa_peeking`` are the shares
    of ``aa_runs`` comparisons of a policy with itself that called a difference: of the sequential test and
    of a z-test looked at as often.
    """

    receipt: SimulationReceipt
    viewers: int
    films: int
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
    temperature: float
    estimates: tuple[ValueEstimate, ...]


R = TypeVar("R", LoopReport, AbReport)


def read_result(folder: Path, name: str, model: type[R]) -> R | None:
    """Return a committed report; None where there is none that can be read."""
    try:
        return model.model_validate_json((folder / name).read_bytes())
    except (OSError, ValidationError):
        return None
