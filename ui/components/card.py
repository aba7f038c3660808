"""Cards: a poster with what a viewer needs to decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from ui.components.marks import show_mark_buttons
from ui.components.poster import show_poster
from ui.feedback import MarkBook
from ui.models import Movie
from ui.rerank import Placed, explain_move
from ui.session import Person, make_address
from ui.text import (
    describe_movie,
    escape_markdown,
    format_boost,
    format_match,
    format_move,
    strip_year,
)

TITLE_PAGE: Final = "views/title.py"
CARD_WIDTH: Final = 164


def explain_match(match: float) -> str:
    """Return what a match percentage means, in plain words."""
    return (
        f"The model's estimate of the chance that you like this film if you watch it: of 100 films with "
        f"{format_match(match)} that get watched, about {max(round(match * 100), 1)} should be liked. "
        "It is not a star rating."
    )


def show_pick_cards(person: Person, book: MarkBook, placed: Sequence[Placed], surface: str) -> None:
    """Draw a wall of recommended films in their order."""
    with st.grid(6, min_column_width=CARD_WIDTH, gap=("medium", "small"), key=f"wall-{surface}"):
        for card in placed:
            _show_pick_card(person, book, card, surface)


def show_movie_cards(
    person: Person,
    book: MarkBook,
    movies: Sequence[Movie],
    surface: str,
    lines: Sequence[str] = (),
) -> None:
    """Draw a wall of films that are not ranked, each with one line of plain text below."""
    with st.grid(6, min_column_width=CARD_WIDTH, gap=("medium", "small"), key=f"wall-{surface}"):
        for row, movie in enumerate(movies):
            with st.container(key=f"card-{surface}-{movie.item_id}", gap="xsmall", height="stretch"):
                show_poster(movie)
                show_title(movie)
                if lines:
                    st.caption(escape_markdown(lines[row]))
                show_mark_buttons(person, book, movie, surface)


def show_title(movie: Movie) -> None:
    """Draw the title, linked to the film's page, over year and genres."""
    st.page_link(
        TITLE_PAGE,
        label=escape_markdown(strip_year(movie)),
        icon="",
        width="stretch",
        query_params=make_address(movie),
    )
    if facts := describe_movie(movie):
        st.caption(escape_markdown(facts))


def _show_pick_card(person: Person, book: MarkBook, card: Placed, surface: str) -> None:
    pick = card.pick
    with st.container(key=f"card-{surface}-{pick.item_id}", gap="xsmall", height="stretch"):
        show_poster(pick, card.place, card.moved, faded=book.find(pick.item_id, "dislike") is not None)
        show_title(pick)
        st.badge(f"{format_match(pick.match)} match", color="gray", help=explain_match(pick.match))
        if pick.reasons:
            st.caption(escape_markdown(pick.reasons[0].text))
        if line := _describe_move(card):
            st.markdown(line)
        show_mark_buttons(person, book, pick, surface, card.place)


def _describe_move(card: Placed) -> str:
    move = format_move(card.moved)
    why = explain_move(card)
    if card.moved * card.boost < 0 or (move and not why):
        return f":gray[:small[{move} others were boosted]]"
    if not why or (not move and abs(card.boost) < 0.005):
        return ""
    colour = "green" if card.boost > 0 else "red"
    lead = f"**{move}** {format_boost(card.boost)}" if move else format_boost(card.boost)
    return f":{colour}[:small[{lead}: {escape_markdown(why)}]]"
