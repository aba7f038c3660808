"""Questions to the recommender that change nothing: another length, more variety, one more like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.answers import load_genres, search_movies
from ui.api_client import Wishes
from ui.components.choices import choose_length, choose_variety
from ui.components.filters import FIRST_YEAR
from ui.components.generations import show_list_difference
from ui.inspection import load_list
from ui.models import Movie
from ui.session import Person
from ui.text import AIM_NAMES, escape_markdown, name_movie

MAX_LIKES: Final = 5
N_FOUND: Final = 6
_LIKES: Final = "what_if_likes"


def show_what_if(person: Person) -> None:
    """Draw the questions, the list as it is and the list as it would be."""
    st.caption("Try things out: nothing here is stored, and your own list stays as it is.")
    order, choice = st.columns(2, gap="medium")
    with order:
        liked = _show_likes()
    wishes = _show_controls(order, choice)
    before = load_list(person, Wishes(k=10))
    after = load_list(person, wishes, [movie.item_id for movie in liked])
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**As it is** :gray[10 films, no variety, no filters]")
        show_list_difference(None, before.items, "before")
    with right:
        st.markdown(f"**What if** :gray[{escape_markdown(_describe(wishes, liked))}]")
        show_list_difference(before.items, after.items, "after")
        if after.note:
            st.info(escape_markdown(after.note), icon=":material/info:")


def _show_controls(order: DeltaGenerator, choice: DeltaGenerator) -> Wishes:
    last_year = datetime.now(UTC).year
    with order:
        k = choose_length("what_if_k")
    with choice:
        variety = choose_variety("what_if_variety")
    aim = order.selectbox(
        "In the mood for",
        list(AIM_NAMES),
        format_func=lambda name: AIM_NAMES[name],
        key="what_if_aim",
        persist_state="session",
        help="What the order is for: the ranking model weighs its three goals accordingly.",
    )
    genres = choice.multiselect(
        "Only genres", load_genres(), key="what_if_genres", persist_state="session", placeholder="All genres"
    )
    first, last = choice.slider(
        "Only years",
        FIRST_YEAR,
        last_year,
        (FIRST_YEAR, last_year),
        key="what_if_years",
        persist_state="session",
    )
    return Wishes(
        k=k,
        genres=tuple(genres),
        year_from=first if first > FIRST_YEAR else None,
        year_to=last if last < last_year else None,
        diversity=float(variety),
        aim=aim or "balanced",
    )


def _show_likes() -> tuple[Movie, ...]:
    liked: dict[str, Movie] = st.session_state.setdefault(_LIKES, {})
    query = st.text_input(
        "What if you also liked …",
        placeholder="Type a title",
        icon=":material/search:",
        key="what_if_query",
        help=f"A made-up like, up to {MAX_LIKES} at a time. It is sent with this question alone.",
    )
    for movie in liked.values():
        st.button(
            f"Without: {escape_markdown(name_movie(movie))}",
            key=f"unlike-{movie.item_id}",
            icon=":material/close:",
            type="tertiary",
            on_click=_forget,
            args=(movie.item_id,),
        )
    if query.strip():
        found = [movie for movie in search_movies(query, N_FOUND).movies if movie.item_id not in liked]
        if not found:
            st.caption("No other film of that title.")
        for movie in found:
            st.button(
                f"Like {escape_markdown(name_movie(movie))}",
                key=f"suppose-{movie.item_id}",
                icon=":material/add:",
                disabled=len(liked) >= MAX_LIKES,
                on_click=_suppose,
                args=(movie,),
            )
    return tuple(liked.values())


def _suppose(movie: Movie) -> None:
    st.session_state[_LIKES][movie.item_id] = movie


def _forget(item_id: str) -> None:
    st.session_state[_LIKES].pop(item_id, None)


def _describe(wishes: Wishes, liked: tuple[Movie, ...]) -> str:
    parts = [f"{wishes.k} films"]
    if wishes.diversity:
        parts.append(f"variety {wishes.diversity:.1f}")
    if wishes.aim != "balanced":
        parts.append(AIM_NAMES[wishes.aim].lower())
    if wishes.genres:
        parts.append(", ".join(wishes.genres))
    if wishes.year_from or wishes.year_to:
        parts.append(f"{wishes.year_from or '…'} to {wishes.year_to or '…'}")
    if liked:
        parts.append(f"liking {', '.join(name_movie(movie) for movie in liked)}")
    return " · ".join(parts)
