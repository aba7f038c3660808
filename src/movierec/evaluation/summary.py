"""The summary of all reports: one row a data set and protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from movierec.evaluation.peers import Kind
from movierec.evaluation.results import SUBJECT, ProtocolReport, SystemResult
from movierec.evaluation.tables import format_difference, format_interval, tabulate
from movierec.schema import Generation

_INTRODUCTION: Final = """\
# Evaluation

Written by `movierec.evaluation` from the JSON files beside it. The numbers are NDCG@10, means over users
with 95 % bootstrap intervals. The whole catalogue is ranked, seen items are left out, NDCG is divided by
the ideal of everything relevant. The last column is V2 minus the best of everything else, on the same
users, with a two-sided paired bootstrap p-value. How it is done, and what the protocols can and cannot
tell: `docs/evaluation.md`."""


def compose_summary(reports: Sequence[ProtocolReport]) -> str:
    """Return the summary in Markdown: a table, then the commands that make it."""
    if not reports:
        return f"{_INTRODUCTION}\n\nNo reports yet.\n"
    parts = [_INTRODUCTION, _table_pipeline(reports), "## Known models", _table_peers(reports)]
    if any(report.receipt.simulated for report in reports):
        parts.append("* The audience is simulated: the numbers compare systems, they say nothing of people.")
    commands = "\n".join(report.receipt.command for report in reports)
    parts += ["## Make it again", f"```sh\n{commands}\n```"]
    codes = sorted({report.receipt.code for report in reports})
    if len(codes) > 1:
        parts.append(f"The reports come from {len(codes)} states of the code; each names its own.")
    return "\n\n".join(parts) + "\n"


def _table_pipeline(reports: Sequence[ProtocolReport]) -> str:
    header = [
        "Data set",
        "Protocol",
        "Users",
        "V2",
        "V1.5",
        "Best source alone",
        "Best other",
        "V2 − best other",
    ]
    rows = []
    for report in reports:
        difference = report.compare_with(report.best_other) if report.best_other else None
        rows.append(
            [
                _name(report),
                f"[{report.receipt.protocol}]({report.receipt.dataset}/{report.receipt.protocol}.md)",
                f"{report.counts.users:,}",
                _cell(report, _find(report, SUBJECT)),
                _cell(report, _find(report, Generation.V1_5.value)),
                _cell(report, report.best(Kind.SOURCE), named=True),
                _cell(report, _find(report, report.best_other), named=True),
                format_difference(difference) if difference else "",
            ]
        )
    return tabulate(header, rows, n_text=2)


def _table_peers(reports: Sequence[ProtocolReport]) -> str:
    names = list(
        dict.fromkeys(
            system.name for report in reports for system in report.systems if system.kind is Kind.PEER
        )
    )
    rows = [
        [_name(report), report.receipt.protocol, *(_cell(report, _find(report, name)) for name in names)]
        for report in reports
    ]
    return tabulate(["Data set", "Protocol", *names], rows, n_text=2)


def _name(report: ProtocolReport) -> str:
    return f"{report.receipt.dataset}{' *' if report.receipt.simulated else ''}"


def _find(report: ProtocolReport, name: str | None) -> SystemResult | None:
    return next((system for system in report.systems if system.name == name), None)


def _cell(report: ProtocolReport, system: SystemResult | None, named: bool = False) -> str:
    if system is None:
        return ""
    value = format_interval(system.metrics[report.metric])
    return f"{system.name}: {value}" if named else value
