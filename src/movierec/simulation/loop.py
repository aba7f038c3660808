"""The loop closed on simulated viewers: lists, feedback into the store, retraining, lists again.

Every policy has the same viewers, a feedback store of its own and the same dice. ``retrained`` goes through
the product: the store, an attempt of :mod:`movierec.retraining` with its gate after every round, the bundle
that is current then. ``frozen`` keeps its first bundle and still honours every mark in the next list.

Some viewers only watch: they look at lists and never mark anything. Nothing leaves their lists and nothing
about them is learnt, so what changes their satisfaction is retraining on the marks of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np

from movierec.data.sample import AudienceConfig
from movierec.evaluation.intervals import compare_paired, estimate_means
from movierec.evaluation.metrics import DoubleArray
from movierec.feedback.events import FeedbackAction, FeedbackEvent, select_in_force
from movierec.feedback.store import FeedbackStore
from movierec.published import Measured, MeasuredDifference
from movierec.retraining.retrainer import Retrainer
from movierec.schema import Catalog, Generation, History, IntArray
from movierec.service import RecommenderService
from movierec.simulation.home import (
    SIMULATED_BUILD,
    SMALL_BUILD_WORDS,
    Stopwatch,
    furnish_home,
    make_settings,
)
from movierec.simulation.results import Curve, LoopReport, PolicyGap, RetrainingStep
from movierec.simulation.viewers import DISLIKED, LIKED, Viewers
from movierec.stages import BuildConfig

Progress = Callable[[str], None]
Recommend = Callable[[list[History]], IntArray]

RETRAINED, FROZEN, POPULARITY, RANDOM = "retrained", "frozen", "popularity", "random"
POLICIES: Final = (RETRAINED, FROZEN, POPULARITY, RANDOM)
AUDIENCE: Final = AudienceConfig(seed=20260101, n_viewers=400, n_ratings=6_400, n_years=2, min_ratings=12)
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_GROUPS: Final = 25
"""Viewers come in so many groups, one after the other, so that events have an order in time."""


@dataclass(frozen=True)
class LoopPlan:
    """How much is simulated.

    Attributes
    ----------
    audience : the viewers and what they rated before the first round
    rounds : rounds of visits; between two of them there is an attempt to retrain
    visits : lists every viewer looks at per round
    places : of a list
    watchers : share of the viewers who never mark anything
    seed : of the viewers' dice
    config : settings of every build
    words : what is said about them
    """

    audience: AudienceConfig = AUDIENCE
    rounds: int = 6
    visits: int = 2
    places: int = 10
    watchers: float = 0.25
    seed: int = 0
    config: BuildConfig = SIMULATED_BUILD
    words: str = SMALL_BUILD_WORDS


class _Arm:
    """A policy with a store of its own."""

    def __init__(self, name: str, home: Path, viewers: Viewers, plan: LoopPlan) -> None:
        self.name = name
        self.home = home
        self._viewers, self._plan = viewers, plan
        self._watchers, self._markers = choose_watchers(len(viewers), plan.watchers, plan.seed)
        self._rng = np.random.default_rng(plan.seed)
        self._moment = _START
        self.store = FeedbackStore.open(
            home / f"{'feedback' if name == RETRAINED else name}.sqlite3",
            viewers.dataset.info.name,
            lambda: self._moment,
        )
        self.service = RecommenderService.open(home)
        self.satisfied: list[DoubleArray] = []
        self.attained: list[DoubleArray] = []
        self.watched: list[DoubleArray] = []
        self.marks = 0

    def renew(self) -> None:
        """Open what is current, as a running API does."""
        self.service = RecommenderService.open(self.home)

    def play_round(self, number: int) -> None:
        """Let everybody look at ``visits`` lists; how satisfied they are is noted at the first."""
        everybody = np.arange(len(self._viewers), dtype=np.int32)
        for visit in range(self._plan.visits):
            histories = self._gather_histories()
            lists = self._recommend(histories)
            if visit == 0:
                self._measure(histories, lists)
            said = self._viewers.respond(everybody, lists, self._rng)
            begin = _START + timedelta(days=number * self._plan.visits + visit)
            for group in range(_GROUPS):
                self._moment = begin + timedelta(minutes=group)
                self.marks += self.store.append_all(
                    list(self._tell(self._markers[group::_GROUPS], lists, said))
                )

    def _measure(self, histories: list[History], lists: IntArray) -> None:
        everybody = np.arange(len(histories), dtype=np.int32)
        satisfied = self._viewers.satisfaction(everybody, lists).astype(np.float64)
        best = [
            self._viewers.best_satisfaction(viewer, history.item_idx, self._plan.places)
            for viewer, history in enumerate(histories)
        ]
        attained = satisfied / np.maximum(best, 1e-9)
        self.satisfied.append(satisfied[self._markers])
        self.attained.append(attained[self._markers])
        self.watched.append(attained[self._watchers])

    def _tell(self, viewers: IntArray, lists: IntArray, said: IntArray) -> Iterator[FeedbackEvent]:
        dataset = self._viewers.dataset
        action = {LIKED: FeedbackAction.LIKE, DISLIKED: FeedbackAction.DISLIKE}
        for viewer in viewers.tolist():
            for place in np.flatnonzero(said[viewer]).tolist():
                yield FeedbackEvent(
                    UUID(bytes=self._rng.bytes(16), version=4),
                    dataset.user_id[viewer],
                    dataset.catalog.item_id[lists[viewer, place]],
                    action[int(said[viewer, place])],
                )

    def _gather_histories(self) -> list[History]:
        told: dict[str, list[FeedbackEvent]] = {}
        for event in self.store.events():
            told.setdefault(event.user_id, []).append(event)
        return [
            self.service.effective_history(self.service.user_index[name], select_in_force(told.get(name, ())))
            for name in self._viewers.dataset.user_id
        ]

    def _recommend(self, histories: list[History]) -> IntArray:
        places = self._plan.places
        if self.name == RANDOM:
            chance = self._rng.random((len(histories), len(self._viewers.dataset.catalog)))
            for row, history in zip(chance, histories, strict=True):
                row[history.item_idx] = -1.0
            return np.argsort(-chance, axis=1)[:, :places].astype(np.int32)
        generation = Generation.V1_POPULARITY if self.name == POPULARITY else Generation.V2
        found = self.service.engine.recommend_batch(histories, places, generation)
        return np.array([candidates.item_idx for candidates in found], np.int32)


def choose_watchers(n_viewers: int, share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return who only watches and who marks: two ascending int32 arrays that share nobody."""
    shuffled = np.random.default_rng(seed).permutation(n_viewers).astype(np.int32)
    n_watchers = round(share * n_viewers)
    return np.sort(shuffled[:n_watchers]), np.sort(shuffled[n_watchers:])


