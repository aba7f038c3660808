"""Charts of the closer looks: the frontier of accuracy and variety, and reliability diagrams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from movierec.evaluation.calibration import CalibrationReport, Reliability
    from movierec.evaluation.frontier import FrontierReport, Point

# Okabe and Ito's colours can be told apart with every common colour blindness.
_OURS: Final = "#0072B2"
_OTHER: Final = "#8a8a8a"
_WARM: Final = "#D55E00"
_INK: Final = "#2b2b2b"
_BANDS: Final = (("1st tenth", 1), ("2nd", 2), ("3rd", 3), ("4th to 10th", 10))
_SHADES: Final = ("#0b3c5d", "#3a7ca5", "#8fbcd4", "#e3eef4")


def draw_frontier(report: FrontierReport, path: Path) -> bool:
    """Draw NDCG over diversity, and the popularity of the listed titles; False without Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(11.0, 4.6), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
    _draw_curve(left, report)
    _draw_bands(right, report)
    _finish(figure, report, path)
    return True


def _finish(figure: Any, report: FrontierReport | CalibrationReport, path: Path) -> None:
    simulated = ", simulated audience" if report.receipt.simulated else ""
    figure.suptitle(
        f"{report.receipt.dataset}{simulated}: {report.n_users:,} users, last fifth of each timeline",
        fontsize=9,
        color=_OTHER,
        x=0.01,
        ha="left",
    )
    figure.savefig(path, metadata={"Software": None})


def _draw_curve(axes: Any, report: FrontierReport) -> None:
    plain, free = report.points[0], report.free_setting()
    for points, colour, line in ((report.others, _OTHER, ""), (report.points, _OURS, "-")):
        axes.errorbar(
            [point.diversity.mean for point in points],
            [point.ndcg.mean for point in points],
            yerr=_reach([point.ndcg for point in points]),
            color=colour,
            ecolor=colour,
            elinewidth=0.8,
            linestyle=line,
            marker="o",
            markersize=4,
        )
    last, middle = report.points[-1], report.points[len(report.points) // 3]
    for point in (*report.points[:-3:2], last):
        _label(axes, point, f"{point.setting:.1f}", (5, -10 if point is last else 4), _OURS)
    _label(axes, middle, "V2, by diversity setting", (8, 18), _OURS)
    best = report.best_other()
    popular = _find(report, "popularity") or best
    for point in dict.fromkeys((best, popular)):
        _label(axes, point, point.name, (6, -3), _INK)
    gain = free.diversity.mean / plain.diversity.mean - 1 if plain.diversity.mean else 0.0
    loss = 1 - free.ndcg.mean / plain.ndcg.mean if plain.ndcg.mean else 0.0
    cost = f"{100 * loss:.1f} % of NDCG@10"
    _dress(axes, f"Diversity {free.setting:.1f}: {_percent(gain)} more variety for {cost}")
    axes.set_xlabel("genre diversity within a list of ten", fontsize=9)
    axes.set_ylabel("NDCG@10, 95 % interval", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.text(0.02, 0.03, "grey: known models", transform=axes.transAxes, fontsize=8, color=_OTHER)


def _label(axes: Any, point: Point, text: str, shift: tuple[int, int], colour: str) -> None:
    place = (point.diversity.mean, point.ndcg.mean)
    axes.annotate(text, place, xytext=shift, textcoords="offset points", fontsize=8, color=colour)


def _draw_bands(axes: Any, report: FrontierReport) -> None:
    best, popular, plain = report.best_other(), _find(report, "popularity"), report.points[0]
    rows = [("what they liked later", report.liked_later), ("V2", plain.deciles), (best.name, best.deciles)]
    if popular is not None and popular is not best:
        rows.append((popular.name, popular.deciles))
    for place, (_, shares) in enumerate(rows):
        start = 0.0
        for (_, end), first, shade in zip(_BANDS, (0, 1, 2, 3), _SHADES, strict=True):
            width = sum(shares[first:end])
            axes.barh(place, width, left=start, color=shade, height=0.62, edgecolor="white", linewidth=0.8)
            if width >= 0.06:
                ink = "white" if shade in _SHADES[:2] else _INK
                axes.text(
                    start + width / 2, place, _percent(width), ha="center", va="center", fontsize=8, color=ink
                )
            start += width
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    own, other = _percent(plain.deciles[0]), _percent(best.deciles[0])
    _dress(axes, f"Places of the most popular tenth: V2 {own}, {best.name} {other}")
    from matplotlib.patches import Patch

    axes.legend(
        handles=[Patch(color=shade, label=name) for (name, _), shade in zip(_BANDS, _SHADES, strict=True)],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.02),
        ncols=4,
        fontsize=8,
        frameon=False,
        title="share of places, by popularity of the title within the catalogue",
        title_fontsize=8,
    )


def draw_reliability(report: CalibrationReport, path: Path) -> bool:
    """Draw what came true over what was predicted, with counts below; False without Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(10.0, 5.2), dpi=110, layout="constrained")
    grid = figure.subplots(2, 2, height_ratios=(4, 1), sharex="col")
    for column, (found, logarithmic) in enumerate(((report.match, False), (report.score, True))):
        _draw_diagram(grid[0, column], found, logarithmic)
        _draw_counts(grid[1, column], found, logarithmic)
    _finish(figure, report, path)
    return True


def _draw_diagram(axes: Any, found: Reliability, logarithmic: bool) -> None:
    predicted = [part.predicted for part in found.bins]
    observed = [part.observed.mean for part in found.bins]
    shown = [value for value in (*predicted, *observed) if value > 0] or [1.0]
    lowest, highest = (min(shown) / 1.5, max(shown) * 1.5) if logarithmic else (0.0, 1.0)
    axes.plot([lowest, highest], [lowest, highest], color=_OTHER, linewidth=1, linestyle="--")
    axes.text(
        0.98,
        0.03,
        "dashed: perfectly calibrated",
        transform=axes.transAxes,
        fontsize=8,
        color=_OTHER,
        ha="right",
        va="bottom",
    )
    axes.errorbar(
        predicted,
        observed,
        yerr=_reach([part.observed for part in found.bins]),
        color=_OURS,
        marker="o",
        markersize=4.5,
        elinewidth=1,
        capsize=2,
    )
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlim(lowest, highest)
    axes.set_ylim(lowest, highest)
    axes.set_ylabel(f"came true: {found.outcome}", fontsize=9)
    _dress(axes, found.verdict())


def _draw_counts(axes: Any, found: Reliability, logarithmic: bool) -> None:
    axes.vlines(
        [part.predicted for part in found.bins], 1, [part.count for part in found.bins], color=_WARM, lw=4
    )
    axes.set_yscale("log")
    axes.set_ylim(bottom=1)
    axes.set_ylabel("titles", fontsize=9)
    axes.set_xlabel(f"predicted: {found.name}{' (logarithmic)' if logarithmic else ''}", fontsize=9)
    _dress(axes, "")


def _find(report: FrontierReport, name: str) -> Point | None:
    return next((point for point in report.others if point.name == name), None)


def _reach(intervals: list[Any]) -> list[list[float]]:
    return [
        [max(interval.mean - interval.low, 0.0) for interval in intervals],
        [max(interval.high - interval.mean, 0.0) for interval in intervals],
    ]


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left", color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
