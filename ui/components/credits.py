"""The foot of every page: what the owner of the posters wants said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from ui.answers import load_health
from ui.api_client import ApiUnavailable
from ui.text import escape_markdown

LOGO: Final = Path(__file__).parents[1] / "assets" / "tmdb.svg"
"""TMDB's logo is its own and not part of this project; where somebody put it here, it is shown."""


def show_credits() -> None:
    """Draw the credits of the posters where they are not ours."""
    try:
        attribution = load_health().poster_attribution
    except ApiUnavailable:
        return
    if attribution is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="credits"):
        if LOGO.is_file():
            st.image(LOGO, width=90, alt="TMDB")
        st.caption(
            f"Posters from [TMDB](https://www.themoviedb.org). {escape_markdown(attribution)}",
            width="content",
        )
