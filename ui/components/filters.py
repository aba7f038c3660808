"""What the list should be like: genres, years, length, variety, engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from ui.answers import load_genres, load_health
from ui.api_client import ApiUnavailable, Wishes
from ui.components.choices import choose_variety
from ui.text import AIM_NAMES, name_generation

FIRST_YEAR: Final = 1900
ROW_LENGTH: Final = 18
"""Films asked for per row; what is not shown at once fills gaps and comes with "Load more"."""


def show_filters() -> tuple[Wishes, bool]:
    """Draw the filter panel; return what it says and whether saved films stay off the rows.

    The label counts the filters that are on.
    """
    last_year = datetime.now(UTC).year
    state = st.session_state
    years = state.get("years", (FIRST_YEAR, last_year))
    n_on = bool(state.get("genres")) + (years != (FIRST_YEAR, last_year)) + bool(state.get("variety"))
    n_on += state.get("engine") not in (None, "v2")
    n_on += bool(state.get("hide_saved")) + (state.get("aim") not in (None, "balanced"))
    with st.popover(f"Filters ({n_on})" if n_on else "Filters", icon=":material/tune:", key="filters"):
        genres = st.multiselect(
            "Genres", load_genres(), key="genres", persist_state="session", placeholder="All genres"
        )
        first, last = st.slider(
            "Years", FIRST_YEAR, last_year, (FIRST_YEAR, last_year), key="years", persist_state="session"
        )
        hide_saved = st.toggle(
            "Hide saved films",
            key="hide_saved",
            persist_state="session",
            help="Saved films then stand in the row “Saved” only.",
        )
        aim = st.selectbox(
            "In the mood for",
            list(AIM_NAMES),
            key="aim",
            format_func=lambda aim: AIM_NAMES[aim],
            persist_state="session",
            help="“Something for tonight” leans to what people with your history watch next, “something to "
            "look forward to” to what you would like at any time; “best match first” goes by the match "
            "alone.",
        )
        variety = choose_variety("variety")
        engine = st.selectbox(
            "Engine",
            _load_generations(),
            index=None,
            key="engine",
            format_func=name_generation,
            persist_state="session",
            placeholder=name_generation("v2"),
            help="Which generation of the recommender answers.",
        )
    wishes = Wishes(
        k=ROW_LENGTH,
        generation=engine or "v2",
        genres=tuple(genres),
        year_from=first if first > FIRST_YEAR else None,
        year_to=last if last < last_year else None,
        diversity=float(variety),
        aim=aim or "balanced",
    )
    return wishes, bool(hide_saved)


def _load_generations() -> tuple[str, ...]:
    try:
        return load_health().generations
    except ApiUnavailable:
        return ("v2",)
