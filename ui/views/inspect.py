"""How a list came about, how the generations differ, and what would change it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import streamlit as st

from ui.answers import load_health
from ui.api_client import Wishes
from ui.components.choices import choose_length
from ui.components.generations import show_generations
from ui.components.inspection import show_item, show_pipeline
from ui.components.what_if import show_what_if
from ui.inspection import load_inspection
from ui.models import Inspection
from ui.session import Person
from ui.text import escape_markdown, name_generation

LOOKS: Final = {
    "list": ":material/account_tree: How it came about",
    "generations": ":material/view_column: Generations side by side",
    "what-if": ":material/science: What if",
}


def render() -> None:
    """Draw the inspection of the viewer's list."""
    person: Person = st.session_state["shown_person"]
    st.title("Inspect", anchor=False)
    asked = st.query_params.get("look")
    if asked in LOOKS and "inspect_look" not in st.session_state:
        st.session_state["inspect_look"] = asked
    look = st.segmented_control(
        "What to look at",
        list(LOOKS),
        default=None if "inspect_look" in st.session_state else "list",
        format_func=lambda name: LOOKS[name],
        required=True,
        key="inspect_look",
        persist_state="session",
        label_visibility="collapsed",
        wrap=False,
    )
    if look == "generations":
        show_generations(person)
    elif look == "what-if":
        show_what_if(person)
    else:
        _show_list(person)


def _show_list(person: Person) -> None:
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
            help="V1 asks one source alone, V1.5 merges all of them, V2 has a model rank the merged films.",
        )
        k = choose_length("inspect_k")
    inspection = load_inspection(person, Wishes(k=k, generation=generation or "v2"))
    if inspection.note:
        st.info(escape_markdown(inspection.note), icon=":material/info:")
    show_pipeline(inspection)
    if inspection.items:
        show_item(inspection)
    else:
        st.caption("The list is empty.")
    _show_raw(inspection)


def _show_raw(inspection: Inspection) -> None:
    with st.expander("Raw answer as JSON", icon=":material/data_object:"):
        text = json.dumps(asdict(inspection), ensure_ascii=False, indent=1)
        st.download_button(
            "Download JSON",
            text,
            file_name="inspection.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="download-json",
        )
        st.caption("What the API answered, as this page read it. The button at its upper right copies all.")
        st.code(text, language="json", height=400)


if __name__ == "__main__":
    render()
