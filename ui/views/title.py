"""One film: what it is, why it suits this viewer, what resembles it, whom else it suits."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.answers import load_genres, load_movie, load_similar, search_movies
from ui.components.card import show_movie_cards
from ui.components.marks import show_mark_buttons
from ui.components.notices import plain_errors, show_feedback_state
from ui.components.poster import show_poster
from ui.components.standing import show_appeal, show_causes, show_standing
from ui.connection import get_client
from ui.feedback import MarkBook
from ui.marking import get_book, send_waiting
from ui.memory import read_state, remember
from ui.models import MovieFacts
from ui.session import Person
from ui.text import count_things, escape_markdown, format_match, strip_year
from ui.titles import Standing, load_appeal, load_standing

N_FOUND: Final = 24
N_SIMILAR: Final = 12


def render() -> None:
    """Draw the film the address names, or a search."""
    person: Person = st.session_state["shown_person"]
    query = st.text_input(
        "Find a film",
        placeholder="Find a film by its title",
        icon=":material/search:",
        key="title_query",
        label_visibility="collapsed",
        width=440,
    )
    if query.strip():
        _show_found(person, query)
        return
    item_id = st.query_params.get("movie") or st.session_state.get("movie")
    if not item_id:
        st.caption("Search above, or press a title on any page.")
        return
    st.session_state["movie"] = item_id
    st.query_params["movie"] = item_id
    _show_movie(person, item_id)


def _show_found(person: Person, query: str) -> None:
    page = search_movies(query, N_FOUND)
    st.caption(count_things(page.total, "film") if page.total else "No film of that name.")
    show_movie_cards(person, get_book(person), page.movies, "found")


@st.fragment
def _show_movie(person: Person, item_id: str) -> None:
    with plain_errors("title"):
        send_waiting(person)
        book = get_book(person)
        show_feedback_state(book, st.session_state.pop("feedback_problem", None))
        movie = load_movie(item_id)
        standing = _load_standing(person, item_id)
        _show_facts(person, book, movie, standing)
        st.subheader("Your titles behind it", anchor=False)
        show_causes(person, standing)
        st.subheader("Similar titles", anchor=False)
        _show_similar(person, book, item_id)
        st.subheader("Who else it suits", anchor=False)
        client = get_client()
        with st.spinner("Looking for viewers", show_time=False):
            appeal = remember("appeal", item_id, lambda: load_appeal(client, item_id))
        show_appeal(person, movie, appeal)
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def _load_standing(person: Person, item_id: str) -> Standing:
    # Links may be old or mistyped: a genre this catalogue lacks must not cost the whole page.
    genres = [genre for genre in person.favourite_genres if genre in load_genres()]
    return remember(
        "standing",
        (item_id, read_state(person)),
        lambda: load_standing(get_client(), item_id, person.user_id, genres),
    )


def _show_facts(person: Person, book: MarkBook, movie: MovieFacts, standing: Standing) -> None:
    poster, facts = st.columns([5, 13], gap="medium")
    with poster:
        show_poster(movie)
    with facts.container(gap="small", key="facts"):
        st.title(escape_markdown(strip_year(movie)), anchor=False)
        known = [str(movie.year)] if movie.year else []
        known += [text for text in (movie.country, ", ".join(movie.genres)) if text]
        st.markdown(escape_markdown(" · ".join(known)))
        if movie.director:
            st.markdown(f"Directed by **{escape_markdown(movie.director)}**")
        if movie.keywords:
            st.caption(escape_markdown(", ".join(movie.keywords)))
        crowd = count_things(movie.n_interactions, "rating")
        if movie.mean_rating is not None:
            crowd = f"{movie.mean_rating:.1f} of 5 on average, {crowd}"
        st.caption(crowd, help="What all viewers of this data set made of it.")
        show_mark_buttons(person, book, movie, "title")
        st.subheader("You and this film", anchor=False)
        show_standing(person, standing)
        _show_links(movie)


def _show_links(movie: MovieFacts) -> None:
    links = (("IMDb", movie.imdb_url), ("TMDB", movie.tmdb_url))
    with st.container(horizontal=True, gap="xsmall"):
        for name, url in links:
            if url and url.startswith("https://"):
                st.link_button(name, url, icon=":material/open_in_new:", type="tertiary")


def _show_similar(person: Person, book: MarkBook, item_id: str) -> None:
    similar = load_similar(item_id, N_SIMILAR).similar
    if not similar:
        st.caption("Too few people have seen it to say.")
        return
    st.caption("Alike says how close two films are, from 0% to 100%, and what that rests on.")
    lines = [f"{format_match(near.similarity)} alike: {near.basis}" for near in similar]
    show_movie_cards(person, book, similar, "similar", lines)


if __name__ == "__main__":
    render()
