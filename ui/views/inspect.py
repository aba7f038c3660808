"""How a list came about: stages, timings, sources, features and evidence of every pick."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import streamlit as st

from ui.api_client import Wishes
from ui.charts import draw_funnel, draw_timings, draw_waterfall
from ui.components.poster import show_poster
from ui.models import Inspection, PickTrace
from ui.session import Person, get_client, load_health
from ui.text import (
    escape_markdown,
    format_match,
    name_generation,
    name_movie,
    name_source,
    name_stage,
)

LENGTHS: Final = (5, 10, 20)
MAX_TABLE: Final = 420


def render() -> None:
    """Draw the inspection of the viewer's list."""
    person: Person = st.session_state["shown_person"]
    st.title("Inspect", anchor=False)
    if person.viewer is None:
        st.info(
            "Inspection follows a known viewer's history through the pipeline; choose one above.",
            icon=":material/info:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        generations = load_health().generations
        generation = st.selectbox(
            "Generation",
            generations,
            index=generations.index("v2") if "v2" in generations else 0,
            format_func=name_generation,
            key="generation",
            persist_state="session",
            width=380,
        )
        k = st.segmented_control(
            "Films", LENGTHS, default=10, required=True, key="inspect_k", persist_state="session"
        )
    inspection = get_client().inspect(
        person.viewer.user_idx, Wishes(k=k or 10, generation=generation or "v2")
    )
    if inspection.note:
        st.info(escape_markdown(inspection.note), icon=":material/info:")
    _show_pipeline(inspection)
    if inspection.items:
        _show_item(inspection)
    else:
        st.caption("The list is empty.")
    with st.expander("Raw answer", icon=":material/data_object:"):
        st.json(asdict(inspection), expanded=1)


def _show_pipeline(inspection: Inspection) -> None:
    funnel, timings = st.columns(2, gap="medium")
    with funnel:
        st.markdown("**From catalogue to screen** :gray[items left after each stage]")
        draw_funnel(inspection.funnel)
    with timings:
        total = sum(inspection.timings_ms.values())
        st.markdown(f"**Time taken** :gray[{total:.1f} ms in all stages]")
        draw_timings(inspection.timings_ms)
    st.caption(f"Bundle {escape_markdown(inspection.bundle)}")


@st.fragment
def _show_item(inspection: Inspection) -> None:
    traces = inspection.items
    row = st.selectbox(
        "Film",
        range(len(traces)),
        format_func=lambda row: f"{traces[row].item.rank}. {name_movie(traces[row].item)}",
        key="inspect_row",
        width=440,
    )
    trace = traces[row]
    poster, facts = st.columns([1, 4], gap="medium")
    with poster:
        show_poster(trace.item)
    with facts:
        st.subheader(escape_markdown(name_movie(trace.item)), anchor=False)
        st.caption(
            f"Rank {trace.item.rank} · {format_match(trace.item.match)} match · "
            f"score {trace.raw_score:.3f}, model average {trace.base_score:.3f} (log-odds)"
        )
        for reason in trace.item.reasons:
            st.markdown(f"- {escape_markdown(reason.text)}")
        _show_sources(trace)
    _show_model(trace)
    _show_evidence(trace)


def _show_sources(trace: PickTrace) -> None:
    st.dataframe(
        {
            "Source": [name_source(hit.source) for hit in trace.item.sources],
            "Rank": [hit.rank for hit in trace.item.sources],
            "Score": [hit.score for hit in trace.item.sources],
            "Share of the evidence": [hit.share for hit in trace.item.sources],
        },
        hide_index=True,
        column_config={
            "Score": st.column_config.NumberColumn(format="%.4f"),
            "Share of the evidence": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent"
            ),
        },
    )


def _show_model(trace: PickTrace) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("**What moved the ranking model** :gray[from its average to this film]")
        if trace.contributions:
            draw_waterfall(trace.base_score, trace.contributions)
        else:
            st.caption("This generation has no ranking model.")
    with right:
        st.markdown("**Features** :gray[empty: the source did not propose it]")
        st.dataframe(
            {
                "Feature": [name_stage(name) for name in trace.features],
                "Value": list(trace.features.values()),
                "Moves score by": [trace.contributions.get(name) for name in trace.features],
            },
            hide_index=True,
            height=MAX_TABLE if len(trace.features) > 11 else "content",
            column_config={
                "Value": st.column_config.NumberColumn(format="%.4g"),
                "Moves score by": st.column_config.NumberColumn(format="%+.3f"),
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
                column_config={"Adds": st.column_config.NumberColumn(format="%.4f")},
            )


if __name__ == "__main__":
    render()
