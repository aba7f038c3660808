"""Rows and walls of films: one element of the page each, whatever the number of films."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlencode

import streamlit as st

from ui.connection import get_client
from ui.feedback import MarkBook
from ui.marking import get_book, mark_movie, undo_movie
from ui.models import Action, Movie
from ui.session import Person, make_address
from ui.text import describe_movie, explain_match, format_match, name_movie, strip_year

TITLE_PAGE: Final = "views/title.py"
ACTIONS: Final[tuple[Action, ...]] = ("like", "dislike", "save")
Layout = Literal["wall", "rail", "small"]
Tone = Literal["plain", "up", "down", "quiet"]

_SCRIPT: Final = (Path(__file__).parent.parent / "assets" / "cards.js").read_text("utf-8")
_draw = st.components.v2.component("movierec_cards", js=_SCRIPT, isolate_styles=False)


@dataclass(frozen=True, slots=True)
class Note:
    """A short text with what it means in full."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What stands in a poster's upper right corner."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Line:
    """One line below the facts, as plain text; bold: ``lead`` before and ``strong`` after it."""

    text: str
    tone: Tone = "plain"
    lead: str = ""
    strong: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What is drawn of one film; ``marks`` is None for a card without buttons."""

    item_id: str
    name: str
    title: str
    href: str
    poster: str
    facts: str
    match: Note | None = None
    lines: tuple[Line, ...] = ()
    place: int | None = None
    badge: Badge | None = None
    faded: bool = False
    marks: tuple[Action, ...] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a row; ``n_more`` films of it are not shown yet."""

    title: str
    hint: str
    n_more: int = 0


def make_card(
    movie: Movie,
    book: MarkBook | None = None,
    lines: Sequence[Line] = (),
    match: float | None = None,
    place: int | None = None,
    badge: Badge | None = None,
    facts: str | None = None,
) -> Card:
    """Return the card of a film; with buttons where a book of marks is given."""
    return Card(
        item_id=movie.item_id,
        name=name_movie(movie),
        title=strip_year(movie),
        href=f"title?{urlencode(make_address(movie), doseq=True)}",
        poster=get_client().poster_url(movie),
        facts=describe_movie(movie) if facts is None else facts,
        match=None if match is None else Note(f"{format_match(match)} match", explain_match(match)),
        lines=tuple(lines),
        place=place,
        badge=badge,
        faded=book is not None and book.find(movie.item_id, "dislike") is not None,
        marks=None if book is None else tuple(a for a in ACTIONS if book.find(movie.item_id, a)),
    )


def show_cards(
    person: Person,
    surface: str,
    layout: Layout,
    movies: Sequence[Movie],
    cards: Sequence[Card],
    head: Head | None = None,
    open_row: Callable[[], None] | None = None,
) -> None:
    """Draw one card per film and do what is pressed on them; the script ends where a film is opened.

    ``open_row`` is called where somebody asks for the rest of the row.
    """
    key = f"{layout}-{surface}"
    done: dict[str, int] = st.session_state.setdefault("presses_done", {})
    films = {card.item_id: (movie, card.place) for movie, card in zip(movies, cards, strict=True)}
    _draw(
        key=key,
        data={
            "layout": layout,
            "done": done.get(key, 0),
            "head": None if head is None else asdict(head),
            "cards": [asdict(card) for card in cards],
        },
        on_presses_change=partial(_take_presses, key, person, surface, films, open_row),
    )
    movie = st.session_state.pop("movie_to_open", None)
    if movie is not None:
        st.switch_page(TITLE_PAGE, query_params=make_address(movie))


def show_waiting_cards() -> None:
    """Draw the places of a wall before its films are known; what draws them loads meanwhile."""
    _draw(
        key="wall-waiting",
        data={"layout": "waiting", "done": 0, "head": None, "cards": []},
        on_presses_change=lambda: None,
    )


def _take_presses(
    key: str,
    person: Person,
    surface: str,
    films: Mapping[str, tuple[Movie, int | None]],
    open_row: Callable[[], None] | None,
) -> None:
    """Count every press once, in order; what names no film on screen is left out."""
    done: dict[str, int] = st.session_state.setdefault("presses_done", {})
    presses: list[Mapping[str, Any]] = (st.session_state.get(key) or {}).get("presses") or []
    for press in sorted(presses, key=lambda press: int(press["n"])):
        if int(press["n"]) <= done.get(key, 0):
            continue
        done[key] = int(press["n"])
        movie, place = films.get(press["item_id"], (None, None))
        if press["action"] == "more" and open_row is not None:
            open_row()
        if movie is None:
            continue
        if press["action"] == "open":
            st.session_state["movie_to_open"] = movie
        elif press["action"] in ACTIONS:
            _mark(person, movie, press["action"], bool(press["on"]), surface, place)


def _mark(
    person: Person, movie: Movie, action: Action, wanted: bool, surface: str, place: int | None
) -> None:
    mark = get_book(person).find(movie.item_id, action)
    if wanted and mark is None:
        mark_movie(person, movie, action, surface, place)
    elif not wanted and mark is not None:
        undo_movie(person, mark.event_id, surface)
