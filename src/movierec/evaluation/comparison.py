"""Two reports against each other: what differs in their receipts, and what that did to the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from movierec.errors import DataError
from movierec.evaluation.intervals import Interval, compare_paired
from movierec.evaluation.report import read_report, read_reports
from movierec.evaluation.results import ProtocolReport, SystemResult
from movierec.evaluation.tables import format_difference, format_interval, tabulate

Key = tuple[str, str]

_RECEIPT: Final = {
    "content_hash": "data",
    "splits": "splits",
    "seed": "seed",
    "code": "code",
    "config": "settings",
    "configured": "settings by name",
    "restrictions": "restrictions",
    "n_resamples": "bootstrap draws",
}
_SHORT: Final = 16
"""Characters of a hash that are shown."""


def compare_reports(a: Path, b: Path) -> str:
    """Return in Markdown how the reports of B differ from those of A; differences are B minus A.

    Parameters
    ----------
    a, b : report JSON files, folders of one data set, or folders of many. Two files are compared whatever
        they are about; in folders the reports of the same data set and protocol are.

    Raises
    ------
    DataError
        If a path holds no report, or two folders have none in common.
    """
    before, after = _read(a), _read(b)
    if a.is_file() and b.is_file():
        pairs = [(next(iter(before.values())), next(iter(after.values())))]
        lonely: list[str] = []
    else:
        pairs = [(report, after[key]) for key, report in before.items() if key in after]
        lonely = [
            f"Only in {side}: {', '.join(' '.join(key) for key in sorted(only))}."
            for side, only in (("A", before.keys() - after.keys()), ("B", after.keys() - before.keys()))
            if only
        ]
    if not pairs:
        raise DataError(
            "the two folders must have a data set and protocol in common; "
            f"A has {_list_keys(before)}, B has {_list_keys(after)}"
        )
    parts = ["# B against A", f"A: `{a.name}`. B: `{b.name}`. Differences are B minus A."]
    for first, second in pairs:
        parts += _compare(first, second)
    return "\n\n".join(parts + lonely) + "\n"


def _read(path: Path) -> dict[Key, ProtocolReport]:
    if path.is_dir():
        # A folder of one data set lies one level below a folder of many.
        reports = read_reports(path) or tuple(
            report for report in read_reports(path.parent) if report.receipt.dataset == path.name
        )
    else:
        reports = (read_report(path),)
    if not reports:
        raise DataError(f"{path.name} must hold evaluation reports, found none; run: movierec evaluate")
    return {(report.receipt.dataset, report.receipt.protocol): report for report in reports}


def _list_keys(reports: Mapping[Key, ProtocolReport]) -> str:
    return ", ".join(" ".join(key) for key in reports)


def _compare(first: ProtocolReport, second: ProtocolReport) -> list[str]:
    title = " against ".join(
        dict.fromkeys(f"{report.receipt.dataset}, {report.receipt.protocol}" for report in (second, first))
    )
    counts = [
        f"{report.counts.rows:,} rows, {report.counts.relevant:,} relevant" for report in (first, second)
    ]
    scored = counts[0] if counts[0] == counts[1] else f"A {counts[0]}; B {counts[1]}"
    return [
        f"## {title}",
        f"Scored: {scored}.",
        _describe_receipts(first, second),
        _describe_pairing(first, second),
        _table_systems(first, second),
        *_table_metrics(first, second),
    ]


def _describe_receipts(first: ProtocolReport, second: ProtocolReport) -> str:
    rows = []
    for name, label in _RECEIPT.items():
        one, other = getattr(first.receipt, name), getattr(second.receipt, name)
        if one != other:
            rows.append([label, _show(one), _show(other)])
    versions = first.receipt.versions, second.receipt.versions
    for library in sorted(versions[0].keys() | versions[1].keys()):
        one, other = (found.get(library, "–") for found in versions)
        if one != other:
            rows.append([library, one, other])
    for system in first.systems:
        match = _find(second, system.name)
        if match is not None and match.params != system.params:
            rows.append([f"settings of {system.name}", _show(system.params), _show(match.params)])
    if not rows:
        return "The receipts are the same, wall time and command apart: so should the numbers be."
    return "Receipts differ in:\n\n" + tabulate(["", "A", "B"], rows, n_text=3)


def _show(value: object) -> str:
    if isinstance(value, str):
        return f"`{value[:_SHORT]}`"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {setting}" for name, setting in value.items()) or "–"
    if isinstance(value, tuple):
        return "; ".join(map(_show, value))
    return str(value)


def _describe_pairing(first: ProtocolReport, second: ProtocolReport) -> str:
    names = _list_paired(first, second)
    if names:
        return (
            f"Paired, user by user: {', '.join(names)}. For the other systems the reports keep no values of "
            "single users; they are compared by their means, and whether their intervals overlap."
        )
    return (
        f"Unpaired, because {_find_obstacle(first, second)}: only means are compared. Intervals that do not "
        "overlap show a difference; intervals that do overlap show nothing."
    )


def _find_obstacle(first: ProtocolReport, second: ProtocolReport) -> str:
    if first.per_user is None or second.per_user is None:
        return "a report keeps no values of single users"
    if first.receipt.content_hash != second.receipt.content_hash:
        return "the data differ"
    if first.metric != second.metric:
        return "the metrics differ"
    if first.per_user.users != second.per_user.users:
        return "the scored users differ"
    return "the reports keep values of different systems"


def _list_paired(first: ProtocolReport, second: ProtocolReport) -> list[str]:
    """Return the systems with values of the same users in both reports."""
    if first.per_user is None or second.per_user is None:
        return []
    same = first.receipt.content_hash == second.receipt.content_hash and first.metric == second.metric
    if not same or first.per_user.users != second.per_user.users:
        return []
    return [name for name in first.per_user.values if name in second.per_user.values]


def _table_systems(first: ProtocolReport, second: ProtocolReport) -> str:
    paired = _list_paired(first, second)
    rows = []
    for system in second.systems:
        before, after = _find(first, system.name), system.metrics.get(first.metric)
        if before is None or after is None:
            rows.append([system.name, "–", format_interval(system.metrics[second.metric]), "", ""])
            continue
        own = before.metrics[first.metric]
        if system.name in paired:
            gain, verdict = _compare_values(first, second, system.name)
        else:
            gain, verdict = f"{after.mean - own.mean:+.3f}", _judge_overlap(own, after)
        rows.append([system.name, format_interval(own), format_interval(after), gain, verdict])
    rows += [
        [system.name, format_interval(system.metrics[first.metric]), "–", "", ""]
        for system in first.systems
        if _find(second, system.name) is None
    ]
    return tabulate(["System", f"A, {first.metric.upper()}", "B", "B − A", "Verdict"], rows)


def _compare_values(first: ProtocolReport, second: ProtocolReport, name: str) -> tuple[str, str]:
    if first.per_user is None or second.per_user is None:
        raise DataError(f"the reports must keep values of single users to compare {name}, one does not")
    gain = compare_paired(
        np.array(second.per_user.values[name]),
        np.array(first.per_user.values[name]),
        np.array(first.per_user.users, np.int32),
        second.receipt.seed,
        second.receipt.n_resamples,
    )
    if gain.low == gain.high == 0:
        return "+0.000", "identical"
    verdict = "better" if gain.low > 0 else "worse" if gain.high < 0 else "undecided"
    return format_difference(gain), verdict


def _judge_overlap(before: Interval, after: Interval) -> str:
    if after.low > before.high:
        return "better, unpaired"
    if after.high < before.low:
        return "worse, unpaired"
    return "identical" if after == before else "intervals overlap"


def _table_metrics(first: ProtocolReport, second: ProtocolReport) -> list[str]:
    """Tabulate every metric of every system that differs in three digits."""
    systems = [(system, _find(first, system.name)) for system in second.systems]
    both = [(after, before) for after, before in systems if before is not None]
    names = list(dict.fromkeys(name for after, _ in both for name in (*after.metrics, *after.overall)))
    rows = []
    for name in names:
        cells = []
        for after, before in both:
            new, old = _value(after, name), _value(before, name)
            cells.append("" if new is None or old is None else f"{new - old:+.3f}")
        if any(cell.strip("+-0.") for cell in cells):
            rows.append([name, *cells])
    if not rows:
        return ["No metric differs in three digits."]
    return ["Every metric that differs, B minus A:", tabulate(["", *(after.name for after, _ in both)], rows)]


def _value(system: SystemResult, name: str) -> float | None:
    return system.metrics[name].mean if name in system.metrics else system.overall.get(name)


def _find(report: ProtocolReport, name: str) -> SystemResult | None:
    return next((system for system in report.systems if system.name == name), None)
