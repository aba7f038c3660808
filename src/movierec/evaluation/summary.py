"""The summary of all reports: where others stand, where we do, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from movierec.evaluation.peers import Kind
from movierec.evaluation.results import SUBJECT, ProtocolReport, SystemResult
from movierec.evaluation.tables import format_difference, format_interval, tabulate
from movierec.evaluation.targets import TARGETS, Target
from movierec.schema import Generation

_INTRODUCTION: Final = """\
# Evaluation

Written by `movierec.evaluation` from the JSON files beside it. Unless a column says otherwise the numbers
are NDCG@10, means over users, with 95 % bootstrap intervals in brackets. The whole catalogue is ranked,
seen items are left out, NDCG is divided by the ideal of everything relevant. How it is done, and what the
protocols can and cannot tell: `docs/evaluation.md`."""

_STANDING: Final = """\
*Best single model* is the known model or source of ours that did best alone in the same run, on the same
users. It is picked by its score on these very users, which favours it. The difference is V2 minus that
model, user by user; p is two-sided, from a paired bootstrap. *Aimed* is the same build asked for what the
protocol asks (`movierec recommend --aim next`, `later` or `return`); which one was fixed beforehand by the
protocol's question. *Elsewhere* are figures measured outside of
this run or published: they set the bar, they are not on the same run. The prototype is what the targets
were set with."""

_BEYOND: Final = """\
At ten places. Coverage: share of the catalogue in anybody's list. Gini: how unequally places are shared
out, 0 alike. Novelty: mean self-information of an item, in bits. Mean popularity: train events of an item.
Genre diversity: mean genre distance within a list. Genre miscalibration: distance of a list's genres from
the history's, 0 the same mixture, 4.6 nothing in common."""
_BEYOND_METRICS: Final[Mapping[str, str]] = {
    "coverage": "Coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "arp": "Mean popularity",
    "diversity": "Genre diversity",
    "miscalibration": "Genre miscalibration",
}


def compose_summary(reports: Sequence[ProtocolReport], studies: Iterable[str] = ()) -> str:
    """Return the summary in Markdown: targets, what lies beyond accuracy, known models, commands.

    ``studies`` are paths of further Markdown reports, relative to the summary.
    """
    links = [f"- [{path.removesuffix('.md').replace('/', ': ')}]({path})" for path in studies]
    further = ["## Further studies", "\n".join(links)] if links else []
    if not reports:
        return "\n\n".join([_INTRODUCTION, "No reports yet.", *further]) + "\n"
    found = {(report.receipt.dataset, report.receipt.protocol): report for report in reports}
    parts = [
        _INTRODUCTION,
        "## Where others stand, and where we do",
        _STANDING,
        _table_targets(found),
        _judge(found),
        "## Every report",
        _table_pipeline(reports),
        *_describe_subsets(reports),
        "## Beyond accuracy",
        _BEYOND,
        _table_beyond(reports),
        *_judge_coverage(reports),
        "## Known models",
        _table_peers(reports),
        *further,
    ]
    if any(report.receipt.simulated for report in reports):
        parts.append("* The audience is simulated: the numbers compare systems, they say nothing of people.")
    commands = "\n".join(dict.fromkeys(report.receipt.command for report in reports))
    parts += ["## Make it again", f"```sh\n{commands}\n```"]
    codes = {report.receipt.code for report in reports}
    if len(codes) > 1:
        parts.append(f"The reports come from {len(codes)} states of the code; each names its own.")
    return "\n\n".join(parts) + "\n"


def find_best_single(report: ProtocolReport) -> SystemResult | None:
    """Return the known model or source alone with the highest mean, None where none took part."""
    best = (report.best(Kind.PEER), report.best(Kind.SOURCE))
    return max(
        (system for system in best if system is not None),
        key=lambda system: system.metrics[report.metric].mean,
        default=None,
    )


def _table_targets(found: Mapping[tuple[str, str], ProtocolReport]) -> str:
    header = ["Data set", "Protocol", "Users", "Best single model", "Elsewhere", "Prototype", "Target"]
    header += ["**Ours (V2)**", "V2 − best single", "Ours, aimed", "Aimed − best single", "Target met"]
    rows = []
    for target in TARGETS:
        prototype = "–" if target.prototype is None else f"{target.prototype:.3f}"
        bar = [target.elsewhere, prototype, f"≥ {target.goal:.3f}"]
        report = found.get((target.dataset, target.protocol))
        if report is None:
            rows.append([target.dataset, target.protocol, "", "", *bar, "not measured", "", "", "", ""])
            continue
        own, best = _find(report, SUBJECT), find_best_single(report)
        difference = report.compare_with(best.name) if best else None
        rows.append(
            [
                target.dataset,
                _link(report),
                f"{report.counts.rows:,}",
                _cell(report, best, named=True),
                *bar,
                f"**{_cell(report, own)}**",
                format_difference(difference) if difference else "",
                _cell(report, _find_aimed(report), named=True),
                format_difference(report.aimed.difference) if report.aimed else "",
                _judge_target(target, report, own),
            ]
        )
    return tabulate(header, rows, n_text=2)


def _judge_target(target: Target, report: ProtocolReport, own: SystemResult | None) -> str:
    if own is None:
        return ""
    short = target.goal - own.metrics[report.metric].mean
    if short <= 0:
        return "yes"
    aimed = _find_aimed(report)
    if aimed is not None and aimed.metrics[report.metric].mean >= target.goal:
        return "aimed: yes"
    if aimed is not None:
        short = min(short, target.goal - aimed.metrics[report.metric].mean)
    return f"no, {short:.3f} short ({100 * short / target.goal:.0f} %)"


