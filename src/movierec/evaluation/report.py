"""Reports on disk: JSON that can be read back, Markdown and a chart for people, a summary of all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from movierec.errors import DataError
from movierec.evaluation import chart
from movierec.evaluation.grids import TUNING_NOTE, tabulate_tuning
from movierec.evaluation.protocols import PROTOCOLS
from movierec.evaluation.publication import publish
from movierec.evaluation.rated_only import describe_rated_only
from movierec.evaluation.results import ProtocolReport, Subset, SystemResult
from movierec.evaluation.summary import compose_summary
from movierec.evaluation.tables import format_difference, format_interval, format_p_value, tabulate

SUMMARY_FILE: Final = "README.md"
_BEYOND: Final = ("novelty", "diversity", "miscalibration", "arp")
_OVERALL: Final = ("coverage", "gini")
_LABELS: Final = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "hit_rate": "Hit rate",
    "map": "MAP",
    "mrr": "MRR",
    "auc": "AUC",
    "novelty": "Novelty",
    "diversity": "Genre diversity",
    "miscalibration": "Genre miscalibration",
    "arp": "Mean popularity",
    "coverage": "Coverage",
    "gini": "Gini",
}


def write_report(report: ProtocolReport, out_dir: Path) -> tuple[Path, ...]:
    """Write ``<dataset>/<protocol>`` as .json, .md and, where Matplotlib is installed, .png.

    Returns
    -------
    the files written
    """
    return publish(report, report.receipt.protocol, out_dir, chart.draw_bars, compose_report)


def write_summary(out_dir: Path) -> Path:
    """Write the table of every report in ``out_dir`` and return its path."""
    path = out_dir / SUMMARY_FILE
    studies = sorted(
        found.relative_to(out_dir).as_posix()
        for found in out_dir.glob("*/*.md")
        if found.stem not in PROTOCOLS
    )
    path.write_text(compose_summary(read_reports(out_dir), studies), encoding="utf-8")
    return path


def read_reports(out_dir: Path) -> tuple[ProtocolReport, ...]:
    """Return every protocol's report in ``out_dir``, by data set, then in the order of the protocols.

    Other JSON files, such as those of studies, are left alone.

    Raises
    ------
    DataError
        If a file is not a report of this version.
    """
    folders = sorted(path for path in out_dir.glob("*") if path.is_dir())
    paths = [folder / f"{protocol}.json" for folder in folders for protocol in PROTOCOLS]
    return tuple(read_report(path) for path in paths if path.exists())


def read_report(path: Path) -> ProtocolReport:
    """Return one report.

    Raises
    ------
    DataError
        If the file cannot be read or is not a report of this version.
    """
    try:
        return ProtocolReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        name = f"{path.parent.name}/{path.name}"
        raise DataError(
            f"{name} is no evaluation report of this version; delete it or run it again"
        ) from error


def compose_report(report: ProtocolReport, picture: str | None = None) -> str:
    """Return the report in Markdown; ``picture`` is the file name of its chart."""
    receipt = report.receipt
    k = report.ks[0]
    parts = [
        f"# {receipt.dataset}, {receipt.protocol}",
        receipt.question,
        _describe_counts(report),
        *([_SIMULATED] if receipt.simulated else []),
        *_describe_outcome(report),
        *([f"![{report.metric.upper()} of every system with its interval]({picture})"] if picture else []),
        *describe_rated_only(report),
        "## Accuracy",
        _table(report, tuple(f"{name}@{k}" for name in ("ndcg", "recall", "hit_rate", "map", "mrr")), sure=1),
    ]
    if len(report.ks) > 1:
        deeper = [f"{name}@{depth}" for depth in report.ks[1:] for name in ("ndcg", "recall", "precision")]
        parts += ["### Longer lists", _table(report, (f"precision@{k}", *deeper, "auc"))]
    if any(system.cold for system in report.systems):
        parts += ["### People without any history", _table_cold(report)]
    for subset in report.subsets:
        parts += [f"### By themselves: {subset.name}", _describe_subset(subset), _table_subset(subset)]
    parts += [
        "## Beyond accuracy",
        "Coverage is the share of the catalogue in anybody's list; Gini tells how unequally places are "
        "shared out (0 alike); novelty is the mean self-information of an item in bits, mean popularity "
        "its train events; diversity is the mean genre distance within a list; miscalibration is how far the "
        "genres of a list are from those of the history, in nats (0 the same mixture, 4.6 none in common).",
        _table(report, tuple(f"{name}@{k}" for name in (*_OVERALL, *_BEYOND))),
    ]
    if report.comparisons:
        parts += [f"## {report.subject} against each", _table_comparisons(report)]
    if report.tuning:
        parts += ["## Settings of the known models", TUNING_NOTE, tabulate_tuning(report.tuning)]
    parts += ["## Receipt", _table_receipt(report)]
    return "\n\n".join(parts) + "\n"


_SIMULATED: Final = (
    "**The audience of this data set is simulated.** The numbers compare systems under its rules; they say "
    "nothing about people."
)


def _describe_counts(report: ProtocolReport) -> str:
    counts = report.counts
    times = f", scored {counts.rows:,} times over the pooled cuts" if counts.rows != counts.users else ""
    cold = (
        f" {counts.cold_rows:,} times somebody had no history yet; they are reported apart."
        if counts.cold_rows
        else ""
    )
    return (
        f"{counts.users:,} users{times}; {counts.relevant:,} relevant items. Whole catalogue ranked, seen "
        f"items left out, an empty list counts 0.{cold} Brackets are 95 % bootstrap intervals over users."
    )


def _describe_outcome(report: ProtocolReport) -> list[str]:
    if report.best_other is None:
        return []
    difference = report.compare_with(report.best_other)
    if difference is None or report.subject is None:
        return []
    own = report.find(report.subject).metrics[report.metric]
    other = report.find(report.best_other).metrics[report.metric]
    return [
        f"**{report.subject}: {report.metric.upper()} {format_interval(own)}; best other, "
        f"{report.best_other}: {format_interval(other)}; difference {format_difference(difference)}.**"
    ]


def _table(report: ProtocolReport, names: tuple[str, ...], sure: int = 0) -> str:
    """Tabulate systems by metrics; the first ``sure`` columns carry intervals."""
    present = [name for name in names if any(_value(system, name) is not None for system in report.systems)]
    rows = []
    for system in report.systems:
        cells = [system.name]
        for position, name in enumerate(present):
            interval = system.metrics.get(name)
            value = _value(system, name)
            if position < sure and interval is not None:
                cells.append(format_interval(interval))
            else:
                cells.append("" if value is None else _format(name, value))
        rows.append(cells)
    return tabulate(["System", *(_label(name) for name in present)], rows)


def _table_cold(report: ProtocolReport) -> str:
    names = list(next(system.cold for system in report.systems if system.cold))
    rows = [
        [system.name, *(format_interval(system.cold[name]) for name in names)]
        for system in report.systems
        if system.cold
    ]
    return tabulate(["System", *(_label(name) for name in names)], rows)


def _describe_subset(subset: Subset) -> str:
    gain = f" V2 minus {subset.best_other}, the best other here: " if subset.difference else ""
    difference = f"{format_difference(subset.difference)}." if subset.difference else ""
    return f"{subset.counts.rows:,} {subset.description}.{gain}{difference}"


def _table_subset(subset: Subset) -> str:
    names = list(dict.fromkeys(name for metrics in subset.metrics.values() for name in metrics))
    rows = [
        [system, *(format_interval(metrics[name]) if name in metrics else "" for name in names)]
        for system, metrics in subset.metrics.items()
    ]
    return tabulate(["System", *(_label(name) for name in names)], rows)


def _table_comparisons(report: ProtocolReport) -> str:
    rows = []
    for entry in report.comparisons:
        gain = entry.difference
        rows.append(
            [
                entry.other,
                f"{gain.mean:+.4f}",
                f"[{gain.low:+.4f}, {gain.high:+.4f}]",
                format_p_value(gain.p_value).removeprefix("= "),
            ]
        )
    return tabulate(["Other", f"{_label(report.metric)} difference", "95 % interval", "p (two-sided)"], rows)


def _table_receipt(report: ProtocolReport) -> str:
    receipt = report.receipt
    splits = "; ".join(
        ", ".join(f"{name} {value:g}" for name, value in part.items()) for part in receipt.splits
    )
    settings = "; ".join(
        f"{system.name}: {', '.join(f'{name} {value:g}' for name, value in system.params.items())}"
        for system in report.systems
        if system.params
    )
    times = "; ".join(
        f"{system.name} {system.list_milliseconds:.2f}"
        for system in report.systems
        if system.list_milliseconds
    )
    rows = [
        ["Data set", f"{receipt.dataset}, SHA-256 `{receipt.content_hash}`"],
        ["Splits", splits],
        ["Seed, bootstrap draws", f"{receipt.seed}, {receipt.n_resamples:,}"],
        ["Code, settings", f"`{receipt.code}`, `{receipt.config}` (digests)"],
        ["Set by the protocol", _list_pairs(receipt.configured)],
        ["Limited to", _list_pairs(receipt.restrictions)],
        ["Versions", ", ".join(f"{name} {value}" for name, value in receipt.versions.items())],
        ["Peers' settings", settings],
        ["Milliseconds a list", times],
        ["Wall time", f"{receipt.wall_seconds:.0f} s"],
        ["Command", f"`{receipt.command}`"],
    ]
    return tabulate(["", ""], [row for row in rows if row[1]], n_text=2)


def _list_pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _value(system: SystemResult, name: str) -> float | None:
    if name in system.metrics:
        return system.metrics[name].mean
    return system.overall.get(name)


def _label(name: str) -> str:
    metric, _, k = name.partition("@")
    return f"{_LABELS.get(metric, metric)}{'@' + k if k else ''}"


def _format(name: str, value: float) -> str:
    return f"{value:.1f}" if name.startswith("arp") else f"{value:.3f}"
