"""Home: the list that re-ranks itself, then rows of films, none of them twice."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st

from ui.api_client import ApiUnavailable, Wishes
from ui.components.card import show_rail
from ui.components.cards import Head, show_waiting_cards
from ui.components.filters import show_filters
from ui.components.notices import plain_errors, show_unavailable
from ui.components.onboarding import needs_onboarding, show_onboarding
from ui.components.wall import N_SHOWN, show_wall
from ui.marking import get_book, send_waiting
from ui.models import Movie
from ui.session import Person
from ui.shelf import Shelf, find_last_shelf, get_shelf, load_shelf
from ui.text import count_things, escape_markdown, join_words

ROW_SHOWN: Final = 8


def render() -> None:
    """Draw the home page."""
    person: Person = st.session_state["shown_person"]
    st.session_state.pop("page_stale", None)
    if needs_onboarding(person):
        show_onboarding(person)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="heading"):
        _show_heading(person)
        wishes, hide_saved = show_filters()
    fresh = st.session_state.pop("fresh_wanted", False)
    send_waiting(person)
    shelf = _load_or_keep(person, wishes, fresh)
    if shelf is None:
        return
    _show_list(person, hide_saved)
    for number in range(1, len(shelf.rows)):
        _show_row(person, number, hide_saved)
    _show_saved(person, hide_saved)
    with st.expander(
        "Your recent taste", icon=":material/insights:", key="recent", on_change="rerun"
    ) as panel:
        if panel.open:
            # Charts take a second to import, and most visits never open this.
            from ui.components.taste import show_recent_taste

            with plain_errors("recent"):
                show_recent_taste(person)


def _show_heading(person: Person) -> None:
    with st.container(gap=None, width="stretch"):
        st.title("For you", anchor=False)
        if person.viewer is not None:
            genres = join_words([escape_markdown(genre) for genre in person.viewer.top_genres[:3]])
            history = count_things(person.viewer.n_events, "rating")
            st.caption(f"From {history}" + (f", mostly {genres}" if genres else ""))
        elif person.favourite_genres:
            genres = join_words([escape_markdown(genre) for genre in person.favourite_genres])
            st.caption(f"From your likes and your genres: {genres}")
        else:
            st.caption("From your likes")


def _load_or_keep(person: Person, wishes: Wishes, fresh: bool) -> Shelf | None:
    place = st.empty()
    try:
        if get_shelf() is None:
            with place:
                show_waiting_cards()
        shelf = load_shelf(person, wishes, fresh)
        place.empty()
    except ApiUnavailable as error:
        place.empty()
        show_unavailable(str(error), "list")
    else:
        _start_over(shelf)
        return shelf
    kept = find_last_shelf(person)
    if kept is not None:
        minutes = int((datetime.now(UTC) - kept.fetched).total_seconds() // 60)
        age = f"{count_things(minutes, 'minute')} ago" if minutes else "a moment ago"
        st.caption(f"This is the last list that arrived, {age}; filters may differ.")
    return kept


def _start_over(shelf: Shelf) -> None:
    """Show the beginning of a list of other wishes, however far the one before was opened."""
    name = (shelf.person.user_id, shelf.wishes)
    if st.session_state.get("opened") != name:
        st.session_state["opened"] = name
        st.session_state["n_shown"] = N_SHOWN
        st.session_state["open_rows"] = set()


@st.fragment
def _show_list(person: Person, hide_saved: bool) -> None:
    with plain_errors("body"):
        shelf = get_shelf()
        if shelf is not None:
            show_wall(person, shelf, hide_saved)
    _redraw_if_stale()
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


@st.fragment
def _show_row(person: Person, number: int, hide_saved: bool) -> None:
    shelf = get_shelf()
    if shelf is None or number >= len(shelf.rows):
        return
    row = shelf.rows[number]
    book = get_book(person)
    saved = {mark.movie.item_id for mark in book.marked("save")} if hide_saved else set()
    films = [pick for pick in row.items if pick.item_id not in saved]
    open_rows: set[str] = st.session_state.setdefault("open_rows", set())
    shown = films if row.title in open_rows else films[:ROW_SHOWN]
    head = Head(row.title, row.hint, len(films) - len(shown))
    show_rail(person, book, shown, f"row{number}", head, partial(_open_row, row.title))
    _redraw_if_stale()


def _open_row(title: str) -> None:
    st.session_state.setdefault("open_rows", set()).add(title)


@st.fragment
def _show_saved(person: Person, hide_saved: bool) -> None:
    """Draw the saved films; those that stand in a row above are not drawn twice."""
    shelf, book = get_shelf(), get_book(person)
    marks = book.marked("save")
    if not marks or shelf is None:
        return
    above = set() if hide_saved else {pick.item_id for pick in shelf.picks.items}
    films: list[Movie] = [mark.movie for mark in marks if mark.movie.item_id not in above]
    n_above = len(marks) - len(films)
    hint = "Kept for later; press the bookmark to remove one"
    if n_above:
        hint += f". {count_things(n_above, 'more', 'more')} above, marked with a bookmark"
    show_rail(person, book, films, "saved", Head("Saved", hint))
    _redraw_if_stale()


def _redraw_if_stale() -> None:
    """Draw the whole page where a press in one part shows in another."""
    if st.session_state.pop("page_stale", False):
        st.rerun()


if __name__ == "__main__":
    render()
