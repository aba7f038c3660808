"""Why a film is recommended to this viewer, and whom else it suits."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.components.card import show_small_cards
from ui.components.cards import TITLE_PAGE
from ui.models import Movie
from ui.session import Person
from ui.taste_charts import draw_taste_groups
from ui.text import (
    count_things,
    escape_markdown,
    explain_match,
    format_match,
    name_movie,
    name_source,
)
from ui.titles import Appeal, Cause, Standing

N_CAUSE_CARDS: Final = 6
N_GROUPS: Final = 8


def show_standing(person: Person, standing: Standing) -> None:
    """Draw match, place and reasons; for a film already seen, what the viewer made of it."""
    if standing.seen:
        _show_seen(standing)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="standing"):
        if standing.match is not None:
            st.badge(
                f"{format_match(standing.match)} match", color="gray", help=explain_match(standing.match)
            )
        st.markdown(_describe_place(standing))
    if standing.reasons and standing.place is not None:
        st.markdown("  \n".join(f"- {escape_markdown(reason.text)}" for reason in standing.reasons))
    if standing.sources:
        found = ", ".join(f"{name_source(hit.source)} (rank {hit.rank})" for hit in standing.sources)
        st.caption(
            f"Found by: {escape_markdown(found)}",
            help="The recall sources that proposed this film to you, and how high each had it.",
        )
    if standing.note:
        st.caption(escape_markdown(standing.note))


def show_causes(person: Person, standing: Standing) -> None:
    """Draw every liked title that speaks for the film, with its share."""
    causes = standing.causes
    if not causes:
        st.caption("None of your titles speaks for it: it stands here by genre and popularity.")
        return
    st.caption(
        f"{count_things(len(causes), 'title')} you liked or saved "
        f"{'speaks' if len(causes) == 1 else 'speak'} for it. "
        "The share says how much of the evidence comes from each; all together make 100%."
    )
    shown = causes[:N_CAUSE_CARDS]
    show_small_cards(
        person, [cause.item for cause in shown], "causes", [_format_share(cause) for cause in shown]
    )
    if rest := causes[N_CAUSE_CARDS:]:
        lines = " · ".join(
            f"{escape_markdown(name_movie(cause.item))} {_format_share(cause)}" for cause in rest
        )
        st.markdown(f":small[And: {lines}]")


def show_appeal(person: Person, movie: Movie, appeal: Appeal) -> None:
    """Draw the taste groups who rated the film and viewers who have not seen it."""
    groups, fans = st.columns([3, 2], gap="medium")
    with groups:
        st.markdown("**Viewers by what they lean to**")
        if appeal.groups:
            everyone = appeal.n_liked / appeal.n_rated
            st.caption(
                f"Of {count_things(appeal.n_rated, 'viewer')} who rated it, {everyone:.0%} liked it "
                "(4 stars or more): the dashed line. Each bar is the share among viewers who like that genre "
                "more than others do."
            )
            draw_taste_groups(appeal.groups[:N_GROUPS], everyone)
        else:
            st.caption("Too few people have rated it to say.")
    with fans:
        st.markdown("**Viewers who have not seen it**")
        others = [fan for fan in appeal.fans if fan.user_id != person.user_id]
        if not others:
            st.caption("Nobody in particular.")
            return
        st.caption("Best matches among viewers of near taste. Press one to look through their eyes.")
        with st.container(gap="xsmall", key="fans"):
            for fan in others:
                leaning = f" · leans to {escape_markdown(fan.leaning)}" if fan.leaning else ""
                st.page_link(
                    TITLE_PAGE,
                    label=f"Viewer {escape_markdown(fan.user_id)}{leaning} · **{format_match(fan.match)}**",
                    icon=":material/person:",
                    query_params={"viewer": fan.user_id, "movie": movie.item_id},
                )


def _show_seen(standing: Standing) -> None:
    when = f" on {standing.seen_at:%-d %B %Y}" if standing.seen_at is not None else ""
    rated = f"gave it {standing.seen_rating:g} of 5" if standing.seen_rating is not None else "watched it"
    st.markdown(f":material/visibility: You {rated}{when}, so it is not recommended again.")


def _describe_place(standing: Standing) -> str:
    if standing.place is None:
        return "Not among the films proposed to you."
    return f"**Number {standing.place:,}** of {standing.n_candidates:,} films proposed to you"


def _format_share(cause: Cause) -> str:
    return f"{cause.share:.0%}" if cause.share >= 0.01 else "<1%"
