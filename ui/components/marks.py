"""Buttons to like, hide and save a film, and the list of what was marked."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.feedback import Mark, MarkBook
from ui.marking import mark_movie, undo_movie
from ui.models import Action, Movie
from ui.session import Person, make_address
from ui.text import escape_markdown, name_movie

ICONS: Final[dict[Action, str]] = {
    "like": ":material/thumb_up:",
    "dislike": ":material/thumb_down:",
    "save": ":material/bookmark:",
}
TASTE_PAGE: Final = "views/taste.py"
_VERBS: Final[dict[Action, str]] = {"like": "Like", "dislike": "Not for me", "save": "Save"}
_UNDO: Final[dict[Action, str]] = {
    "like": "Take back like",
    "dislike": "Take back “not for me”",
    "save": "Remove from saved",
}


def show_mark_buttons(
    person: Person, book: MarkBook, movie: Movie, surface: str, rank: int | None = None
) -> None:
    """Draw like, dislike and save; a marked film's button takes the mark back.

    The words, with the title, are there for screen readers; the style sheet leaves only the icons to see.
    """
    with st.container(horizontal=True, gap="xsmall", key=f"marks-{surface}-{movie.item_id}"):
        for action, icon in ICONS.items():
            mark = book.find(movie.item_id, action)
            verb = _UNDO[action] if mark else _VERBS[action]
            st.button(
                f"{verb}: {escape_markdown(name_movie(movie))}",
                key=f"{action}-{surface}-{movie.item_id}",
                help=verb,
                icon=icon,
                type="primary" if mark else "secondary",
                on_click=undo_movie if mark else mark_movie,
                args=(person, mark.event_id, surface) if mark else (person, movie, action, surface, rank),
            )


def show_marks(person: Person, book: MarkBook, actions: tuple[Action, ...], limit: int = 200) -> None:
    """Draw the marked films as chips; pressing one takes the mark back."""
    marks = [mark for mark in book.marks if mark.action in actions]
    with st.container(horizontal=True, gap="xsmall", key=f"chips-{'-'.join(actions)}"):
        for mark in marks[:limit]:
            _show_chip(person, book, mark)
        if len(marks) > limit:
            st.page_link(
                TASTE_PAGE,
                label=f"{len(marks) - limit:,} more",
                icon=":material/arrow_forward:",
                query_params=make_address(),
            )


def _show_chip(person: Person, book: MarkBook, mark: Mark) -> None:
    st.button(
        f"{escape_markdown(name_movie(mark.movie))} :material/close:",
        key=f"chip-{mark.event_id}",
        help=_UNDO[mark.action],
        icon=ICONS[mark.action],
        on_click=undo_movie,
        args=(person, mark.event_id),
    )
