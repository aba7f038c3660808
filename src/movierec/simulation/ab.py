"""Two policies in front of the same simulated viewers: tested while it runs, estimated from a log.

Visits come in pairs, one to either policy, so that every pair gives one bounded difference and a test may be
looked at after each (:mod:`movierec.simulation.sequential`). A third, stochastic policy shows lists over the
candidates of both; from its log alone the value of either is estimated
(:mod:`movierec.simulation.off_policy`) and compared with the truth, which the simulation knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from movierec.data.sample import AudienceConfig
from movierec.errors import ConfigError
from movierec.evaluation.intervals import Interval, estimate_means
from movierec.evaluation.metrics import DoubleArray
from movierec.published import Measured
from movierec.schema import Catalog, Generation, IntArray
from movierec.service import Query, RecommenderService
from movierec.simulation.home import (
    SIMULATED_BUILD,
    SMALL_BUILD_WORDS,
    Stopwatch,
    furnish_home,
    make_settings,
)
from movierec.simulation.off_policy import (
    Log,
    draw_lists,
    estimate_dr,
    estimate_ips,
    estimate_snips,
    fit_attraction,
    list_propensities,
)
from movierec.simulation.results import AbReport, SequencePoint, ValueEstimate
from movierec.simulation.sequential import bound_mean, judge_zero_mean
from movierec.simulation.viewers import Viewers
from movierec.stages import BuildConfig

Progress = Callable[[str], None]

N_POINTS: Final = 60
AUDIENCE: Final = AudienceConfig(seed=20260102, n_viewers=500, n_ratings=20_000, n_years=2, min_ratings=12)
_POLICY: Final = re.compile(r"([a-z0-9._-]+?)(?::(0|1|0?\.[0-9]{1,3}))?")
_Z: Final = 1.959964
_AA_LOOKS: Final = 50
_RESAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked of the recommender for every list."""

    generation: Generation
    diversity: float = 0.0

    @classmethod
    def parse(cls, option: str, text: str) -> Self:
        """Read "v2", "v1.5", "v1-als" or, with a diversity, "v2:0.3"; raises ``ConfigError``."""
        match = _POLICY.fullmatch(text.strip().lower())
        known = {generation.value: generation for generation in Generation}
        if match is None or match.group(1) not in known:
            raise ConfigError(
                f'{option} must be a generation, with a diversity from 0 to 1 as in "v2:0.3" if wanted, got '
                f"{text[:40]!r}; there are: {', '.join(known)}"
            )
        return cls(known[match.group(1)], float(match.group(2) or 0))

    def __str__(self) -> str:
        return self.generation.value if not self.diversity else f"{self.generation.value}:{self.diversity:g}"


@dataclass(frozen=True)
class AbPlan:
    """How much is simulated.

    Attributes
    ----------
    first, second : the policies; differences are second minus first
    audience : the viewers and what they rated before
    places : of a list
    pairs : most pairs of visits
    alpha : error level of the sequential test
    aa_runs : comparisons of the first policy with itself
    logged_visits : lists that the stochastic policy shows
    temperature : of that policy, whose weights are exp(-rank / temperature); higher explores more
    seed : of everything but the audience
    """

    first: Policy = Policy(Generation.V1_5)
    second: Policy = Policy(Generation.V2)
    audience: AudienceConfig = AUDIENCE
    places: int = 5
    pairs: int = 20_000
    alpha: float = 0.05
    aa_runs: int = 200
    logged_visits: int = 20_000
    temperature: float = 4.0
    seed: int = 0
    config: BuildConfig = SIMULATED_BUILD
    words: str = SMALL_BUILD_WORDS


