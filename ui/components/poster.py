"""Large posters as HTML; only here and in ``summary.py`` is HTML made from data, and all of it escaped."""

from __future__ import annotations

from html import escape

import streamlit as st

from ui.connection import get_client
from ui.models import Movie
from ui.text import name_movie


def make_poster_html(movie: Movie, src: str) -> str:
    """Return a figure with the poster; the browser fetches it only when it comes near the screen."""
    alt = escape(f"Poster of {name_movie(movie)}")
    return (
        f'<figure class="mr-poster"><img src="{escape(src)}" alt="{alt}" '
        f'loading="lazy" decoding="async" width="300" height="450"></figure>'
    )


def show_poster(movie: Movie) -> None:
    """Draw a film's poster."""
    st.html(make_poster_html(movie, get_client().poster_url(movie)))
