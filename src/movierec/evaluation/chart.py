"""The chart of a report: one bar a system, with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from movierec.evaluation.peers import Kind
from movierec.evaluation.results import ProtocolReport

_COLOURS: Final = {Kind.PIPELINE: "#1f6f5c", Kind.SOURCE: "#7fb5a5", Kind.PEER: "#b9b4a7"}
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
    simulated = " (simulated audience)" if report.receipt.simulated else ""
    title = f"{report.receipt.dataset}{simulated}, {report.receipt.protocol}: {report.counts.rows:,} lists"
    axes.set_title(title, fontsize=10, loc="left", color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    shown = [kind for kind in Kind if any(system.kind is kind for system in systems)]
    axes.legend(
        handles=[Patch(color=_COLOURS[kind], label=_MEANING[kind]) for kind in shown],
        fontsize=8,
        frameon=False,
        loc="lower right",
    )
    figure.savefig(path, metadata={"Software": None})
    return True
