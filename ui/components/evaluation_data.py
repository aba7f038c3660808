"""What decides in the ranker, and what the data is like."""

from __future__ import annotations

import streamlit as st

from ui.connection import get_client
from ui.measurement_charts import draw_genres, draw_importance, draw_ratings
from ui.text import count_things, escape_markdown


def show_features() -> None:
    """Draw which features move the ranker, measured on the served build."""
    with st.spinner("Measuring on the served build; the first time takes a few seconds …"):
        importance = get_client().importance()
    if not importance.features:
        st.info("This build has no ranking model, so no feature decides.", icon=":material/info:")
        return
    st.subheader("What moves the ranking model", anchor=False)
    draw_importance(importance.features)
    st.caption(
        f"The size of each feature's exact contribution (TreeSHAP), averaged over "
        f"{count_things(importance.items, 'listed film')} of "
        f"{count_things(importance.viewers, 'viewer')}; 0.7 "
        "is a factor of two in the odds. It says what the model uses, not what causes "
        "liking; features that say nearly the same share their weight. "
        f"The first 20 of {len(importance.features)}; bundle {escape_markdown(importance.bundle)}."
    )


def show_data() -> None:
    """Draw the facts of the served data set."""
    facts = get_client().dataset()
    st.subheader(escape_markdown(facts.name), anchor=False)
    if facts.simulated:
        st.info(
            "Real films, **simulated audience**: a seeded generator made the viewers and their ratings.",
            icon=":material/smart_toy:",
        )
    mean = f"{facts.mean_rating:.2f}" if facts.mean_rating is not None else "–"
    span = (
        f"{facts.first_event:%b %Y} to {facts.last_event:%b %Y}"
        if facts.first_event and facts.last_event
        else "–"
    )
    figures = (
        ("Viewers", f"{facts.n_users:,}", "People with at least one event."),
        ("Films", f"{facts.n_items:,}", f"{facts.n_never_rated:,} of them without any event."),
        ("Ratings", f"{facts.n_interactions:,}", f"{facts.n_quarantined:,} broken rows were set aside."),
        ("Density", f"{facts.density:.1%}", "Share of all pairs of viewer and film that have a rating."),
        ("Ratings per viewer", f"{facts.median_events:,.0f}", "The viewer in the middle (median)."),
        (
            "On the top tenth",
            f"{facts.top_tenth_share:.0%}",
            "Share of all ratings that fall on the most popular tenth of the films.",
        ),
        ("Mean rating", mean, "Stars out of five, over all ratings."),
    )
    with st.container(horizontal=True, gap="small", key="figures"):
        for label, value, what in figures:
            st.metric(label, value, help=what, border=True, width=150)
    st.caption(f"From {span}. Hover a figure's question mark to read what it means.")
    ratings, genres = st.columns(2, gap="medium")
    with ratings:
        st.markdown("**Ratings by stars**")
        if facts.ratings:
            draw_ratings(facts.ratings)
            st.caption("How often each number of stars was given.")
        else:
            st.caption("These events carry no stars.")
    with genres:
        st.markdown("**Films by genre**")
        draw_genres(facts.genres)
        st.caption("A film with several genres counts in each.")
    st.markdown("**Licence and source**")
    st.markdown(escape_markdown(facts.licence))
    if facts.citation:
        st.caption(f"Please cite: {escape_markdown(facts.citation)}")
    st.caption(f"Content hash {facts.content_hash[:16]}")
