"""The chart of ablations: one line a variant, its change with interval, the splits side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from movierec.evaluation.ablations.results import Ablation, AblationReport, SplitAblations
from movierec.evaluation.ablations.study import METRICS, Family

_SHOWN: Final = (
    Family.SOURCE,
    Family.FEATURES,
    Family.RANKER,
    Family.TRAINING,
    Family.WEIGHTS,
    Family.SEEDS,
    Family.CANDIDATES,
)
# Okabe and Ito's colours can be told apart with every common colour blindness.
_WORSE: Final = "#D55E00"
_BETTER: Final = "#0072B2"
_UNSURE: Final = "#8a8a8a"
_INK: Final = "#2b2b2b"
_BAND: Final = "#eeeeee"
_GAP: Final = 1.6


def draw_ablations(report: AblationReport, path: Path) -> bool:
    """Draw the change of NDCG by every variant; False without Matplotlib (``movierec[report]``)."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
    except ImportError:
        return False
    layout = _arrange(report)
    lowest = min(place for place, _, _ in layout)
    figure = Figure(
        figsize=(4.6 + 3.0 * len(report.splits), 1.6 - 0.185 * lowest), dpi=120, layout="constrained"
    )
    panels = figure.subplots(1, len(report.splits), sharex=True, sharey=True, squeeze=False)[0]
    for axes, split in zip(panels, report.splits, strict=True):
        _draw_split(axes, split, layout)
        axes.set_ylim(lowest - 1.0, 1.2)
    panels[0].set_yticks([place for place, _, name in layout if name])
    panels[0].set_yticklabels([name for _, _, name in layout if name], fontsize=8, color=_INK)
    for place, family, name in layout:
        if not name:
            panels[0].annotate(
                family.value,
                (0, place),
                xycoords=("axes fraction", "data"),
                xytext=(-6, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=8.5,
                fontweight="bold",
                color=_INK,
                annotation_clip=False,
            )
    simulated = " (simulated audience)" if report.receipt.simulated else ""
    figure.suptitle(
        f"{report.receipt.dataset}{simulated}: what each change does to {METRICS[0].upper()}",
        fontsize=11,
        color=_INK,
    )
    meanings = ((_WORSE, "worse"), (_UNSURE, "interval holds 0"), (_BETTER, "better"))
    handles = [
        Line2D([], [], color=colour, marker="o", markersize=4, label=name) for colour, name in meanings
    ]
    handles.append(Line2D([], [], color=_BAND, linewidth=7, label="spread of single seeds"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Software": None})
    return True


def _arrange(report: AblationReport) -> list[tuple[float, Family, str]]:
    """Return (height, family, name) top down; an empty name is the family's heading.

    Sources and features are sorted by their mean change over the splits, the others keep their order.
    """
    layout: list[tuple[float, Family, str]] = []
    place = 0.0
    for family in _SHOWN:
        names = list(dict.fromkeys(entry.name for split in report.splits for entry in split.of(family)))
        if family in (Family.SOURCE, Family.FEATURES):
            names.sort(key=lambda name, family=family: _mean_change(report, family, name))  # type: ignore[misc]
        if not names:
            continue
        layout.append((place, family, ""))
        for name in names:
            place -= 1.0
            layout.append((place, family, name))
        place -= _GAP
    return layout


def _mean_change(report: AblationReport, family: Family, name: str) -> float:
    found = [_find(split, family, name) for split in report.splits]
    changes = [entry.differences[METRICS[0]].mean for entry in found if entry is not None]
    return sum(changes) / len(changes)


def _find(split: SplitAblations, family: Family, name: str) -> Ablation | None:
    return next((entry for entry in split.of(family) if entry.name == name), None)


def _draw_split(axes: Any, split: SplitAblations, layout: list[tuple[float, Family, str]]) -> None:
    spread = split.seed_spread(METRICS[0])
    axes.axvspan(-spread, spread, color=_BAND, linewidth=0, zorder=0)
    axes.axvline(0.0, color=_INK, linewidth=0.8, zorder=1)
    for place, family, name in layout:
        entry = _find(split, family, name) if name else None
        if entry is None:
            continue
        gain = entry.differences[METRICS[0]]
        colour = _WORSE if gain.high < 0 else _BETTER if gain.low > 0 else _UNSURE
        axes.plot([gain.low, gain.high], [place, place], color=colour, linewidth=1.4, zorder=2)
        axes.plot([gain.mean], [place], marker="o", markersize=4, color=colour, zorder=3)
    axes.set_title(f"{split.protocol}, {split.users:,} users", fontsize=9, color=_INK, loc="left")
    axes.set_xlabel(f"change against {split.full.metrics[METRICS[0]].mean:.3f} of the full model", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
