"""Reports as values: what was measured, how sure it is, and the receipt that lets it be measured again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from movierec.errors import ConfigError
from movierec.evaluation.grids import PeerTuning
from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.peers import Kind
from movierec.schema import Generation

SCHEMA_VERSION: Final = 1


class Result(BaseModel):
    """Frozen and closed, so that an old report is refused rather than misread."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Receipt(Result):
    """Everything needed to get the same numbers again.

    ``splits`` holds the parameters of each split, ``code`` a digest of the library's sources at the start
    of the run, ``config`` one of the engine's settings. ``configured`` names the settings in which the
    protocol differs from the defaults of a build, with their values as JSON. ``restrictions`` says what
    makes the run smaller than a full one; empty for a full one. ``optional_peers`` were asked for besides
    the usual ones. ``wall_seconds`` covers all protocols that share the fit.
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
    configured: dict[str, str] = {}
    restrictions: dict[str, int] = {}
    optional_peers: tuple[str, ...] = ()


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


class Subset(Result):
    """Some of the scored users by themselves, such as those whose last event is not tied in time.

    ``description`` says who they are; ``counts`` counts them. ``metrics`` holds the main metrics of every
    system by name, ``difference`` how far the subject of the report is above ``best_other``, the best other
    system on these very users; both None where the subject did not take part.
    """

    name: str
    description: str
    counts: Counts
    metrics: dict[str, dict[str, Interval]]
    best_other: str | None
    difference: Difference | None


def _read_numbers(value: object) -> object:
    return tuple(map(float, value.split())) if isinstance(value, str) else value


def _write_numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.10g}" for value in values)


Numbers = Annotated[tuple[float, ...], BeforeValidator(_read_numbers), PlainSerializer(_write_numbers)]
"""Many numbers on one line of a JSON file: 900 users are 6 kB."""


class PerUser(Result):
    """What single users got, so that two reports can be compared on the same users later.

    ``users`` are the indices of the data set, one a row, in the order of the splits; ``values`` are, for
    each system kept, the report's ``metric`` in four digits.
    """

    users: Numbers
    values: dict[str, Numbers]


def keep_values(users: Sequence[int], values: Mapping[str, Sequence[float]]) -> PerUser:
    """Return the values of every row as they are kept in a report: in four digits."""
    return PerUser(
        users=tuple(map(float, users)),
        values={name: tuple(round(float(value), 4) for value in found) for name, found in values.items()},
    )


class Aimed(Result):
    """V2 asked for what the protocol asks, against the best single model on the same users.

    ``system`` and ``single`` are names of systems of the report.
    """

    system: str
    single: str
    difference: Difference


class PoolBounds(Result):
    """Where each user's own pool is ordered: metric to what chance and what a perfect order reach."""

    chance: dict[str, float]
    perfect: dict[str, float]


class ProtocolReport(Result):
    """One protocol on one data set.

    ``subject`` is the system that is compared with all the ``comparisons``, on ``metric``;
    ``best_other`` is the one of these with the highest mean. None where the subject did not take part.
    ``per_user`` keeps the values of the subject, the best other and the best known model. ``tuning`` says
    how the settings of the known models were found.
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
    subsets: tuple[Subset, ...] = ()
    per_user: PerUser | None = None
    tuning: tuple[PeerTuning, ...] = ()
    aimed: Aimed | None = None
    bounds: PoolBounds | None = None

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
