"""The charts of both simulations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from movierec.published import Measured
from movierec.simulation.results import AbReport, LoopReport

# Okabe and Ito: told apart with every common colour blindness; markers say the same.
_STYLES: Final = {
    "retrained": ("#0072B2", "o"),
    "frozen": ("#E69F00", "s"),
    "popularity": ("#009E73", "^"),
    "random": ("#7F7F7F", "v"),
}
_ESTIMATORS: Final = {"IPS": "o", "SNIPS": "s", "DR": "^"}
_INK: Final = "#2b2b2b"


def draw_loop(report: LoopReport, path: Path) -> bool:
    """Draw every policy's satisfaction by round; False where Matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(9.6, 4.0), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, title, rounds in (
        (
            left,
            f"{report.watchers:,} who never mark: retraining alone",
            [each.watched for each in report.curves],
        ),
        (
            right,
            f"{report.viewers - report.watchers:,} who mark: what they liked is gone",
            [each.rounds for each in report.curves],
        ),
    ):
        for curve, found in zip(report.curves, rounds, strict=True):
            _draw_curve(axes, curve.name, found)
        axes.set_xlabel("round (an attempt to retrain after each)", fontsize=9)
        axes.set_xticks(range(1, report.rounds + 1))
        axes.set_title(title, fontsize=10, loc="left", color=_INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    left.set_ylim(bottom=0)
    left.set_ylabel("truly liked, of the best possible, 95 % intervals", fontsize=9)
    left.legend(fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Software": None})
    return True


def _draw_curve(axes: Any, name: str, rounds: Sequence[Measured]) -> None:
    colour, marker = _STYLES.get(name, (_INK, "x"))
    numbers = range(1, len(rounds) + 1)
    axes.plot(numbers, [each.mean for each in rounds], color=colour, marker=marker, label=name)
    axes.fill_between(
        numbers,
        [each.low for each in rounds],
        [each.high for each in rounds],
        color=colour,
        alpha=0.15,
        linewidth=0,
    )


def draw_ab(report: AbReport, path: Path) -> bool:
    """Draw the confidence sequence beside the estimates; False where Matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(9.0, 3.8), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    pairs = [point.pairs for point in report.sequence]
    left.fill_between(
        pairs,
        [point.low for point in report.sequence],
        [point.high for point in report.sequence],
        color="#0072B2",
        alpha=0.2,
        linewidth=0,
        label=f"{1 - report.alpha:.0%} at all times at once",
    )
    left.plot(pairs, [point.mean for point in report.sequence], color="#0072B2", label="mean so far")
    left.axhline(report.true_difference, color="#D55E00", linestyle="--", linewidth=1, label="truth")
    left.axhline(0, color=_INK, linewidth=0.8)
    if report.decided_after is not None:
        left.axvline(report.decided_after, color="#7F7F7F", linestyle=":", label="decided")
    left.set_xscale("log")
    reach = 4 * max(abs(report.true_difference), 0.01)
    left.set_ylim(-reach, reach)
    left.set_xlabel("pairs of visits", fontsize=9)
    left.set_title(f"{report.second} minus {report.first}, likes per place", fontsize=10, loc="left")
    left.legend(fontsize=7, frameon=False)
    for place, each in enumerate(report.estimates):
        found = each.estimate
        right.errorbar(
            place,
            found.mean,
            yerr=[[max(found.mean - found.low, 0.0)], [max(found.high - found.mean, 0.0)]],
            fmt=_ESTIMATORS.get(each.estimator, "x"),
            color="#0072B2",
            capsize=3,
        )
        right.plot(
            [place - 0.35, place + 0.35], [each.truth] * 2, color="#D55E00", linestyle="--", linewidth=1
        )
    right.set_xticks(
        range(len(report.estimates)),
        [f"{each.estimator}\n{each.policy}" for each in report.estimates],
        fontsize=8,
    )
    right.set_title("From the log of a third policy; dashed: truth", fontsize=10, loc="left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.suptitle("Simulated viewers", fontsize=10, x=0.01, ha="left", color=_INK)
    figure.savefig(path, metadata={"Software": None})
    return True
