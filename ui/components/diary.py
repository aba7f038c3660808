"""What a viewer did and said: history, marks, the log with undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import streamlit as st

from ui.api_client import ApiRefused, ApiUnavailable, FeedbackEvent
from ui.components.card import show_movie_cards, show_small_cards
from ui.components.marks import show_marks
from ui.connection import get_client
from ui.marking import get_book, undo_movie
from ui.memory import note_change, read_state, remember
from ui.models import Action
from ui.session import Person
from ui.text import count_things, escape_markdown, name_movie
from ui.viewers import DiaryEntry, LogEvent, load_history, load_log

HISTORY_PAGE: Final = 24
LOG_PAGE: Final = 20
_ACTIONS: Final = {
    "like": "Liked",
    "dislike": "Not for me",
    "save": "Saved",
    "rate": "Imported rating",
    "undo": "Took back",
}


def show_history(person: Person) -> None:
    """Draw everything the viewer watched, rated and judged, newest first, in pages."""
    page = st.session_state.get("history_page", 1)
    offset = (page - 1) * HISTORY_PAGE
    state = (read_state(person), offset)
    client = get_client()
    history = remember("history", state, lambda: load_history(client, person.user_id, HISTORY_PAGE, offset))
    if not history.total:
        st.caption("Nothing yet. Like films on the home page, or bring your ratings under “Your data”.")
        return
    first, last = offset + 1, offset + len(history.entries)
    st.caption(
        f"{first:,} to {last:,} of {count_things(history.total, 'title')}, newest first. Stars are out of 5."
    )
    films = [entry.item for entry in history.entries]
    show_small_cards(person, films, "history", [describe_entry(entry) for entry in history.entries])
    n_pages = -(-history.total // HISTORY_PAGE)
    if n_pages > 1:
        st.pagination(n_pages, key="history_page")


def describe_entry(entry: DiaryEntry) -> str:
    """Return rating, month and origin of an entry as one plain line."""
    if entry.rating is not None:
        said = f"{entry.rating:g} ★"
    else:
        said = _ACTIONS.get(entry.action or "", "no rating").lower()
    if entry.origin == "app":
        said = f"{said} here"
    parts = [said, f"{entry.when:%b %Y}", "imported" if entry.origin == "import" else ""]
    return " · ".join(part for part in parts if part)


def show_saved_and_thumbs(person: Person) -> None:
    """Draw the saved list as cards and the thumbs as chips."""
    book = get_book(person)
    saved = [mark.movie for mark in book.marked("save")]
    st.markdown(f"**Saved** :gray[{len(saved)}]")
    if saved:
        show_movie_cards(person, book, saved, "saved")
    else:
        st.caption("Nothing saved yet. Press the bookmark on any film to put it aside.")
    groups: tuple[tuple[Action, str], ...] = (("like", "Liked"), ("dislike", "Not for me"))
    for action, name in groups:
        marks = book.marked(action)
        st.markdown(f"**{name}** :gray[{len(marks)}]")
        if marks:
            show_marks(person, book, (action,))
        else:
            st.caption("None yet.")


def show_log(person: Person) -> None:
    """Draw everything the viewer said, newest first, with a way to take back what stands."""
    page = st.session_state.get("log_page", 1)
    offset = (page - 1) * LOG_PAGE
    client = get_client()
    log = remember(
        "log", (read_state(person), offset), lambda: load_log(client, person.user_id, LOG_PAGE, offset)
    )
    st.markdown(f"**Everything you said** :gray[{log.total:,}]")
    if not log.total:
        st.caption("No feedback yet.")
        return
    st.caption("Newest first. What you took back or replaced is kept here too, until you delete it.")
    with st.container(gap="xsmall", key="log"):
        for event in log.events:
            _show_event(person, event)
    n_pages = -(-log.total // LOG_PAGE)
    if n_pages > 1:
        st.pagination(n_pages, key="log_page")


def _show_event(person: Person, event: LogEvent) -> None:
    name = name_movie(event.item) if event.item is not None else f"film {event.item_id}"
    what = _ACTIONS[event.action] + (f" {event.rating:g} ★" if event.rating is not None else "")
    when = f"{event.server_time:%-d %b %Y %H:%M} UTC" if event.server_time is not None else ""
    standing = event.in_force or event.action == "undo"
    title = escape_markdown(name) if standing else f"~~{escape_markdown(name)}~~"
    note = "" if standing else ", no longer counts"
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"event-{event.event_id}"
    ):
        st.markdown(f"{what}: **{title}** :gray[:small[{when}{note}]]", width="stretch")
        if event.in_force:
            # The words, with the title, are there for screen readers; the style sheet leaves only the icon.
            with st.container(key=f"marks-log-{event.event_id}", width="content"):
                st.button(
                    f"Take back: {escape_markdown(name)}",
                    key=f"take-back-{event.event_id}",
                    help="Take back",
                    icon=":material/undo:",
                    on_click=_take_back,
                    args=(person, event),
                )


def _take_back(person: Person, event: LogEvent) -> None:
    if any(mark.event_id == event.event_id for mark in get_book(person).marks):
        undo_movie(person, event.event_id)
    else:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        undo = FeedbackEvent(str(uuid4()), person.user_id, event.item_id, "undo", event.event_id, now, {})
        try:
            get_client().send_feedback(undo)
            st.session_state["notice"] = "Taken back"
        except (ApiUnavailable, ApiRefused) as error:
            st.session_state["feedback_problem"] = str(error)
    note_change()
