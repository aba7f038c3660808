"""A viewer's taste in short, for the home page."""

from __future__ import annotations

from typing import cast

import streamlit as st

from ui.charts import draw_shares
from ui.connection import get_client
from ui.marking import get_book
from ui.models import HistoryEntry, Taste
from ui.session import Person
from ui.text import escape_markdown, strip_year


def show_recent_taste(person: Person) -> None:
    """Draw genres, eras and the latest titles in one row."""
    taste = _load_taste(person)
    if taste is None:
        st.caption("A new viewer has no history yet; your thumbs above are all there is.")
        return
    genres, eras, recent = st.columns([2, 2, 3])
    with genres:
        draw_shares(taste.genres[:5], "Genres", n_max=5)
    with eras:
        draw_shares(taste.eras[:5], "Eras", n_max=5)
    with recent:
        st.markdown("**Latest titles**")
        lines = [
            f"{escape_markdown(strip_year(entry.item))} :gray[:small[{_describe_entry(entry)}]]"
            for entry in taste.recent[:6]
        ]
        st.markdown("  \n".join(lines) or "Nothing yet.")


def _load_taste(person: Person) -> Taste | None:
    """Return the profile of a known viewer, fetched once per set of stored marks."""
    if person.viewer is None:
        return None
    book = get_book(person)
    stored = tuple(mark.event_id for mark in book.marks if mark.event_id not in book.waiting)
    key = (person.user_id, stored)
    if st.session_state.get("taste_key") != key:
        st.session_state["taste"] = get_client().taste(person.viewer.user_idx)
        st.session_state["taste_key"] = key
    return cast(Taste, st.session_state["taste"])


def _describe_entry(entry: HistoryEntry) -> str:
    rating = f"{entry.rating:g} of 5" if entry.rating is not None else "no rating"
    if entry.live:
        return "marked in this app"
    return f"{rating} · {entry.when:%b %Y}"
