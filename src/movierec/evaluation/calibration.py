"""Do the numbers mean what they say? Reliability of the ranker's score and of the displayed match."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from scipy.special import expit

from movierec.errors import DataError
from movierec.evaluation import study_charts
from movierec.evaluation.held_out import HeldOut, Progress
from movierec.evaluation.intervals import Interval, resample_means
from movierec.evaluation.metrics import DoubleArray
from movierec.evaluation.publication import publish
from movierec.evaluation.results import Receipt, Result
from movierec.evaluation.tables import format_interval, tabulate
from movierec.ranking.training import WATCH_AHEAD_RATING, label_candidates
from movierec.recall.base import LIKED_RATING
from movierec.schema import BoolArray, FloatArray, IntArray

QUESTION: Final = "Are the ranker's probability and the displayed match what their words say?"
_N_DRAWS: Final = 1000
_CHUNK: Final = 64
_SCORE_EDGES: Final = (0.0, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 1.0)
"""Quantiles: most candidates are unlikely, the ends of the lists are where it matters."""
_MATCH_EDGES: Final = tuple(np.linspace(0.0, 1.0, 11))
_TOLERANCE: Final = 0.05


class Bin(Result):
    """Predictions of one range: how many, their mean, and the share that came true."""

    count: int
    predicted: float
    observed: Interval


class Reliability(Result):
    """One number shown to people or used inside, against what came true.

    ``error`` is the expected calibration error: the mean distance of prediction and outcome over bins,
    weighted by their counts.
    """

    name: str
    outcome: str
    count: int
    predicted: float
    observed: float
    error: float
    bins: tuple[Bin, ...]

    def verdict(self) -> str:
        """Say in a few words how far it can be read as a probability."""
        ratio = self.predicted / self.observed if self.observed else float("inf")
        # Where nearly nothing comes true a small error says little, so the ratio decides.
        if self.error <= _TOLERANCE and 0.8 <= ratio <= 1.25:
            return f"{self.name.capitalize()} can be read as a chance (off by {self.error:.3f})"
        way = "high" if ratio > 1 else "low"
        times = ratio if ratio > 1 else 1 / max(ratio, 1e-9)
        return f"{self.name.capitalize()} reads {times:.1f} times too {way} as a chance"


class CalibrationReport(Result):
    """``score`` is the sigmoid of the ranker's log-odds, ``match`` the percentage on the screen."""

    receipt: Receipt
    n_users: int
    n_candidates: int
    n_held_out: int
    n_watched: int
    score: Reliability
    match: Reliability


def write_calibration(held_out: HeldOut, out_dir: Path, progress: Progress | None = None) -> tuple[Path, ...]:
    """Measure and write ``<dataset>/calibration.{json,md,png}``; return the files.

    Raises
    ------
    DataError
        If there is no ranker.
    """
    report = measure_calibration(held_out, progress)
    return publish(report, "calibration", out_dir, study_charts.draw_reliability, compose_calibration)


def measure_calibration(held_out: HeldOut, progress: Progress | None = None) -> CalibrationReport:
    """Score every candidate of every user with held-out events and look up what came true.

    Users who liked nothing count too: leaving them out would flatter the outcome.
    """
    engine, split = held_out.engine, held_out.split
    if engine.ranker is None:
        raise DataError(f"{held_out.dataset.info.name} is too small for a ranker, nothing to calibrate")
    has_past, has_future = (np.diff(rows.offsets) > 0 for rows in (split.query, split.held_out))
    users = np.flatnonzero(has_past & has_future)
    if progress:
        progress(f"calibration: scoring the candidates of {len(users):,} users")
    scores: list[FloatArray] = []
    matches: list[FloatArray] = []
    labels: list[FloatArray] = []
    for start in range(0, len(users), _CHUNK):
        rows = []
        for user in users[start : start + _CHUNK]:
            history = split.history(int(user))
            by_source = engine.fusion.score(history)
            merged = engine.fusion.merge(history, by_source)
            rows.append(engine.builder.build(history, merged.item_idx, by_source, merged.score))
            labels.append(label_candidates(merged.item_idx, split.held_out.history(int(user)))[0])
        together = np.concatenate(rows)
        scores.append(engine.ranker.score(together))
        matches.append(engine.match.predict(together))
    label = np.concatenate(labels)
    owner = np.repeat(np.arange(len(users), dtype=np.int32), [len(part) for part in labels])
    chance = expit(np.concatenate(scores).astype(np.float64))
    watched = label >= 0
    if not watched.any():
        raise DataError(
            f"{held_out.dataset.info.name} has no candidate that was watched later; choose more data"
        )
    return CalibrationReport(
        receipt=held_out.sign(QUESTION),
        n_users=len(users),
        n_candidates=len(label),
        n_held_out=len(split.held_out),
        n_watched=int(watched.sum()),
        score=measure_reliability(
            "score",
            "watched and rated above 2.5",
            chance,
            label > WATCH_AHEAD_RATING,
            owner,
            np.quantile(chance, _SCORE_EDGES),
            held_out.seed,
        ),
        match=measure_reliability(
            "match",
            "liked, of those watched",
            np.concatenate(matches).astype(np.float64)[watched],
            label[watched] >= LIKED_RATING,
            owner[watched],
            np.array(_MATCH_EDGES),
            held_out.seed,
        ),
    )


