"""What became of an attempt to learn again, as numbers and in words."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from movierec.artifacts.files import replace_atomically
from movierec.evaluation.tables import format_p_value, tabulate
from movierec.published import Part
from movierec.retraining.gate import MIN_VIEWERS, NDCG, ORDER, Against, GateReport, Verdict

_MEANING: Final = {
    ORDER: "ORDER is the chance that a film the viewer liked in the window is put before one disliked there: "
    "both were shown, whichever bundle chose them.",
    NDCG: "Live likes were given to lists the served bundle made, so NDCG@10 on them favours it; with 30 "
    "viewers who both like and dislike, the order of these is compared instead.",
}


class Outcome(StrEnum):
    """What became of an attempt."""

    PROMOTED = "promoted"
    KEPT_ASIDE = "kept aside"
    UNCHANGED = "unchanged"


class RetrainingReport(Part):
    """One attempt.

    ``bundle`` is the version that was made: the new current one, or the one kept aside; None where nothing
    was fitted. ``served`` was current before. ``new_events`` are those since the last attempt.
    """

    outcome: Outcome
    reason: str
    started_at: datetime
    seconds: float
    dataset: str
    simulated: bool
    n_users: int
    n_interactions: int
    n_live: int
    new_events: int
    revision: int
    served: str
    bundle: str | None = None
    gate: GateReport | None = None


def explain_verdict(gate: GateReport) -> str:
    """Say in one sentence what the gate found."""
    if gate.verdict is Verdict.UNJUDGED or gate.difference is None:
        return (
            f"only {gate.viewers} viewers have something to find in the newest window, {MIN_VIEWERS} are "
            "needed to compare"
        )
    difference = gate.difference
    numbers = (
        f"{gate.metric} {difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] on "
        f"{gate.viewers:,} viewers, p {format_p_value(difference.p_value)}"
    )
    return f"{'' if gate.verdict is Verdict.WORSE else 'not '}significantly worse: {numbers}"


def write_report(report: RetrainingReport, folder: Path) -> tuple[Path, Path]:
    """Write an attempt as ``<moment>.json`` and ``.md`` and return the two paths."""
    name = f"{report.started_at:%Y-%m-%dT%H-%M-%S-%fZ}"
    data, text = folder / f"{name}.json", folder / f"{name}.md"
    for path, content in ((text, compose(report)), (data, report.model_dump_json(indent=1) + "\n")):
        with replace_atomically(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return data, text


def compose(report: RetrainingReport) -> str:
    """Return the report as Markdown."""
    lines = [
        f"# Retraining: {report.outcome}",
        "",
        f"{report.reason[:1].upper()}{report.reason[1:]}.",
        "",
        f"- started {report.started_at:%Y-%m-%d %H:%M:%S} UTC, took {report.seconds:.0f} s",
        f"- data set {report.dataset}{' (simulated audience)' if report.simulated else ''}: "
        f"{report.n_users:,} viewers, {report.n_interactions:,} events, {report.n_live:,} of them live; "
        f"{report.new_events:,} changes of the feedback store since the last attempt",
        f"- served before: `{report.served}`",
    ]
    if report.bundle is not None:
        lines.append(f"- made: `{report.bundle}`")
    if report.gate is not None:
        lines += ["", *_compose_gate(report.gate)]
    if report.outcome is Outcome.KEPT_ASIDE and report.bundle is not None:
        lines += [
            "",
            "The bundle kept aside is the challenger as it was compared: it does not know the newest window. "
            f"To serve it all the same: `movierec bundles promote {report.bundle}`.",
        ]
    return "\n".join(lines) + "\n"


def _compose_gate(gate: GateReport) -> list[str]:
    start = datetime.fromtimestamp(gate.window_start, UTC)
    rivals = {
        Against.BUNDLE: "the served bundle as it is: the window is later than all it was trained on",
        Against.CONFIGURATION: "a twin of the served bundle, its settings fitted on its own events from "
        "before the window, since it was trained on a part of the window itself",
    }
    lines = [
        "## Gate",
        "",
        f"Held out: {gate.window_events:,} events from {start:%Y-%m-%d %H:%M:%S} on (clock of the data); "
        f"{gate.viewers:,} viewers have something to find. Compared with {rivals[gate.against]}. The "
        "challenger learnt from what lies before the window; both got the same histories.",
    ]
    if gate.challenger is None or gate.served is None:
        return lines
    rows = [
        [name, f"{found.mean:.4f}", f"[{found.low:.4f}, {found.high:.4f}]"]
        for name, found in (("challenger", gate.challenger), ("served", gate.served))
    ]
    return [
        *lines,
        "",
        tabulate(["", gate.metric.upper(), "95 % interval"], rows),
        "",
        _MEANING[gate.metric],
        "",
        f"Challenger minus served, paired bootstrap over viewers: {explain_verdict(gate)}.",
    ]
