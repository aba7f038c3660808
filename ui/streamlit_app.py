"""The script behind every page: settings, navigation, header. ``server.py`` runs it, and brings the style."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.components.credits import show_credits
from ui.components.header import show_header
from ui.components.notices import plain_errors
from ui.components.tour_bar import show_tour_bar

ASSETS = Path(__file__).parent / "assets"


def main() -> None:
    """Draw the page the address names."""
    st.set_page_config(page_title="MovieRec", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.logo(ASSETS / "logo.svg", size="large")
    page = st.navigation(
        [
            st.Page("views/for_you.py", title="For you", icon=":material/movie:", default=True),
            st.Page("views/title.py", title="Title", icon=":material/search:", url_path="title"),
            st.Page("views/taste.py", title="My taste", icon=":material/favorite:", url_path="taste"),
            st.Page("views/together.py", title="Together", icon=":material/group:", url_path="together"),
            st.Page("views/inspect.py", title="Inspect", icon=":material/troubleshoot:", url_path="inspect"),
            st.Page(
                "views/evaluation.py", title="Evaluation", icon=":material/analytics:", url_path="evaluation"
            ),
            st.Page(
                "views/simulation.py", title="Simulation", icon=":material/smart_toy:", url_path="simulation"
            ),
            st.Page("views/tour.py", title="Tour", icon=":material/tour:", url_path="tour"),
        ],
        position="top",
    )
    if page.url_path != "title":
        # The way back from a film leads here with the film still in the address.
        st.query_params.pop("movie", None)
    st.session_state["shown_person"] = show_header()
    if st.session_state["shown_person"] is not None:
        show_tour_bar()
        with plain_errors("page"):
            page.run()
        show_credits()


if __name__ == "__main__":
    main()
