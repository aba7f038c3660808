"""A viewer's marks during a session: loaded once, counted at once, handed to the courier."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, cast

import streamlit as st

from ui.api_client import ApiUnavailable
from ui.connection import get_client, get_courier, get_outbox
from ui.feedback import MarkBook, add_mark, complete_book, restore_book, settle, undo_mark
from ui.models import Action, Movie
from ui.session import Person
from ui.text import escape_markdown, name_movie

HOME: Final = "home"
"""Surface of the list that re-ranks itself."""

PATIENCE_SECONDS: Final = 0.15
"""How long a press waits for the API to store it; afterwards it waits in the outbox, shown as such."""

_PAST_TENSE: Final = {"like": "Liked", "dislike": "Hidden", "save": "Saved"}


def get_book(person: Person) -> MarkBook:
    """Return the viewer's marks: what the API has stored, loaded once, and what waits to be sent.

    While the API cannot tell, marks given meanwhile are kept and joined with the stored ones later.
    """
    books = st.session_state.setdefault("books", {})
    book = cast("MarkBook | None", books.get(person.user_id))
    if book is None:
        kept = get_outbox().waiting(person.user_id)
        book = restore_book(person.user_id, kept)
        if kept:
            get_courier().hurry(patience=0.0)
    if not book.complete:
        with suppress(ApiUnavailable):
            book = complete_book(book, get_client().feedback(person.user_id))
        books[person.user_id] = book
    return book


def send_waiting(person: Person) -> None:
    """Take note of what was stored or refused meanwhile, and try the rest again."""
    if get_book(person).queue:
        _send(get_book(person), patience=0.0)


def mark_movie(person: Person, movie: Movie, action: Action, surface: str, rank: int | None = None) -> None:
    """Like, dislike or save a film: counts at once, and is on its way to the API."""
    context = {"surface": surface} | ({"rank": str(rank)} if rank else {})
    _change(person, add_mark(get_book(person), movie, action, context), movie)
    _note_page(surface, action)
    st.session_state["notice"] = f"{_PAST_TENSE[action]}: {escape_markdown(name_movie(movie))}"


def undo_movie(person: Person, event_id: str, surface: str = "") -> None:
    """Take a mark back."""
    book = get_book(person)
    mark = next((mark for mark in book.marks if mark.event_id == event_id), None)
    if mark is None:
        return
    _change(person, undo_mark(book, event_id), mark.movie)
    _note_page(surface, mark.action)
    st.session_state["notice"] = "Taken back"


def forget_feedback(person: Person, *, waiting: bool = False) -> None:
    """Drop what this session holds of a viewer's marks, so that they load anew; what waits only if told."""
    if waiting:
        outbox = get_outbox()
        for kept in outbox.waiting(person.user_id):
            outbox.forget(kept.event.event_id)
    for name in ("shelf", "taste_key"):
        st.session_state.pop(name, None)
    st.session_state.setdefault("books", {}).pop(person.user_id, None)


def _change(person: Person, book: MarkBook, movie: Movie) -> None:
    known = get_book(person).waiting
    outbox = get_outbox()
    for event in book.queue:
        if event.event_id not in known:
            outbox.keep(event, movie)
    _send(book, PATIENCE_SECONDS)


def _send(book: MarkBook, patience: float) -> None:
    """Hand the waiting events over; what the API has answered by then is taken out of the book."""
    get_courier().hurry(patience)
    outbox = get_outbox()
    refused = outbox.take_refused(book.user_id)
    waiting = {kept.event.event_id for kept in outbox.waiting(book.user_id)}
    st.session_state["books"][book.user_id] = settle(book, waiting, refused)
    if refused:
        st.session_state["feedback_problem"] = next(iter(refused.values()))


def _note_page(surface: str, action: Action) -> None:
    """Ask for the whole page again where a press in one part of it shows in another."""
    if surface != HOME or action == "save":
        st.session_state["page_stale"] = True