@dataclass(frozen=True)
class Setup:
    """The viewers and the lists of both policies, int32[n_viewers, 2 * places]; the first half is shown."""

    viewers: Viewers
    first: IntArray
    second: IntArray
    places: int

    @property
    def examine(self) -> DoubleArray:
        """float64[places]: how likely each place is looked at."""
        return self.viewers.examine_chance(self.places).astype(np.float64)

    def value(self, lists: IntArray) -> DoubleArray:
        """Return float64[n_viewers]: the true likes per place of everybody's list."""
        chance = np.take_along_axis(self.viewers.like_chance, lists[:, : self.places], axis=1)
        return np.asarray(chance @ self.examine / self.places, np.float64)

    def visit(self, lists: IntArray, viewer: IntArray, rng: np.random.Generator) -> DoubleArray:
        """Return float64[len(viewer)]: likes per place of one visit each."""
        clicked = self.click(lists[viewer, : self.places], viewer, rng)
        return np.asarray(clicked.mean(axis=1), np.float64)

    def click(self, lists: IntArray, viewer: IntArray, rng: np.random.Generator) -> DoubleArray:
        """Return float64[n, places]: 1 where a place was looked at and its film liked."""
        chance = self.viewers.like_chance[viewer[:, None], lists] * self.examine
        return (rng.random(lists.shape) < chance).astype(np.float64)


