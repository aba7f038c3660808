"""A viewer's taste in short, for the home page."""

from __future__ import annotations

import streamlit as st

from ui.charts import draw_shares
from ui.models import HistoryEntry
from ui.session import Person, load_taste
from ui.text import escape_markdown, strip_year


def show_recent_taste(person: Person) -> None:
    """Draw genres, eras and the latest titles in one row."""
    taste = load_taste(person)
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


def _describe_entry(entry: HistoryEntry) -> str:
    rating = f"{entry.rating:g} of 5" if entry.rating is not None else "no rating"
    if entry.live:
        return "marked in this app"
    return f"{rating} · {entry.when:%b %Y}"
