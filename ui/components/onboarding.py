"""First minutes of a new viewer: a few genres, a few known films."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.answers import load_genres, search_movies
from ui.api_client import Wishes
from ui.components.card import show_movie_cards, show_rail
from ui.components.marks import show_marks
from ui.components.notices import plain_errors, show_feedback_state
from ui.connection import get_client
from ui.feedback import MarkBook
from ui.marking import get_book, send_waiting
from ui.models import Movie, PickList
from ui.session import Person, choose_person
from ui.text import count_things

N_STARTERS: Final = 18
N_PICKS: Final = 8
STARTER_DIVERSITY: Final = 0.3
"""Known films of many kinds, so that everybody finds some of theirs."""


def needs_onboarding(person: Person) -> bool:
    """Return whether nothing is known of this viewer yet, or they are still choosing."""
    if not person.is_guest:
        return False
    if st.session_state.get("onboarded") == person.user_id:
        return False
    if st.session_state.get("onboarding") == person.user_id:
        return True
    return not person.favourite_genres and not get_book(person).marked("like")


def show_onboarding(person: Person) -> None:
    """Draw the questions; the answers become favourite genres in the address and likes in the API."""
    st.session_state["onboarding"] = person.user_id
    st.title("What do you like?", anchor=False)
    st.caption("A few genres or three films you know are enough to start. Every answer sharpens the picks.")
    _show_questions(person)


@st.fragment
def _show_questions(person: Person) -> None:
    with plain_errors("onboarding"):
        send_waiting(person)
        book = get_book(person)
        genres = st.pills("Genres you like", load_genres(), selection_mode="multi", key="onboarding_genres")
        _show_end(person, tuple(genres), len(book.marked("like")))
        show_feedback_state(book, st.session_state.pop("feedback_problem", None))
        _show_picks(person, book, tuple(genres))
        _show_films(person, book)
    st.session_state.pop("page_stale", None)
    if st.session_state.get("onboarded") == person.user_id:
        st.rerun()
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def _show_end(person: Person, genres: tuple[str, ...], n_likes: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="onboarding-end"):
        st.button(
            "Show my picks",
            type="primary",
            icon=":material/movie:",
            key="finish-onboarding",
            disabled=not genres and not n_likes,
            on_click=_finish,
            args=(person, genres),
        )
        st.button(
            "Skip: show what is popular",
            type="tertiary",
            key="skip-onboarding",
            on_click=_finish,
            args=(person, ()),
        )
        st.caption(
            f"{count_things(len(genres), 'genre')} and {count_things(n_likes, 'film')} chosen",
            width="content",
        )


def _show_picks(person: Person, book: MarkBook, genres: tuple[str, ...]) -> None:
    """Draw the first picks as soon as there is anything to go by; they change with every answer."""
    likes = tuple(mark.movie.item_id for mark in book.marked("like"))
    dislikes = tuple(mark.movie.item_id for mark in book.marked("dislike"))
    if not (genres or likes):
        return
    key = (person.user_id, genres, likes, dislikes)
    if st.session_state.get("first_picks_key") != key:
        wishes = Wishes(k=N_PICKS, hide=tuple(movie.item_id for movie in _load_starters()) + dislikes)
        st.session_state["first_picks"] = get_client().recommend_for(person.user_id, wishes, genres, likes)
        st.session_state["first_picks_key"] = key
    picks: PickList = st.session_state["first_picks"]
    with st.container(border=True, key="first-picks"):
        st.markdown("**Your picks so far** :gray[:small[they change with every answer]]")
        show_rail(person, book, picks.items, "first")


def _show_films(person: Person, book: MarkBook) -> None:
    query = st.text_input(
        "Films you know",
        placeholder="Search by title",
        icon=":material/search:",
        key="onboarding_query",
        width=440,
    )
    if book.marks:
        show_marks(person, book, ("like", "dislike", "save"))
    movies = search_movies(query, N_STARTERS).movies if query.strip() else _load_starters()
    if movies:
        show_movie_cards(person, book, movies, "onboarding")
    else:
        st.caption("No film of that name.")


def _load_starters() -> tuple[Movie, ...]:
    if "starters" not in st.session_state:
        wishes = Wishes(k=N_STARTERS, generation="v1-popularity", diversity=STARTER_DIVERSITY)
        st.session_state["starters"] = get_client().recommend_for(None, wishes).items
    starters: tuple[Movie, ...] = st.session_state["starters"]
    return starters


def _finish(person: Person, genres: tuple[str, ...]) -> None:
    st.session_state["onboarded"] = person.user_id
    st.session_state.pop("onboarding", None)
    choose_person(person.user_id, genres)