def measure_reliability(
    name: str,
    outcome: str,
    predicted: DoubleArray,
    came_true: BoolArray,
    owner: IntArray,
    edges: DoubleArray,
    seed: int,
) -> Reliability:
    """Compare predictions with outcomes, bin by bin; intervals are bootstrapped over users.

    Parameters
    ----------
    predicted : float64[n] in [0, 1]
    came_true : bool[n]
    owner : int32[n], the user a prediction is about
    edges : float64[b + 1], ascending bounds of the bins; the last one belongs to the last bin
    """
    bounds = np.unique(edges)
    slot = np.clip(np.searchsorted(bounds, predicted, side="right") - 1, 0, max(len(bounds) - 2, 0))
    n_bins, n_users = max(len(bounds) - 1, 1), int(owner.max()) + 1
    cell = owner.astype(np.int64) * n_bins + slot
    count = np.bincount(cell, minlength=n_users * n_bins).reshape(n_users, n_bins)
    hits = np.bincount(cell, weights=came_true, minlength=n_users * n_bins).reshape(n_users, n_bins)
    draws = resample_means(
        np.column_stack((hits, count)).astype(np.float64), np.arange(n_users, dtype=np.int32), seed, _N_DRAWS
    )
    total, found = count.sum(axis=0), hits.sum(axis=0)
    mean = np.bincount(slot, weights=predicted, minlength=n_bins) / np.maximum(total, 1)
    bins = []
    for column in np.flatnonzero(total):
        drawn = draws[:, n_bins + column]
        share = draws[drawn > 0, column] / drawn[drawn > 0]
        low, high = np.percentile(share, (2.5, 97.5))
        observed = Interval(float(found[column] / total[column]), float(low), float(high))
        bins.append(Bin(count=int(total[column]), predicted=float(mean[column]), observed=observed))
    error = sum(part.count * abs(part.predicted - part.observed.mean) for part in bins) / len(predicted)
    return Reliability(
        name=name,
        outcome=outcome,
        count=len(predicted),
        predicted=float(predicted.mean()),
        observed=float(came_true.mean()),
        error=float(error),
        bins=tuple(bins),
    )


def compose_calibration(report: CalibrationReport, picture: str | None = None) -> str:
    """Return the report in Markdown."""
    receipt = report.receipt
    parts = [
        f"# {receipt.dataset}: do the numbers mean what they say?",
        receipt.question,
        f"{report.n_users:,} users of the user-timeline split; {report.n_candidates:,} candidates, "
        f"{report.n_watched:,} of them among the {report.n_held_out:,} held-out events. Brackets are 95 % "
        "bootstrap intervals over users; the expected calibration error is the mean distance between "
        "prediction and outcome over bins, weighted by their counts.",
        *(["**The audience of this data set is simulated.**"] if receipt.simulated else []),
        f"**{report.match.verdict()}. {report.score.verdict()}.**",
        *([f"![Reliability of match and score]({picture})"] if picture else []),
        "## Match: the percentage shown to people",
        "The chance that somebody likes a title (four stars or more) if they watch it. Judged on candidates "
        "that were watched later: of the others nobody knows.",
        _table(report.match),
        "## Score: what orders a list",
        "The sigmoid of the ranker's log-odds, against being watched in the last fifth and rated above 2.5. "
        "The ranker is trained with near labels weighed up, far ones down, and without the queries in which "
        "nothing was found, so its level is not meant to be a chance; its order is what counts, and nobody "
        "is shown it as a percentage.",
        _table(report.score),
        "## Receipt",
        f"Data SHA-256 `{receipt.content_hash}`, seed {receipt.seed}, code `{receipt.code}`, settings "
        f"`{receipt.config}`, {_N_DRAWS:,} bootstrap draws, {receipt.wall_seconds:.0f} s. "
        f"`{receipt.command}`",
    ]
    return "\n\n".join(parts) + "\n"


def _table(found: Reliability) -> str:
    rows = [
        [f"{part.predicted:.4f}", format_interval(part.observed), f"{part.count:,}"] for part in found.bins
    ]
    total = f"all: {found.predicted:.4f}"
    rows.append([total, f"{found.observed:.3f}", f"{found.count:,}"])
    table = tabulate(["Predicted", f"Came true: {found.outcome}", "Titles"], rows)
    return f"{table}\n\nExpected calibration error {found.error:.4f}."
