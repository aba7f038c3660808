"""One film: what it is, why it is in the list, what resembles it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.components.card import explain_match, show_movie_cards
from ui.components.marks import show_mark_buttons
from ui.components.notices import plain_errors, show_feedback_state
from ui.components.poster import show_poster
from ui.feedback import MarkBook
from ui.models import MovieFacts, Pick
from ui.session import Person, get_book, load_movie, load_similar, search_movies, send_waiting
from ui.shelf import get_shelf
from ui.text import count_things, escape_markdown, format_match, name_source, strip_year

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
    st.caption(count_things(page.total, "film"))
    show_movie_cards(person, get_book(person), page.movies, "found")


@st.fragment
def _show_movie(person: Person, item_id: str) -> None:
    with plain_errors("title"):
        send_waiting(person)
        book = get_book(person)
        show_feedback_state(book, st.session_state.pop("feedback_problem", None))
        movie = load_movie(item_id)
        _show_facts(person, book, movie)
        st.subheader("Similar titles", anchor=False)
        similar = load_similar(item_id, N_SIMILAR).similar
        if similar:
            lines = [f"{format_match(near.similarity)} alike: {near.basis}" for near in similar]
            show_movie_cards(person, book, similar, "similar", lines)
        else:
            st.caption("Too few people have seen it to say.")
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def _show_facts(person: Person, book: MarkBook, movie: MovieFacts) -> None:
    poster, facts = st.columns([1, 3], gap="medium")
    with poster:
        show_poster(movie)
    with facts.container(gap="xsmall", key="facts"):
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
        st.caption(crowd)
        show_mark_buttons(person, book, movie, "title")
        _show_reasons(person, movie.item_id)
        _show_links(movie)


def _show_links(movie: MovieFacts) -> None:
    links = (("IMDb", movie.imdb_url), ("TMDB", movie.tmdb_url))
    with st.container(horizontal=True, gap="xsmall"):
        for name, url in links:
            if url and url.startswith("https://"):
                st.link_button(name, url, icon=":material/open_in_new:", type="tertiary")


def _show_reasons(person: Person, item_id: str) -> None:
    pick = _find_pick(person, item_id)
    if pick is None:
        st.caption("This film is not in your current list.")
        return
    st.badge(f"{format_match(pick.match)} match", color="gray", help=explain_match(pick.match))
    st.markdown(f"**Why the recommender put it at number {pick.rank}**")
    for reason in pick.reasons:
        st.markdown(f"- {escape_markdown(reason.text)}")
        others = [escape_markdown(cause.title) for cause in reason.because]
        if len(others) > 1:
            st.caption("Rests on " + ", ".join(others))
    if pick.sources:
        found = ", ".join(f"{name_source(hit.source)} (rank {hit.rank})" for hit in pick.sources)
        st.caption(f"Found by: {escape_markdown(found)}")


def _find_pick(person: Person, item_id: str) -> Pick | None:
    shelf = get_shelf()
    if shelf is None or shelf.person != person:
        return None
    return next((pick for pick in shelf.picks.items if pick.item_id == item_id), None)


if __name__ == "__main__":
    render()
