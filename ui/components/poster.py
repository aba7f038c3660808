"""Posters as HTML; here and in ``summary.py`` alone HTML is made from data, and all of it is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from ui.models import Movie
from ui.session import get_client
from ui.text import describe_movie, explain_match, format_match, format_move, name_movie


def make_poster_html(
    movie: Movie,
    src: str,
    place: int | None = None,
    moved: int = 0,
    faded: bool = False,
    new: bool = False,
) -> str:
    """Return a figure with the poster, its place in the list and how far it moved.

    The browser fetches the image only when it comes near the screen. Place and move are said in the
    card's text as well, so they are hidden from screen readers here.
    """
    badges = []
    if place is not None:
        badges.append(f'<span class="mr-place">{place:d}</span>')
    if move := format_move(moved):
        badges.append(f'<span class="mr-move mr-{"up" if moved > 0 else "down"}">{escape(move)}</span>')
    elif new:
        badges.append('<span class="mr-move mr-up">new</span>')
    corner = f'<figcaption aria-hidden="true">{"".join(badges)}</figcaption>' if badges else ""
    return (
        f'<figure class="mr-poster{" mr-faded" if faded else ""}">'
        f'<img src="{escape(src)}" alt="{escape(f"Poster of {name_movie(movie)}")}" '
        f'loading="lazy" decoding="async" width="300" height="450">{corner}</figure>'
    )


def make_facts_html(movie: Movie, match: float | None = None, lines: Sequence[str] = ()) -> str:
    """Return match, year and genres over further lines, as plain text in small paragraphs."""
    facts = escape(describe_movie(movie))
    if match is not None:
        shown = f'<b class="mr-match" title="{escape(explain_match(match))}">{format_match(match)} match</b>'
        facts = f"{shown} {facts}"
    paragraphs = [f"<p>{facts}</p>"] if facts else []
    paragraphs += [f'<p class="mr-line" title="{escape(line)}">{escape(line)}</p>' for line in lines if line]
    return f'<div class="mr-facts">{"".join(paragraphs)}</div>'


def show_poster(
    movie: Movie, place: int | None = None, moved: int = 0, faded: bool = False, new: bool = False
) -> None:
    """Draw a film's poster."""
    st.html(make_poster_html(movie, get_client().poster_url(movie), place, moved, faded, new))


def show_facts(movie: Movie, match: float | None = None, lines: Sequence[str] = ()) -> None:
    """Draw what a card says below the title."""
    st.html(make_facts_html(movie, match, lines))
