"""The top of every page: whose list it is, and what data it comes from."""

from __future__ import annotations

import streamlit as st

from ui.answers import load_health, load_viewers
from ui.api_client import ApiUnavailable
from ui.components.notices import show_unavailable
from ui.models import Viewer
from ui.session import Person, choose_person, find_person, make_guest_id, read_address, write_address
from ui.text import count_things, escape_markdown

_CHOICE = "viewer_choice"


def show_header() -> Person | None:
    """Draw the header and return whose list to show; None where that is not known."""
    read_address()
    try:
        person = find_person()
    except ApiUnavailable as error:
        show_unavailable(str(error), "viewer")
        return None
    write_address()
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        _show_viewer_choice(person)
        st.button("New viewer", icon=":material/person_add:", on_click=_start_guest, key="new-viewer")
        _show_data_line()
    if person is None:
        user_id = escape_markdown(st.session_state["user_id"])
        st.warning(f"There is no viewer {user_id}. Choose one above, or start as a new viewer.")
    return person


def describe_viewer(viewer: Viewer) -> str:
    """Return a viewer as one plain line: id, number of ratings, top genres."""
    genres = ", ".join(viewer.top_genres[:3])
    line = f"Viewer {viewer.user_id} · {count_things(viewer.n_events, 'rating')}"
    return f"{line} · {genres}" if genres else line


def _show_viewer_choice(person: Person | None) -> None:
    try:
        page = load_viewers()
    except ApiUnavailable:
        return
    viewers = {viewer.user_id: viewer for viewer in page.users}
    if person is not None and person.viewer is not None:
        viewers.setdefault(person.user_id, person.viewer)
    names = {user_id: describe_viewer(viewer) for user_id, viewer in viewers.items()}
    if person is not None and person.is_guest:
        names = {person.user_id: "New viewer (you)", **names}
    st.session_state[_CHOICE] = person.user_id if person else None
    st.selectbox(
        "Viewer",
        list(names),
        key=_CHOICE,
        format_func=lambda user_id: names.get(user_id, user_id),
        placeholder="Choose a viewer, or type an id",
        accept_new_options=True,
        filter_mode="contains",
        on_change=_choose_viewer,
        width=440,
        label_visibility="collapsed",
    )


def _show_data_line() -> None:
    try:
        health = load_health()
    except ApiUnavailable:
        st.caption("The recommender does not answer right now", width="content")
        return
    parts = ["Simulated audience, real films"] if health.simulated else []
    parts += [
        f"Data: {escape_markdown(health.dataset)}",
        count_things(health.n_items, "film"),
        count_things(health.n_users, "viewer"),
        count_things(health.n_interactions, "rating"),
    ]
    st.caption(" · ".join(parts), width="content")


def _choose_viewer() -> None:
    choice = st.session_state[_CHOICE]
    if not choice:
        return
    user_id = str(choice).strip().removeprefix("Viewer ")
    st.session_state.pop("person", None)
    choose_person(user_id)


def _start_guest() -> None:
    choose_person(make_guest_id())
