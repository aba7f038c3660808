"""First minutes of a new viewer: a few genres, a few known films."""

from __future__ import annotations

import streamlit as st

from ui.api_client import Wishes
from ui.components.card import show_movie_cards
from ui.components.marks import show_marks
from ui.components.notices import show_feedback_state
from ui.models import Movie
from ui.session import (
    Person,
    choose_person,
    get_book,
    get_client,
    load_genres,
    search_movies,
    send_waiting,
)
from ui.text import count_things

N_STARTERS = 18


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
    st.caption("A few genres or three films you know are enough to start.")
    genres = st.pills("Genres you like", load_genres(), selection_mode="multi", key="onboarding_genres")
    _show_films(person)
    n_likes = len(get_book(person).marked("like"))
    with st.container(horizontal=True, vertical_alignment="center", key="onboarding-end"):
        st.button(
            "Show my picks",
            type="primary",
            icon=":material/movie:",
            key="finish-onboarding",
            disabled=not genres and not n_likes,
            on_click=_finish,
            args=(person, tuple(genres)),
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


@st.fragment
def _show_films(person: Person) -> None:
    send_waiting(person)
    book = get_book(person)
    query = st.text_input(
        "Films you know",
        placeholder="Search by title",
        icon=":material/search:",
        key="onboarding_query",
        width=440,
    )
    show_feedback_state(book, st.session_state.pop("feedback_problem", None))
    if book.marks:
        show_marks(person, book, ("like", "dislike", "save"))
    movies = search_movies(query, N_STARTERS).movies if query.strip() else _load_starters()
    if movies:
        show_movie_cards(person, book, movies, "onboarding")
    else:
        st.caption("No film of that name.")
    if st.session_state.pop("notice", None):
        st.rerun()


def _load_starters() -> tuple[Movie, ...]:
    if "starters" not in st.session_state:
        wishes = Wishes(k=N_STARTERS, generation="v1-popularity")
        st.session_state["starters"] = get_client().recommend_for(None, wishes).items
    starters: tuple[Movie, ...] = st.session_state["starters"]
    return starters


def _finish(person: Person, genres: tuple[str, ...]) -> None:
    st.session_state["onboarded"] = person.user_id
    st.session_state.pop("onboarding", None)
    choose_person(person.user_id, genres)