def run_ab(films: Catalog, plan: AbPlan, home: Path, command: str, progress: Progress) -> AbReport:
    """Simulate the experiment and return the report; ``home`` is an empty folder."""
    watch = Stopwatch()
    viewers = Viewers.draw(films, plan.audience)
    progress(f"{len(viewers):,} viewers, {len(viewers.dataset.interactions):,} ratings: building")
    furnish_home(viewers.dataset, make_settings(home), plan.config, lambda _: None)
    service = RecommenderService.open(home)
    first, second = (
        _list_all(service, policy, 2 * plan.places, progress) for policy in (plan.first, plan.second)
    )
    setup = Setup(viewers, first, second, plan.places)
    rng = np.random.default_rng(plan.seed)
    progress(f"test: up to {plan.pairs:,} pairs of visits, one to either policy")
    differences = draw_differences(setup, plan.pairs, rng)
    sequence, decided_after = follow(differences, plan.alpha)
    progress(f"A/A: {plan.aa_runs} comparisons of {plan.first} with itself")
    same = Setup(viewers, first, first, plan.places)
    sequential, peeking = count_false_alarms(same, plan.pairs // 10, plan.aa_runs, plan.alpha, rng)
    progress(f"log: {plan.logged_visits:,} visits to a stochastic policy")
    estimates = estimate_values(setup, plan, rng)
    return AbReport(
        receipt=watch.sign(command, plan.seed, plan.words),
        viewers=len(viewers),
        films=len(films),
        places=plan.places,
        first=str(plan.first),
        second=str(plan.second),
        alpha=plan.alpha,
        pairs=plan.pairs,
        true_difference=float((setup.value(second) - setup.value(first)).mean()),
        decided_after=decided_after,
        sequence=sequence,
        aa_runs=plan.aa_runs,
        aa_sequential=sequential,
        aa_peeking=peeking,
        logged_visits=plan.logged_visits,
        temperature=plan.temperature,
        estimates=estimates,
    )


def _list_all(service: RecommenderService, policy: Policy, depth: int, progress: Progress) -> IntArray:
    progress(f"lists of {policy} for everybody")
    query = Query(k=depth, generation=policy.generation, diversity=policy.diversity)
    return np.array(
        [
            [item.item_idx for item in service.recommend(service.trained_history(user), query).items]
            for user in range(len(service.user_id))
        ],
        np.int32,
    )


def draw_differences(setup: Setup, pairs: int, rng: np.random.Generator) -> DoubleArray:
    """Return float64[pairs] in [-1, 1]: second minus first policy, each for a viewer drawn at random."""
    viewer = rng.integers(len(setup.viewers), size=(2, pairs)).astype(np.int32)
    return setup.visit(setup.second, viewer[1], rng) - setup.visit(setup.first, viewer[0], rng)


def follow(differences: DoubleArray, alpha: float) -> tuple[tuple[SequencePoint, ...], int | None]:
    """Return the confidence sequence at ``N_POINTS`` times and the pairs until the test decided."""
    pairs = len(differences)
    times = np.unique(np.geomspace(min(20, pairs), pairs, N_POINTS).astype(np.int64))
    test = judge_zero_mean(differences, alpha)
    bounds = bound_mean(differences, times, alpha)
    mean = np.cumsum(differences)[times - 1] / times
    points = tuple(
        SequencePoint(
            pairs=int(time),
            mean=float(mean[place]),
            low=float(bounds.low[place]),
            high=float(bounds.high[place]),
            e_value=float(test.e_value[time - 1]),
        )
        for place, time in enumerate(times)
    )
    return points, test.decided_after


def count_false_alarms(
    setup: Setup, pairs: int, runs: int, alpha: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the shares of runs in which the sequential test, and a z-test looked at often, see a difference.

    The z-test is the ordinary one at 95 %, looked at ``_AA_LOOKS`` times: what it costs to peek.
    """
    looks = np.linspace(pairs / _AA_LOOKS, pairs, _AA_LOOKS).astype(np.int64)
    sequential = peeking = 0
    for _ in range(runs):
        differences = draw_differences(setup, pairs, rng)
        sequential += judge_zero_mean(differences, alpha).decided_after is not None
        mean = np.cumsum(differences)[looks - 1] / looks
        square = np.cumsum(differences**2)[looks - 1] / looks
        error = np.sqrt(np.maximum(square - mean**2, 1e-12) / looks)
        peeking += bool((np.abs(mean) > _Z * error).any())
    return sequential / runs, peeking / runs


def estimate_values(setup: Setup, plan: AbPlan, rng: np.random.Generator) -> tuple[ValueEstimate, ...]:
    """Log a stochastic policy and estimate both policies from it, in likes per place."""
    places = plan.places
    candidates = join_candidates(setup.first, setup.second, places)
    viewer = rng.integers(len(setup.viewers), size=plan.logged_visits).astype(np.int32)
    weight = np.exp(-np.arange(2 * places) / plan.temperature)
    shown = draw_lists(weight, places, plan.logged_visits, rng)
    film = candidates[viewer]
    clicked = setup.click(np.take_along_axis(film, shown, axis=1), viewer, rng)
    log = Log(shown, clicked, list_propensities(weight, places), setup.examine)
    attraction = fit_attraction(log, film, len(setup.viewers.dataset.catalog))
    found: list[ValueEstimate] = []
    for policy, lists in ((plan.first, setup.first), (plan.second, setup.second)):
        truth = float(setup.value(lists).mean())
        target = find_positions(film, lists[viewer, :places])
        ips = estimate_ips(log, target) / places
        dr = estimate_dr(log, target, attraction) / places
        for name, estimate in (
            ("IPS", _average(ips, plan.seed)),
            ("SNIPS", _resample_snips(log, target, plan.seed)),
            ("DR", _average(dr, plan.seed)),
        ):
            measured = Measured(mean=estimate.mean, low=estimate.low, high=estimate.high)
            found.append(ValueEstimate(policy=str(policy), estimator=name, estimate=measured, truth=truth))
    return tuple(found)


def join_candidates(first: IntArray, second: IntArray, places: int) -> IntArray:
    """Return int32[n_viewers, 2 * places]: what either policy shows, then more of the first one's list."""
    joined = np.empty((len(first), 2 * places), np.int32)
    for row in range(len(first)):
        order = dict.fromkeys([*first[row, :places], *second[row, :places], *first[row, places:]])
        joined[row] = list(order)[: 2 * places]
    return joined


def find_positions(film: IntArray, lists: IntArray) -> IntArray:
    """Return where each film of the lists stands among the candidates of its row, in their shape."""
    return np.asarray((film[:, None, :] == lists[:, :, None]).argmax(axis=2), np.int32)


def _average(values: DoubleArray, seed: int) -> Interval:
    rows = np.arange(len(values), dtype=np.int32)
    return estimate_means(values[:, None], rows, seed, _RESAMPLES)[0]


def _resample_snips(log: Log, target: IntArray, seed: int) -> Interval:
    """Return SNIPS in likes per place, its interval by the bootstrap over visits."""
    places = len(log.examine)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(100):
        rows = rng.integers(len(target), size=len(target))
        part = Log(log.shown[rows], log.clicked[rows], log.propensity, log.examine)
        draws.append(estimate_snips(part, target[rows]) / places)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(estimate_snips(log, target) / places, float(low), float(high))
