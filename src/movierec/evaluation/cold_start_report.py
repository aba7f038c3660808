"""The cold-start study in numbers, words and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.results import SUBJECT, Receipt, Result
from movierec.evaluation.tables import format_difference, format_interval, tabulate

CROWD: Final = "popularity (liking)"
_OURS, _OTHER, _WARM = "#0072B2", "#8a8a8a", "#D55E00"


class Step(Result):
    """What is known of the newcomer, and NDCG@10 of every system with it.

    ``gain`` is V2 against the step before (for chosen genres and the first like: against nothing known),
    ``over_crowd`` V2 against the better popularity at this step, ``best_crowd``.
    """

    name: str
    systems: dict[str, Interval]
    gain: Difference | None
    best_crowd: str
    over_crowd: Difference


class ColdStartReport(Result):
    """The whole study.

    ``rises``: every step of likes is above the one before; ``beats_from``: the fewest likes from which V2
    stays above popularity, ``surely_from`` the same with intervals that exclude 0.
    """

    receipt: Receipt
    n_users: int
    n_wanted: int
    steps: tuple[Step, ...]
    rises: bool
    beats_from: int | None
    surely_from: int | None


def find_first(steps: Sequence[Step], sure: bool) -> int | None:
    """Return the fewest likes from which V2 stays above popularity, None where it never does."""
    first = None
    for step in reversed([step for step in steps if step.name.isdigit()]):
        if (step.over_crowd.low if sure else step.over_crowd.mean) <= 0:
            break
        first = int(step.name)
    return first


def compose_cold_start(report: ColdStartReport, picture: str | None = None) -> str:
    """Return the report in Markdown."""
    receipt = report.receipt
    simulated = ["**The audience of this data set is simulated.**"] if receipt.simulated else []
    names = list(report.steps[0].systems)
    rows = [
        [
            step.name if not step.name.isdigit() else f"{step.name} like{'s' * (step.name != '1')}",
            *(format_interval(step.systems[name]) for name in names),
            format_difference(step.gain) if step.gain else "",
            format_difference(step.over_crowd),
        ]
        for step in report.steps
    ]
    rise = "rises at every step" if report.rises else "does not rise at every step"
    beats = (
        "never stays above popularity"
        if report.beats_from is None
        else f"is above popularity from {report.beats_from} revealed like(s) on"
        + (
            f", beyond its interval from {report.surely_from}"
            if report.surely_from is not None
            else ", within its interval"
        )
    )
    parts = [
        f"# {receipt.dataset}: cold start",
        receipt.question,
        f"{report.n_users:,} held-out viewers, of whom the fitted models know nothing. Their first likes "
        "(four stars or more) are revealed in order of time; what is to be found is the same at every step: "
        f"all {report.n_wanted:,} films they liked after the tenth. Each is asked for through the service: "
        "with nothing, with the three genres most of the first ten likes have, then with likes. Brackets "
        "are 95 % bootstrap intervals.",
        *simulated,
        f"**V2 {rise} and {beats}.**",
        *([f"![NDCG@10 over the number of likes]({picture})"] if picture else []),
        tabulate(["Known", *names, "v2 − step before", "v2 − better popularity"], rows),
        "Popularity counts events or adds up how far ratings lie above 2.5, over all time and without what "
        "is revealed, which is why it rises, too. Chosen genres are a wish that is honoured, and what people "
        "like later lies partly outside of it: that step stands beside the line of likes, both against "
        "nothing known.",
        "How far a short history leans on everybody is learnt by each build from viewers of its own train "
        "rows. What was chosen by hand (grid, slack, fifteen events, the weight of wished genres, the "
        "variety of an empty history) was chosen on the two fifths of the viewers of ml-latest-small and "
        "ml-100k, drawn with seed 0, that are never asked here. Other viewers' later events are known to the "
        "models, so the study compares and does not forecast. The ranker is a smaller one than a build's: "
        + ", ".join(f"{name} {value}" for name, value in receipt.configured.items())
        + ".",
        "## Receipt",
        f"Data SHA-256 `{receipt.content_hash}`, seed {receipt.seed}, code `{receipt.code}`, settings "
        f"`{receipt.config}`, {receipt.n_resamples:,} bootstrap draws, {receipt.wall_seconds:.0f} s. "
        f"`{receipt.command}`",
    ]
    return "\n\n".join(parts) + "\n"


def draw_cold_start(report: ColdStartReport, path: Path) -> bool:
    """Draw NDCG@10 over the likes revealed; False without Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8.0, 4.6), dpi=110, layout="constrained")
    axes: Any = figure.subplots()
    line = [step for step in report.steps if step.name.isdigit()]
    likes = [int(step.name) for step in line]
    ends: list[tuple[float, str, str]] = []
    for name in report.steps[0].systems:
        colour = {SUBJECT: _OURS, CROWD: _WARM}.get(name, _OTHER)
        found = [step.systems[name] for step in line]
        mean = [each.mean for each in found]
        reach = None
        if name == SUBJECT:
            reach = [
                [each.mean - each.low for each in found],
                [each.high - each.mean for each in found],
            ]
        axes.errorbar(
            likes, mean, yerr=reach, color=colour, marker="o", markersize=4, lw=2 if name == SUBJECT else 1
        )
        ends.append((mean[-1], name, colour))
    _label_ends(axes, ends, likes[-1])
    for step in report.steps:
        if not step.name.isdigit():
            height = step.systems[SUBJECT].mean
            axes.plot([0], [height], marker="D", color=_OURS, markersize=5)
            place = {"xytext": (7, -9), "textcoords": "offset points", "fontsize": 8}
            axes.annotate(f"{step.name} chosen", (0, height), color=_OURS, **place)
    axes.set_xticks(likes)
    axes.set_xlim(-0.4, likes[-1] + 2.8)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("likes revealed", fontsize=9)
    axes.set_ylabel("NDCG@10 of everything liked after the tenth", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    simulated = ", simulated audience" if report.receipt.simulated else ""
    axes.set_title(
        f"{report.receipt.dataset}{simulated}: {report.n_users:,} held-out viewers", fontsize=10, loc="left"
    )
    figure.savefig(path, metadata={"Software": None})
    return True


def _label_ends(axes: Any, ends: list[tuple[float, str, str]], last: int) -> None:
    """Write each name beside the end of its line, moved up where it would cover the one below."""
    gap = 0.045 * max(end for end, _, _ in ends)
    below = -gap
    for height, name, colour in sorted(ends):
        below = max(height, below + gap)
        axes.annotate(
            name,
            (last, height),
            (last + 0.35, below),
            fontsize=8,
            color=colour,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5},
        )
