"""The guided tour, and one page of a viewer's list to take along."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from ui.answers import load_health
from ui.api_client import ApiError, Wishes
from ui.components.header import describe_viewer
from ui.components.tour_bar import get_step, go_to_step
from ui.connection import get_client
from ui.inspection import load_list
from ui.models import Pick
from ui.session import Person
from ui.summary import MAX_PICKS, SummaryFacts, make_summary
from ui.text import count_things, escape_markdown
from ui.tour import MINUTES, STEPS


def render() -> None:
    """Draw the way through the app and the page to print."""
    person: Person = st.session_state["shown_person"]
    st.title("Tour", anchor=False)
    if get_step() is None:
        _show_start(person)
    _show_summary(person)


def _show_start(person: Person) -> None:
    who = describe_viewer(person.viewer) if person.viewer else "a new viewer"
    st.markdown(
        f"The whole product in {MINUTES} minutes, with **{escape_markdown(who)}**. "
        "A bar on top of every page says what to look at. Choose somebody else above if you like."
    )
    st.markdown("\n".join(f"{place}. **{step.title}.** {step.say}" for place, step in enumerate(STEPS, 1)))
    if st.button("Start the tour", type="primary", icon=":material/play_arrow:", key="tour-start"):
        go_to_step(0)


def _show_summary(person: Person) -> None:
    st.subheader("One page to take along", anchor=False)
    picks = load_list(person, Wishes(k=MAX_PICKS))
    with st.spinner("Drawing the page …"):
        page = make_summary(_gather_facts(person, picks.bundle), picks.items, _load_posters(picks.items))
    name = re.sub(r"[^A-Za-z0-9-]+", "-", person.user_id).strip("-") or "viewer"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download as HTML",
            page,
            file_name=f"movierec-{name}.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key="download-summary",
        )
        st.caption(
            "It needs nothing but a browser. For a PDF press “Print or save as PDF” below and choose "
            "PDF as the printer: it is one sheet of A4."
        )
    st.iframe(page, height=720, alt=f"Summary of the films for {person.user_id}, as it is printed")


def _gather_facts(person: Person, bundle: str) -> SummaryFacts:
    health = load_health()
    audience = "Simulated audience, real films · " if health.simulated else ""
    return SummaryFacts(
        who=f"viewer {person.user_id}" if person.viewer else "you",
        likes=person.viewer.top_genres[:3] if person.viewer else person.favourite_genres[:3],
        data=f"{audience}Data: {health.dataset}, {count_things(health.n_items, 'film')}",
        bundle=bundle,
        made_on=datetime.now(UTC).date(),
    )


def _load_posters(picks: tuple[Pick, ...]) -> dict[str, bytes]:
    """Return the posters that can be had; the page must not fail for want of a picture."""
    posters = {}
    for pick in picks[:MAX_PICKS]:
        with suppress(ApiError):
            posters[pick.item_id] = _load_poster(get_client().base_url, pick.item_id, pick)
    return posters


@st.cache_data(ttl=3600, show_spinner=False, max_entries=500)
def _load_poster(base_url: str, item_id: str, _pick: Pick) -> bytes:
    return get_client().poster_svg(_pick)


if __name__ == "__main__":
    render()
