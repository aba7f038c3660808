"""Cards: a poster with what a viewer needs to decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from ui.changes import Changes
from ui.components.marks import show_mark_buttons
from ui.components.poster import show_facts, show_poster
from ui.feedback import MarkBook
from ui.models import Movie, Pick
from ui.rerank import Placed, explain_move
from ui.session import Person, make_address
from ui.text import (
    escape_markdown,
    explain_match,
    format_boost,
    format_move,
    strip_year,
)

__all__ = ["explain_match", "show_movie_cards", "show_pick_cards", "show_rail", "show_title"]

TITLE_PAGE: Final = "views/title.py"
CARD_WIDTH: Final = 164


def show_pick_cards(
    person: Person,
    book: MarkBook,
    placed: Sequence[Placed],
    surface: str,
    changes: Changes | None = None,
) -> None:
    """Draw a wall of recommended films in their order; ``changes`` since the answer before."""
    with st.grid(6, min_column_width=CARD_WIDTH, gap=("medium", "small"), key=f"wall-{surface}"):
        for card in placed:
            _show_pick_card(person, book, card, surface, changes)


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
            show_movie_card(person, book, movie, surface, lines[row : row + 1])


def show_rail(person: Person, book: MarkBook, movies: Sequence[Movie], surface: str) -> None:
    """Draw films as one row that scrolls sideways; picks with match and first reason."""
    with st.container(horizontal=True, gap="small", key=f"rail-{surface}"):
        for movie in movies:
            if isinstance(movie, Pick):
                lines = [movie.reasons[0].text] if movie.reasons else []
                show_movie_card(person, book, movie, surface, lines, movie.match, CARD_WIDTH)
            else:
                show_movie_card(person, book, movie, surface, width=CARD_WIDTH)


def show_movie_card(
    person: Person,
    book: MarkBook,
    movie: Movie,
    surface: str,
    lines: Sequence[str] = (),
    match: float | None = None,
    width: int | None = None,
) -> None:
    """Draw one film with its facts, lines of plain text and the buttons."""
    key = f"card-{surface}-{movie.item_id}"
    with st.container(key=key, gap="xsmall", height="stretch", width=width or "stretch"):
        show_poster(movie, faded=book.find(movie.item_id, "dislike") is not None)
        show_title(movie)
        show_facts(movie, match, lines)
        show_mark_buttons(person, book, movie, surface)


def show_title(movie: Movie) -> None:
    """Draw the title, linked to the film's page."""
    st.page_link(
        TITLE_PAGE,
        label=escape_markdown(strip_year(movie)),
        icon="",
        width="stretch",
        query_params=make_address(movie),
    )


def _show_pick_card(
    person: Person, book: MarkBook, card: Placed, surface: str, changes: Changes | None
) -> None:
    pick = card.pick
    change = changes.find(pick.item_id) if changes else "stayed"
    moved = card.moved if card.moved or not isinstance(change, int) else change
    with st.container(key=f"card-{surface}-{pick.item_id}", gap="xsmall", height="stretch"):
        faded = book.find(pick.item_id, "dislike") is not None
        show_poster(pick, card.place, moved, faded, new=change == "new")
        show_title(pick)
        show_facts(pick, pick.match, [reason.text for reason in pick.reasons[:1]])
        if line := _describe_move(card):
            st.markdown(line)
        elif changes and change != "stayed":
            text = "new since your thumbs" if change == "new" else f"{format_move(moved)} by the recommender"
            st.markdown(f":gray[:small[{text}]]")
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