def run_loop(films: Catalog, plan: LoopPlan, home: Path, command: str, progress: Progress) -> LoopReport:
    """Simulate every policy and return the report; ``home`` is an empty folder.

    Films must be many enough that nobody runs out of them.
    """
    watch = Stopwatch()
    viewers = Viewers.draw(films, plan.audience)
    settings = make_settings(home)
    progress(f"{len(viewers):,} viewers, {len(viewers.dataset.interactions):,} ratings: the first bundle")
    furnish_home(viewers.dataset, settings, plan.config, lambda _: None)
    arms = [_Arm(name, home, viewers, plan) for name in POLICIES]
    steps: list[RetrainingStep] = []
    try:
        for number in range(plan.rounds):
            for arm in arms:
                arm.play_round(number)
            told = ", ".join(f"{arm.name} {arm.watched[-1].mean():.3f}" for arm in arms)
            progress(f"round {number + 1} of {plan.rounds}, who only watch: {told}")
            if number + 1 < plan.rounds:
                steps.append(_retrain(Retrainer(settings, config=plan.config), number))
                progress(f"retraining: {steps[-1].outcome}, {steps[-1].reason}")
                arms[0].renew()
    finally:
        for arm in arms:
            arm.store.close()
    return LoopReport(
        receipt=watch.sign(command, plan.seed, plan.words),
        viewers=len(viewers),
        watchers=len(arms[0].watched[0]),
        films=len(films),
        rated_before=len(viewers.dataset.interactions),
        rounds=plan.rounds,
        visits=plan.visits,
        places=plan.places,
        curves=tuple(_draw_curve(arm, plan.seed) for arm in arms),
        steps=tuple(steps),
        gaps=tuple(
            _compare(first.name, second.name, first.attained, second.attained, plan.seed)
            for first, second in pairwise(arms)
        ),
        watched_gaps=tuple(
            _compare(first.name, second.name, first.watched, second.watched, plan.seed)
            for first, second in pairwise(arms)
        ),
    )


def _retrain(retrainer: Retrainer, number: int) -> RetrainingStep:
    report = retrainer.attempt()
    return RetrainingStep(
        after_round=number + 1,
        outcome=report.outcome,
        reason=report.reason,
        events=report.n_interactions,
        difference=report.gate.difference if report.gate else None,
    )


def _draw_curve(arm: _Arm, seed: int) -> Curve:
    return Curve(
        name=arm.name,
        rounds=_estimate(arm.attained, seed),
        watched=_estimate(arm.watched, seed),
        liked=tuple(float(each.mean()) for each in arm.satisfied),
        marks=arm.marks,
    )


def _estimate(by_round: list[DoubleArray], seed: int) -> tuple[Measured, ...]:
    values = np.column_stack(by_round)
    found = estimate_means(values, np.arange(len(values), dtype=np.int32), seed)
    return tuple(Measured(mean=each.mean, low=each.low, high=each.high) for each in found)


def _compare(
    first: str, second: str, mine: list[DoubleArray], other: list[DoubleArray], seed: int
) -> PolicyGap:
    """Compare viewer by viewer; the first round, before any retraining, is left out."""
    left, right = np.mean(mine[1:], axis=0), np.mean(other[1:], axis=0)
    found = compare_paired(left, right, np.arange(len(left), dtype=np.int32), seed)
    difference = MeasuredDifference(mean=found.mean, low=found.low, high=found.high, p_value=found.p_value)
    return PolicyGap(first=first, second=second, difference=difference)
