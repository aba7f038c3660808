"""Results: the outcome of every report, one report in full, the check of the served build."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.connection import get_client
from ui.measurement_charts import draw_systems, draw_trade_off
from ui.measurements import Difference, Evaluation, Headline, Overview, Report
from ui.metrics import explain_metric, format_p_value, name_metric, name_protocol
from ui.text import count_things, escape_markdown, name_system

ACCURACY: Final = ("ndcg", "hit_rate", "recall", "precision", "map", "mrr")
BEYOND: Final = ("coverage", "novelty", "diversity", "arp")


def show_overview(evaluation: Evaluation) -> None:
    """Draw the outcome of every report as a table, and what it says in a sentence."""
    compared = [each for each in evaluation.reports if each.difference is not None]
    above = sum(each.difference.low > 0 for each in compared if each.difference)
    below = sum(each.difference.high < 0 for each in compared if each.difference)
    st.subheader("Ours against the best single model", anchor=False)
    st.markdown(
        f"V2 is clearly above the best single model in **{above} of {len(compared)}** reports, clearly below "
        f"in **{below}**; in the others the interval holds 0. The best single model is the known model or "
        "source of ours that did best alone on these very people, which favours it."
    )
    st.dataframe(
        {
            "Data": [each.dataset for each in evaluation.reports],
            "Protocol": [name_protocol(each.protocol) for each in evaluation.reports],
            "People": [each.users for each in evaluation.reports],
            "V2": [_mean(each.subject) for each in evaluation.reports],
            "V1.5": [_mean(each.merge) for each in evaluation.reports],
            "Best single": [_mean(each.best_single) for each in evaluation.reports],
            "Which is": [
                name_system(each.best_single.name) if each.best_single else None
                for each in evaluation.reports
            ],
            "V2 − best single": [_format_difference(each.difference) for each in evaluation.reports],
            "Aimed − best single": [
                _format_difference(each.aimed.difference) if each.aimed else "–"
                for each in evaluation.reports
            ],
        },
        hide_index=True,
        height="content",
        column_config={
            "Which is": st.column_config.TextColumn(width=210),
            "Protocol": st.column_config.TextColumn(help="What was held out; choose one below to read more."),
            "People": st.column_config.NumberColumn(format="localized", help="People who were scored."),
            **{
                name: st.column_config.NumberColumn(format="%.3f", help=f"NDCG@10: {explain_metric('ndcg')}.")
                for name in ("V2", "V1.5", "Best single")
            },
            "V2 − best single": st.column_config.TextColumn(
                help="Mean difference, person by person, with its 95 % interval."
            ),
            "Aimed − best single": st.column_config.TextColumn(
                help="The same build asked for what the protocol asks: what is next, later, or on a return."
            ),
        },
    )


def show_report(evaluation: Evaluation) -> None:
    """Draw the chosen report: every system by the chosen metric, and how to get the numbers again."""
    st.subheader("One report in full", anchor=False)
    chosen = _choose_report(evaluation)
    report = get_client().report(chosen.dataset, chosen.protocol)
    metric = _choose_metric(report)
    st.markdown(f"**{escape_markdown(report.receipt.question)}**")
    st.caption(
        f"{count_things(report.counts.users, 'person', 'people')}"
        f"{', a simulated audience' if report.receipt.simulated else ''}. Everything they had not seen is "
        f"ranked. {name_metric(metric)}: {explain_metric(metric)}. Lines are 95 % intervals over people: "
        "where two overlap by much, the order may be chance."
    )
    draw_systems(
        [
            (system.name, system.kind, system.metrics[metric])
            for system in report.systems
            if metric in system.metrics
        ],
        metric,
    )
    _show_comparisons(report)
    _show_receipt(report)


def show_trade_off(evaluation: Evaluation) -> None:
    """Draw accuracy against coverage, novelty or diversity for every system of a report."""
    chosen = _choose_report(evaluation)
    report = get_client().report(chosen.dataset, chosen.protocol)
    k = report.ks[0]
    across = st.segmented_control(
        "Accuracy against",
        BEYOND,
        default="coverage",
        format_func=lambda stem: name_metric(stem),
        required=True,
        key="evaluation_beyond",
        persist_state="session",
    )
    other = f"{across or 'coverage'}@{k}"
    draw_trade_off(report.systems, report.metric, other)
    st.caption(
        f"{name_metric(other)}: {explain_metric(other)}. {name_metric(report.metric)}: "
        f"{explain_metric(report.metric)}. A list can be accurate by showing everybody the same hits; what "
        "is worth having lies high and to the right"
        f"{' (for mean popularity: to the left)' if across == 'arp' else ''}."
    )


def show_build_check(evaluation: Evaluation) -> None:
    """Draw the check that the served build made of itself."""
    st.subheader("What is served right now", anchor=False)
    check = evaluation.check
    if check is None:
        st.caption("This build made no check of itself: too few viewers.")
        return
    metrics = list(dict.fromkeys(name for system in check.systems for name in system.metrics))
    metric = (
        st.segmented_control(
            "Metric of the check",
            metrics,
            default=metrics[0],
            format_func=name_metric,
            required=True,
            key="check_metric",
        )
        or metrics[0]
    )
    simulated = " of a **simulated audience**: the parts work together, but nobody real was asked"
    st.caption(
        f"Data set {escape_markdown(evaluation.dataset)}; bundle {escape_markdown(evaluation.bundle)}. "
        f"{count_things(check.viewers, 'viewer')}{simulated if evaluation.simulated else ''}. The last "
        "fifth of each timeline was hidden from a smaller ranker that had never seen these viewers. "
        f"{name_metric(metric)}: {explain_metric(metric)}."
    )
    draw_systems(
        [
            (system.name, "source" if system.name.startswith("v1-") else "pipeline", system.metrics[metric])
            for system in check.systems
            if metric in system.metrics
        ],
        metric,
    )


def _choose_report(evaluation: Evaluation) -> Overview:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        datasets = list(dict.fromkeys(each.dataset for each in evaluation.reports))
        dataset = st.segmented_control(
            "Data set",
            datasets,
            default=datasets[0],
            required=True,
            key="report_dataset",
            persist_state="session",
        )
        protocols = [each.protocol for each in evaluation.reports if each.dataset == dataset]
        usual = "user-timeline"
        protocol = st.selectbox(
            "Protocol",
            protocols,
            index=protocols.index(usual) if usual in protocols else 0,
            format_func=lambda name: f"{name_protocol(name)} ({name})",
            key=f"report_protocol_{dataset}",
            persist_state="session",
            width=320,
            help="What was held out and had to be found again.",
        )
    return next(each for each in evaluation.reports if (each.dataset, each.protocol) == (dataset, protocol))


def _choose_metric(report: Report) -> str:
    present = {name for system in report.systems for name in system.metrics}
    metrics = [f"{stem}@{report.ks[0]}" for stem in ACCURACY]
    metrics = [name for name in metrics if name in present] or [report.metric]
    metric = st.segmented_control(
        "Metric",
        metrics,
        default=metrics[0],
        format_func=name_metric,
        required=True,
        key="report_metric",
        persist_state="session",
    )
    return metric or metrics[0]


def _show_comparisons(report: Report) -> None:
    if not report.comparisons or report.subject is None:
        return
    with st.expander(
        f"{name_system(report.subject)} against every other system", icon=":material/compare_arrows:"
    ):
        st.caption(
            f"Differences in {name_metric(report.metric)}, person by person: mean, 95 % interval, p-value of "
            "a paired bootstrap. An interval without 0 is a clear difference."
        )
        st.dataframe(
            {
                "Other system": [name_system(each.other) for each in report.comparisons],
                "V2 minus it": [each.difference.mean for each in report.comparisons],
                "From": [each.difference.low for each in report.comparisons],
                "To": [each.difference.high for each in report.comparisons],
                "p": [format_p_value(each.difference.p_value) for each in report.comparisons],
                "Clear?": ["yes" if each.difference.is_clear else "no" for each in report.comparisons],
            },
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%+.3f") for name in ("V2 minus it", "From", "To")
            },
        )


def _show_receipt(report: Report) -> None:
    receipt = report.receipt
    with st.expander("How to get these numbers again", icon=":material/receipt_long:"):
        st.code(receipt.command, language="sh")
        versions = ", ".join(f"{name} {version}" for name, version in receipt.versions.items())
        st.caption(
            f"Data hash {receipt.content_hash[:16]}, code {receipt.code}, seed {receipt.seed}, "
            f"{receipt.n_resamples:,} bootstrap draws, {receipt.wall_seconds:,.0f} s. "
            f"Made with {escape_markdown(versions)}."
        )
        if receipt.restrictions:
            limits = ", ".join(f"{name} {value:,}" for name, value in receipt.restrictions.items())
            st.warning(f"A restricted run: {escape_markdown(limits)}", icon=":material/warning:")


def _mean(headline: Headline | None) -> float | None:
    return headline.value.mean if headline else None


def _format_difference(difference: Difference | None) -> str:
    if difference is None:
        return "–"
    return f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
