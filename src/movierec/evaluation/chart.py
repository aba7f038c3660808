"""The chart of a report: one bar a system, with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from movierec.evaluation.peers import Kind
from movierec.evaluation.results import ProtocolReport
from movierec.evaluation.tables import format_p_value
from movierec.evaluation.targets import TARGETS

# Okabe and Ito's blues can be told from each other and from grey with every common colour blindness.
_COLOURS: Final = {Kind.PIPELINE: "#0072B2", Kind.SOURCE: "#56B4E9", Kind.PEER: "#BDBDBD"}
_GOAL: Final = "#D55E00"
_INK: Final = "#2b2b2b"
_MEANING: Final = {Kind.PIPELINE: "our pipeline", Kind.SOURCE: "one source alone", Kind.PEER: "known model"}


def draw_bars(report: ProtocolReport, path: Path) -> bool:
    """Draw the compared metric of every system, best on top.

    Returns
    -------
    False where Matplotlib, an optional dependency (``movierec[report]``), is not installed
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch
    except ImportError:
        return False
    systems = sorted(report.systems, key=lambda system: system.metrics[report.metric].mean)
    found = [system.metrics[report.metric] for system in systems]
    means = [interval.mean for interval in found]
    figure = Figure(figsize=(7.2, 0.32 * len(systems) + 1.4), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.barh(
        [system.name for system in systems],
        means,
        xerr=[
            [max(interval.mean - interval.low, 0.0) for interval in found],
            [max(interval.high - interval.mean, 0.0) for interval in found],
        ],
        color=[_COLOURS[system.kind] for system in systems],
        error_kw={"ecolor": _INK, "elinewidth": 1, "capsize": 2},
        height=0.7,
    )
    edge = max(interval.high for interval in found)
    for place, interval in enumerate(found):
        axes.text(interval.high + 0.015 * edge, place, f"{interval.mean:.3f}", va="center", fontsize=8)
    axes.set_xlim(0, 1.12 * edge or 1.0)
    axes.set_xlabel(f"{report.metric.upper()}, 95 % interval over users", fontsize=9)
    goal = find_goal(report)
    if goal is not None:
        axes.axvline(goal, color=_GOAL, linewidth=1, linestyle="--")
        axes.text(goal, len(systems) - 0.4, f"target {goal:.3f} ", fontsize=8, color=_GOAL, ha="right")
        axes.set_xlim(0, 1.12 * max(edge, goal))
    simulated = " (simulated audience)" if report.receipt.simulated else ""
    what = f"{report.receipt.dataset}{simulated}, {report.receipt.protocol}: {report.counts.rows:,} lists"
    axes.set_title(f"{tell_outcome(report)}\n{what}", fontsize=10, loc="left", color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    shown = [kind for kind in Kind if any(system.kind is kind for system in systems)]
    axes.legend(
        handles=[Patch(color=_COLOURS[kind], label=_MEANING[kind]) for kind in shown],
        fontsize=8,
        # Opaque, so that the line of the target does not run through the words.
        facecolor="white",
        edgecolor="none",
        framealpha=1.0,
        loc="lower right",
    )
    figure.savefig(path, metadata={"Software": None})
    return True


def find_goal(report: ProtocolReport) -> float | None:
    """Return what we go for on this data set and protocol, None where nothing was set."""
    wanted = (report.receipt.dataset, report.receipt.protocol)
    return next((target.goal for target in TARGETS if (target.dataset, target.protocol) == wanted), None)


def tell_outcome(report: ProtocolReport) -> str:
    """Say in one line how the subject compares with the best other."""
    difference = report.compare_with(report.best_other) if report.best_other else None
    if difference is None or report.best_other is None or report.subject is None:
        return f"{report.metric.upper()} of every system"
    if difference.low <= 0 <= difference.high:
        return f"{report.subject} and {report.best_other}, the best other, cannot be told apart"
    other = report.find(report.best_other).metrics[report.metric].mean
    share = f"{abs(difference.mean) / other:.0%} " if other else ""
    way = "above" if difference.mean > 0 else "below"
    p_value = format_p_value(difference.p_value)
    return f"{report.subject} is {share}{way} {report.best_other}, the best other (p {p_value})"
