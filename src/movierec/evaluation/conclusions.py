"""From the values of every user to what a report says: means with intervals, paired differences, subsets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.evaluation.intervals import Difference, Interval, compare_paired, estimate_means
from movierec.evaluation.measurement import Measured
from movierec.evaluation.metrics import DoubleArray
from movierec.evaluation.peers import Kind
from movierec.evaluation.protocols import SubsetRule
from movierec.evaluation.results import (
    SUBJECT,
    Aimed,
    Comparison,
    Counts,
    PerUser,
    Subset,
    SystemResult,
    keep_values,
)
from movierec.evaluation.systems import System, name_aimed
from movierec.schema import Aim, BoolArray, IntArray, LongArray

COLD_METRICS: Final = ("ndcg", "recall", "hit_rate")
SUBSET_METRICS: Final = ("ndcg", "recall", "hit_rate", "precision")
_DIGITS: Final = 6


@dataclass(frozen=True)
class Scored:
    """One system over all splits of a protocol; ``cold`` are the users without a history, if any."""

    system: System
    warm: Measured
    cold: Measured | None


@dataclass(frozen=True)
class Rows:
    """Who was scored, row by row: distinct users may appear once per split.

    Attributes
    ----------
    user_idx, n_relevant : int32[n], int64[n]
    cold_user_idx : int32[m], users without a history
    """

    user_idx: IntArray
    n_relevant: LongArray
    cold_user_idx: IntArray

    def count(self, mask: BoolArray | None = None) -> Counts:
        """Count everybody, or the rows where ``mask`` is true."""
        users = self.user_idx if mask is None else self.user_idx[mask]
        relevant = self.n_relevant if mask is None else self.n_relevant[mask]
        return Counts(
            users=len(np.unique(users)),
            rows=len(users),
            relevant=int(relevant.sum()),
            cold_rows=len(self.cold_user_idx) if mask is None else 0,
        )


def summarise(entry: Scored, rows: Rows, k: int, seed: int) -> SystemResult:
    """Return the numbers of one system; ``k`` is the list length of cold users."""
    cold: dict[str, Interval] = {}
    if entry.cold is not None:
        chosen = {f"{name}@{k}": entry.cold.per_user[f"{name}@{k}"] for name in COLD_METRICS}
        cold = estimate(chosen, rows.cold_user_idx, seed)
    return SystemResult(
        name=entry.system.name,
        kind=entry.system.kind,
        params=dict(entry.system.params),
        metrics=estimate(entry.warm.per_user, rows.user_idx, seed),
        overall={name: round(value, _DIGITS) for name, value in entry.warm.overall.items()},
        cold=cold,
        fit_seconds=round(entry.system.fit_seconds, 2),
        list_milliseconds=round(entry.warm.list_milliseconds, 3),
    )


def estimate(per_user: Mapping[str, DoubleArray], users: IntArray, seed: int) -> dict[str, Interval]:
    """Return the mean and interval of every metric."""
    intervals = estimate_means(np.column_stack(list(per_user.values())), users, seed)
    return {
        name: Interval(*(round(value, _DIGITS) for value in (found.mean, found.low, found.high)))
        for name, found in zip(per_user, intervals, strict=True)
    }


def compare(
    values: Mapping[str, DoubleArray], users: IntArray, seed: int
) -> tuple[str | None, tuple[Comparison, ...]]:
    """Return the best other system and how far the subject is above every one, on the same users."""
    # V2 under another aim is no rival of V2.
    own = {SUBJECT, *map(name_aimed, Aim)}
    others = {name: value for name, value in values.items() if name not in own}
    if SUBJECT not in values or not others:
        return None, ()
    best_other = max(others, key=lambda name: float(others[name].mean()))
    return best_other, tuple(
        Comparison(other=name, difference=compare_paired(values[SUBJECT], value, users, seed))
        for name, value in others.items()
    )


def judge_aimed(
    values: Mapping[str, DoubleArray], users: IntArray, seed: int, aim: Aim, singles: Collection[str]
) -> Aimed | None:
    """Return how far V2 under ``aim`` is above the best of the single models, None where it was not asked."""
    name = name_aimed(aim)
    if name not in values or not singles:
        return None
    best = max(singles, key=lambda single: (float(values[single].mean()), single))
    return Aimed(system=name, single=best, difference=compare_paired(values[name], values[best], users, seed))


def keep(scored: Sequence[Scored], rows: Rows, metric: str, best_other: str | None) -> PerUser:
    """Keep what every user got of the subject, the best other and the best known model."""
    values = {entry.system.name: entry.warm.per_user[metric] for entry in scored}
    peers = [entry.system.name for entry in scored if entry.system.kind is Kind.PEER]
    best_peer = max(peers, key=lambda name: float(values[name].mean()), default=None)
    wanted = {SUBJECT, best_other, best_peer}
    return keep_values(
        rows.user_idx.tolist(), {name: found.tolist() for name, found in values.items() if name in wanted}
    )


def describe_subset(
    rule: SubsetRule, mask: BoolArray, scored: Sequence[Scored], rows: Rows, k: int, seed: int
) -> Subset:
    """Return the main metrics of every system on the rows where ``mask`` (bool[n]) is true, at least one."""
    users = rows.user_idx[mask]
    values = {entry.system.name: entry.warm.per_user[f"ndcg@{k}"][mask] for entry in scored}
    best_other, _ = compare(values, users, seed)
    difference: Difference | None = None
    if best_other is not None:
        difference = compare_paired(values[SUBJECT], values[best_other], users, seed)
    names = [f"{name}@{k}" for name in SUBSET_METRICS]
    return Subset(
        name=rule.name,
        description=rule.description,
        counts=rows.count(mask),
        metrics={
            entry.system.name: estimate(
                {name: entry.warm.per_user[name][mask] for name in names}, users, seed
            )
            for entry in scored
        },
        best_other=best_other,
        difference=difference,
    )
