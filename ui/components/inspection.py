"""The pipeline behind a list, and everything behind one film of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.charts import draw_funnel, draw_timings, draw_waterfall
from ui.components.poster import show_poster
from ui.features import explain_feature, name_feature
from ui.models import Inspection, PickTrace
from ui.text import (
    count_things,
    escape_markdown,
    explain_match,
    format_match,
    join_words,
    name_movie,
    name_source,
)

MAX_TABLE: Final = 420


def show_pipeline(inspection: Inspection) -> None:
    """Draw how many films every stage leaves, and how long it takes."""
    if inspection.failed:
        names = join_words([name_source(source) for source in inspection.failed])
        st.warning(f"Left out of this list because of a fault: {names}.", icon=":material/warning:")
    funnel, timings = st.columns(2, gap="medium")
    with funnel:
        st.markdown("**From catalogue to screen** :gray[films left after each stage]")
        draw_funnel(inspection.funnel)
        st.caption("Each source proposes films of its own; the merge unites them, so the rows do not add up.")
    with timings:
        total = sum(inspection.timings_ms.values())
        st.markdown(f"**Time taken** :gray[{total:.1f} ms in all stages]")
        draw_timings(inspection.timings_ms)
        st.caption(
            "Milliseconds inside the API for this request; *explain* is asked for by this page alone. "
            f"Bundle {escape_markdown(inspection.bundle)}"
        )


@st.fragment
def show_item(inspection: Inspection) -> None:
    """Draw the film chosen from the list: sources, contributions, features, watched titles behind it."""
    traces = inspection.items
    row = st.selectbox(
        "Film",
        range(len(traces)),
        format_func=lambda row: f"{traces[row].item.rank}. {name_movie(traces[row].item)}",
        key="inspect_row",
        width=440,
    )
    trace = traces[min(row or 0, len(traces) - 1)]
    poster, facts = st.columns([1, 4], gap="medium")
    with poster:
        show_poster(trace.item)
    with facts:
        st.subheader(escape_markdown(name_movie(trace.item)), anchor=False)
        model = f", model average {trace.base_score:.3f} (log-odds)" if trace.contributions else ""
        st.caption(
            f"Rank {trace.item.rank} · {format_match(trace.item.match)} match · "
            f"score {trace.raw_score:.3f}{model}",
            help=f"{explain_match(trace.item.match)} The score orders this list and means nothing beyond it.",
        )
        for reason in trace.item.reasons:
            st.markdown(f"- {escape_markdown(reason.text)}")
        _show_sources(trace)
    _show_model(trace)
    _show_evidence(trace)


def _show_sources(trace: PickTrace) -> None:
    if not trace.item.sources:
        st.caption("No source proposed this film: it fills the list up, by popularity.")
        return
    st.dataframe(
        {
            "Source": [name_source(hit.source) for hit in trace.item.sources],
            "Rank": [hit.rank for hit in trace.item.sources],
            "Score": [hit.score for hit in trace.item.sources],
            "Share of the evidence": [hit.share for hit in trace.item.sources],
        },
        hide_index=True,
        height="content",
        column_config={
            "Source": st.column_config.TextColumn(help="One way of finding films; a list has several."),
            "Rank": st.column_config.NumberColumn(help="The place this source put the film at, from 1."),
            "Score": st.column_config.NumberColumn(
                format="%.4f", help="The source's own score; scales differ from source to source."
            ),
            "Share of the evidence": st.column_config.ProgressColumn(
                min_value=0.0,
                max_value=1.0,
                format="percent",
                help="How much of the merged score this source gave; the shares add up to 100 %.",
            ),
        },
    )


def _show_model(trace: PickTrace) -> None:
    if not trace.contributions:
        st.caption("No ranking model took part: V1 and V1.5 order by the sources alone.")
        return
    st.markdown("**What moved the ranking model** :gray[from its average to this film]")
    draw_waterfall(trace.base_score, trace.contributions, trace.features)
    st.caption(
        "Exact contributions (TreeSHAP): each bar moves the score right (up) or left (down), and together "
        "they lead from the model's average to this film's score. Log-odds: +0.7 doubles the odds."
    )
    with st.expander(f"All {count_things(len(trace.features), 'feature')}", icon=":material/table_rows:"):
        st.caption("Empty values: nothing is known, such as the rank by a source that did not propose it.")
        names = sorted(trace.features, key=lambda name: -abs(trace.contributions.get(name, 0.0)))
        st.dataframe(
            {
                "Feature": [name_feature(name) for name in names],
                "Value": [trace.features[name] for name in names],
                "Moves score by": [trace.contributions.get(name) for name in names],
                "What it says": [explain_feature(name) for name in names],
                "Name in the model": names,
            },
            hide_index=True,
            height=MAX_TABLE if len(names) > 11 else "content",
            column_config={
                "Value": st.column_config.NumberColumn(format="%.4g"),
                "Moves score by": st.column_config.NumberColumn(
                    format="%+.3f", help="Exact TreeSHAP contribution in log-odds."
                ),
            },
        )


def _show_evidence(trace: PickTrace) -> None:
    st.markdown("**Watched titles behind it**")
    if not trace.evidence:
        st.caption("No single title: this pick rests on popularity or genres.")
        return
    for source, titles in trace.evidence.items():
        with st.expander(
            f"{escape_markdown(name_source(source))} ({len(titles)})", icon=":material/history:"
        ):
            st.dataframe(
                {"Title": [one.title for one in titles], "Adds": [one.amount for one in titles]},
                hide_index=True,
                column_config={
                    "Adds": st.column_config.NumberColumn(
                        format="%.4f", help="What this watched title adds to the source's score for the film."
                    )
                },
            )
