"""Both simulations in words, and all of it on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from movierec.artifacts.files import replace_atomically
from movierec.evaluation.tables import format_p_value, tabulate
from movierec.published import Measured
from movierec.simulation.charts import draw_ab, draw_loop
from movierec.simulation.results import CAPTION, AbReport, LoopReport, PolicyGap, SimulationReceipt

R = TypeVar("R", LoopReport, AbReport)


def publish_loop(report: LoopReport, folder: Path) -> tuple[Path, ...]:
    """Write loop.json, loop.md and, where Matplotlib is installed, loop.png; return the files."""
    return _publish(report, "loop", folder, draw_loop, compose_loop)


def publish_ab(report: AbReport, folder: Path) -> tuple[Path, ...]:
    """Write ab.json, ab.md and, where Matplotlib is installed, ab.png; return the files."""
    return _publish(report, "ab", folder, draw_ab, compose_ab)


def _publish(
    report: R,
    name: str,
    folder: Path,
    draw: Callable[[R, Path], bool],
    compose: Callable[[R, str | None], str],
) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    data, text, picture = (folder / f"{name}.{suffix}" for suffix in ("json", "md", "png"))
    drawn = draw(report, picture)
    if not drawn:
        # A chart of an earlier run would contradict the numbers beside it.
        picture.unlink(missing_ok=True)
    for path, content in (
        (text, compose(report, picture.name if drawn else None)),
        (data, report.model_dump_json(indent=1) + "\n"),
    ):
        with replace_atomically(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return (data, text, picture) if drawn else (data, text)


def compose_loop(report: LoopReport, picture: str | None) -> str:
    """Return the loop's report as Markdown."""
    retrained = [step.outcome for step in report.steps].count("promoted")
    numbers = [str(number + 1) for number in range(report.rounds)]
    steps = [[str(step.after_round), step.outcome, f"{step.events:,}", step.reason] for step in report.steps]
    lines = [
        "# Does retraining satisfy viewers more?",
        "",
        f"**{CAPTION}**",
        "",
        f"{report.viewers:,} simulated viewers with {report.rated_before:,} ratings, {report.films:,} "
        f"films. In each of {report.rounds} rounds everybody looks at {report.visits} lists of "
        f"{report.places}; lower places are looked at less. {report.watchers:,} of them only watch. Of the "
        "others, what is liked and looked at gets a like, some of what is disliked a dislike; both go into "
        "the feedback store. After each round but the last there is an attempt to retrain, with its gate: "
        f"{retrained} of {len(report.steps)} were promoted. *Frozen* keeps its first bundle and honours "
        "every mark in the next list; *popularity* is that bundle's most popular, *random* anything not "
        "seen. Every policy has its own feedback; the dice of all begin alike.",
        "",
        *([f"![Satisfaction by round]({picture})", ""] if picture else []),
        "Satisfaction is the share of a list that its viewer would truly like, had they watched it, over "
        "the same share of the best list of unseen films there is; before the round's first mark, mean over "
        "viewers. In round 1 nothing was retrained yet.",
        "",
        "## Those who only watch",
        "",
        "They never mark anything: nothing leaves their lists, and nothing about them is learnt. What "
        "changes their satisfaction is retraining on the marks of the others, and nothing else.",
        "",
        tabulate(["", *numbers], _tell_rounds((each.name, each.watched) for each in report.curves)),
        "",
        "Paired over viewers, mean of all rounds after the first:",
        "",
        tabulate(["", "difference", "95 % interval", "p"], _tell_gaps(report.watched_gaps)),
        "",
        "## Those who mark",
        "",
        "Their satisfaction falls with every policy: what they marked leaves the lists, the easy finds "
        "first, and sooner where more is liked.",
        "",
        tabulate(["", *numbers], _tell_rounds((each.name, each.rounds) for each in report.curves)),
        "",
        tabulate(["", "difference", "95 % interval", "p"], _tell_gaps(report.gaps)),
        "",
        "The marks they left, and the share of a list that is truly liked, whatever is possible:",
        "",
        tabulate(
            ["", "marks", *numbers],
            [
                [curve.name, f"{curve.marks:,}", *(f"{found:.3f}" for found in curve.liked)]
                for curve in report.curves
            ],
        ),
        "",
        "## Attempts",
        "",
        tabulate(["after round", "outcome", "events", "gate"], steps, n_text=4),
        "",
        *_compose_receipt(report.receipt),
    ]
    return "\n".join(lines) + "\n"


