"""What the list should be like: genres, years, length, variety, engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from ui.api_client import Wishes
from ui.session import load_genres, load_health
from ui.text import name_generation

FIRST_YEAR: Final = 1900
LENGTHS: Final = (12, 24, 48, 96)


def show_filters() -> Wishes:
    """Draw the filter panel and return what it says; the label counts the filters that are on."""
    last_year = datetime.now(UTC).year
    state = st.session_state
    years = state.get("years", (FIRST_YEAR, last_year))
    n_on = bool(state.get("genres")) + (years != (FIRST_YEAR, last_year)) + bool(state.get("variety"))
    n_on += state.get("engine") not in (None, "v2")
    with st.popover(f"Filters ({n_on})" if n_on else "Filters", icon=":material/tune:", key="filters"):
        genres = st.multiselect(
            "Genres", load_genres(), key="genres", persist_state="session", placeholder="All genres"
        )
        first, last = st.slider(
            "Years", FIRST_YEAR, last_year, (FIRST_YEAR, last_year), key="years", persist_state="session"
        )
        k = st.segmented_control(
            "Number of films", LENGTHS, default=24, required=True, key="length", persist_state="session"
        )
        variety = st.slider(
            "Variety",
            0.0,
            1.0,
            0.0,
            0.1,
            key="variety",
            persist_state="session",
            help="0 keeps the best matches first; higher values avoid films that resemble each other.",
        )
        engine = st.selectbox(
            "Engine",
            load_health().generations,
            index=None,
            key="engine",
            format_func=name_generation,
            persist_state="session",
            placeholder=name_generation("v2"),
            help="Which generation of the recommender answers.",
        )
    return Wishes(
        k=k or 24,
        generation=engine or "v2",
        genres=tuple(genres),
        year_from=first if first > FIRST_YEAR else None,
        year_to=last if last < last_year else None,
        diversity=float(variety),
    )