def _judge(found: Mapping[tuple[str, str], ProtocolReport]) -> str:
    """Say in a sentence how many targets and floors are met."""
    measured = [target for target in TARGETS if (target.dataset, target.protocol) in found]
    met = floors = above = aimed_met = aimed_above = 0
    for target in measured:
        report = found[target.dataset, target.protocol]
        own, best = _find(report, SUBJECT), find_best_single(report)
        difference = report.compare_with(best.name) if best else None
        met += own is not None and own.metrics[report.metric].mean >= target.goal
        floors += target.floor
        above += target.floor and difference is not None and difference.low > 0
        best_own = [system.metrics[report.metric].mean for system in (own, _find_aimed(report)) if system]
        aimed_met += max(best_own, default=0.0) >= target.goal
        aimed = report.aimed.difference if report.aimed else difference
        aimed_above += target.floor and aimed is not None and aimed.low > 0
    return (
        f"Targets met: {met} of {len(measured)} measured. Floors, V2 above the best single model with an "
        f"interval that excludes 0: {above} of {floors}. Asked for what the protocol asks: {aimed_met} of "
        f"{len(measured)} targets, {aimed_above} of {floors} floors."
    )


def _table_pipeline(reports: Sequence[ProtocolReport]) -> str:
    header = ["Data set", "Protocol", "Users", "V2", "V1.5", "Best source alone", "Best other"]
    rows = []
    for report in reports:
        difference = report.compare_with(report.best_other) if report.best_other else None
        rows.append(
            [
                _name(report),
                _link(report),
                f"{report.counts.users:,}",
                _cell(report, _find(report, SUBJECT)),
                _cell(report, _find(report, Generation.V1_5.value)),
                _cell(report, report.best(Kind.SOURCE), named=True),
                _cell(report, _find(report, report.best_other), named=True),
                format_difference(difference) if difference else "",
            ]
        )
    return tabulate([*header, "V2 − best other"], rows, n_text=2)


def _describe_subsets(reports: Sequence[ProtocolReport]) -> list[str]:
    rows, meanings = [], {}
    for report in reports:
        for subset in report.subsets:
            meanings[subset.name] = subset.description
            own = subset.metrics.get(SUBJECT, {}).get(report.metric)
            other = subset.metrics.get(subset.best_other or "", {}).get(report.metric)
            rows.append(
                [
                    _name(report),
                    _link(report),
                    subset.name,
                    f"{subset.counts.rows:,} of {report.counts.rows:,}",
                    format_interval(own) if own else "",
                    f"{subset.best_other}: {format_interval(other)}" if other else "",
                    format_difference(subset.difference) if subset.difference else "",
                ]
            )
    if not rows:
        return []
    header = ["Data set", "Protocol", "Subset", "Users", "V2", "Best other there", "V2 − best other"]
    meaning = "; ".join(f"*{name}*: {text}" for name, text in meanings.items())
    return ["## Some users by themselves", f"{meaning}.", tabulate(header, rows, n_text=3)]


def _table_beyond(reports: Sequence[ProtocolReport]) -> str:
    names = [
        name
        for name in _BEYOND_METRICS
        if any(_read(system, name, report.ks[0]) for report in reports for system in report.systems)
    ]
    rows = []
    for report in reports:
        systems = (
            _find(report, SUBJECT),
            _find(report, Generation.V1_5.value),
            find_best_single(report),
        )
        for system in systems:
            if system is not None:
                own = [_read(system, name, report.ks[0]) for name in names]
                values = [_cell(report, system), *own]
                rows.append([_name(report), report.receipt.protocol, system.name, *values])
    labels = [_BEYOND_METRICS[name] for name in names]
    return tabulate(["Data set", "Protocol", "System", "NDCG@10", *labels], rows, n_text=3)


def _judge_coverage(reports: Sequence[ProtocolReport]) -> list[str]:
    wider = total = 0
    for report in reports:
        name = f"coverage@{report.ks[0]}"
        own, best = _find(report, SUBJECT), find_best_single(report)
        if own is not None and best is not None and name in own.overall and name in best.overall:
            total += 1
            wider += own.overall[name] > best.overall[name]
    if not total:
        return []
    return [f"V2 covers more of the catalogue than the best single model in {wider} of {total} reports."]


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


def _link(report: ProtocolReport) -> str:
    return f"[{report.receipt.protocol}]({report.receipt.dataset}/{report.receipt.protocol}.md)"


def _find_aimed(report: ProtocolReport) -> SystemResult | None:
    return _find(report, report.aimed.system if report.aimed else None)


def _find(report: ProtocolReport, name: str | None) -> SystemResult | None:
    return next((system for system in report.systems if system.name == name), None)


def _cell(report: ProtocolReport, system: SystemResult | None, named: bool = False) -> str:
    if system is None:
        return ""
    value = format_interval(system.metrics[report.metric])
    return f"{system.name}: {value}" if named else value


def _read(system: SystemResult, metric: str, k: int) -> str:
    """Return a metric beyond accuracy in text, empty where the report has none."""
    name = f"{metric}@{k}"
    value = system.metrics[name].mean if name in system.metrics else system.overall.get(name)
    if value is None:
        return ""
    return f"{value:.0f}" if metric == "arp" else f"{value:.3f}"