def _tell_rounds(curves: Iterable[tuple[str, Sequence[Measured]]]) -> list[list[str]]:
    return [[name, *(f"{found.mean:.3f}" for found in rounds)] for name, rounds in curves]


def _tell_gaps(gaps: Iterable[PolicyGap]) -> list[list[str]]:
    return [
        [
            f"{gap.first} over {gap.second}",
            f"{gap.difference.mean:+.4f}",
            f"[{gap.difference.low:+.4f}, {gap.difference.high:+.4f}]",
            format_p_value(gap.difference.p_value).removeprefix("= "),
        ]
        for gap in gaps
    ]


def compose_ab(report: AbReport, picture: str | None) -> str:
    """Return the report of the two policies as Markdown."""
    last = report.sequence[-1]
    decision = (
        f"the test decided after {report.decided_after:,} pairs"
        if report.decided_after is not None
        else f"the test did not decide within {report.pairs:,} pairs"
    )
    rows = [
        [each.policy, each.estimator, f"{each.truth:.4f}", _show(each.estimate)] for each in report.estimates
    ]
    lines = [
        f"# {report.second} against {report.first}",
        "",
        f"**{CAPTION}**",
        "",
        f"{report.viewers:,} simulated viewers, {report.films:,} films, lists of {report.places}; lower "
        f"places "
        "are looked at less, with known chances. A visit counts by its likes per place.",
        "",
        *([f"![Confidence sequence and off-policy estimates]({picture})", ""] if picture else []),
        "## Tested while it runs",
        "",
        f"Visits come in pairs, one to either policy. The truth is {report.true_difference:+.4f} "
        f"({report.second} "
        f"minus {report.first}); {decision}. After {last.pairs:,} pairs the mean is {last.mean:+.4f}, the "
        f"interval [{last.low:+.4f}, {last.high:+.4f}]. The test may be looked at after every pair and "
        f"errs with "
        f"probability {report.alpha:g} at most (testing by betting, Waudby-Smith and Ramdas 2024).",
        "",
        f"Of {report.aa_runs} comparisons of {report.first} with itself, {report.pairs // 10:,} pairs "
        f"each, it "
        f"called a difference in {report.aa_sequential:.1%}; an ordinary z-test at 5 %, looked at 50 "
        f"times, in "
        f"{report.aa_peeking:.1%}.",
        "",
        "## Estimated from a log",
        "",
        f"{report.logged_visits:,} visits to a third, stochastic policy (Plackett-Luce over the "
        f"candidates of "
        f"both, temperature {report.temperature:g}, propensities known exactly). From its clicks alone, "
        f"in likes "
        "per place:",
        "",
        tabulate(["policy", "estimator", "truth", "estimate with 95 % interval"], rows, n_text=2),
        "",
        "IPS and DR are unbiased; SNIPS is slightly biased and often steadier than IPS. DR uses click rates "
        "per film, "
        "fitted on the other half of the log.",
        "",
        *_compose_receipt(report.receipt),
    ]
    return "\n".join(lines) + "\n"


def _show(found: Measured) -> str:
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _compose_receipt(receipt: SimulationReceipt) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in receipt.versions.items())
    return [
        "## Receipt",
        "",
        f"- `{receipt.command}`, seed {receipt.seed}; code {receipt.code}",
        f"- {receipt.build}",
        f"- {receipt.cpu_seconds:.0f} s of one processor core, {receipt.wall_seconds:.0f} s by the clock",
        f"- {versions}",
    ]
