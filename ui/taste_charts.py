"""Charts of the title and taste pages; each has a text alternative and shows its figures on hover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

from ui.titles import TasteGroup
from ui.viewers import Timeline

# Okabe and Ito's palette without its black and yellow, which one of the two themes swallows.
PALETTE: Final = ("#B8860B", "#0072B2", "#C2554D", "#2E8B72", "#56A9DD", "#B26A9C")
OTHER: Final = "Other"
OTHER_COLOUR: Final = "#9A938A"
HEIGHT: Final = 320


def draw_genre_timeline(timeline: Timeline) -> None:
    """Draw the genres of the liked titles as stacked shares, period by period."""
    rows = [
        {"period": period.name, "genre": genre, "share": share, "liked": period.n_liked, "order": place}
        for period in timeline.periods
        for place, genre in enumerate(timeline.genres)
        if (share := period.genres.get(genre, 0.0)) > 0
    ]
    if not rows:
        st.caption("No liked titles yet.")
        return
    colours = [OTHER_COLOUR if genre == OTHER else PALETTE[place % len(PALETTE)]
               for place, genre in enumerate(timeline.genres)]  # fmt: skip
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=_period_axis(timeline),
            y=alt.Y(
                "share:Q",
                title=None,
                axis=alt.Axis(format=".0%", tickCount=4),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "genre:N",
                sort=list(timeline.genres),
                scale=alt.Scale(domain=list(timeline.genres), range=colours),
                legend=alt.Legend(title=None, orient="bottom", columns=4),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("period:N", title="Period"),
                alt.Tooltip("genre:N", title="Genre"),
                alt.Tooltip("share:Q", title="Share of liked titles", format=".0%"),
                alt.Tooltip("liked:Q", title="Liked titles"),
            ],
        )
    )
    told = [
        f"{period.name}: "
        + ", ".join(f"{genre} {share:.0%}" for genre, share in period.genres.items() if share > 0.005)
        for period in timeline.periods
        if period.genres
    ]
    _draw(chart, HEIGHT, f"Genres of the liked titles over time. {'; '.join(told)}")


def draw_rating_timeline(timeline: Timeline) -> None:
    """Draw the mean rating of each period as a line, points sized by the number of titles."""
    rows = [
        {"period": period.name, "rating": period.mean_rating, "titles": period.n_events}
        for period in timeline.periods
        if period.mean_rating is not None
    ]
    if not rows:
        st.caption("No ratings yet.")
        return
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_period_axis(timeline),
        y=alt.Y(
            "rating:Q", title=None, scale=alt.Scale(domain=[0.5, 5]), axis=alt.Axis(values=[1, 2, 3, 4, 5])
        ),
        tooltip=[
            alt.Tooltip("period:N", title="Period"),
            alt.Tooltip("rating:Q", title="Mean rating", format=".1f"),
            alt.Tooltip("titles:Q", title="Titles"),
        ],
    )
    chart = base.mark_line(color=PALETTE[0], strokeWidth=2) + base.mark_circle(
        color=PALETTE[0], opacity=1
    ).encode(size=alt.Size("titles:Q", legend=None, scale=alt.Scale(range=[40, 320])))
    told = ", ".join(f"{row['period']} {row['rating']:.1f} of {row['titles']}" for row in rows)
    _draw(chart, HEIGHT - 100, f"Mean rating over time: {told}")


def draw_year_timeline(timeline: Timeline) -> None:
    """Draw the median release year of the liked titles of each period."""
    rows = [
        {"period": period.name, "year": period.median_year, "director": period.director or "none twice"}
        for period in timeline.periods
        if period.median_year is not None
    ]
    if not rows:
        st.caption("No liked titles yet.")
        return
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_period_axis(timeline),
        y=alt.Y(
            "year:Q",
            title=None,
            scale=alt.Scale(zero=False, nice=True),
            axis=alt.Axis(format="d", tickCount=5),
        ),
        tooltip=[
            alt.Tooltip("period:N", title="Period"),
            alt.Tooltip("year:Q", title="Median year of liked films", format="d"),
            alt.Tooltip("director:N", title="Director liked most"),
        ],
    )
    chart = base.mark_line(color=PALETTE[1], strokeWidth=2) + base.mark_circle(
        color=PALETTE[1], size=80, opacity=1
    )
    told = ", ".join(f"{row['period']} {row['year']}" for row in rows)
    _draw(chart, HEIGHT - 100, f"Median release year of the liked titles: {told}")


def draw_taste_groups(groups: Sequence[TasteGroup], everyone: float) -> None:
    """Draw which share of each taste group liked a film; the line is the share of all who rated it."""
    rows = [
        {"group": group.genre, "share": group.share, "words": f"{group.n_liked:,} of {group.n_rated:,}"}
        for group in groups
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("group:N", sort=None, title=None),
        tooltip=[
            alt.Tooltip("group:N", title="Lean to"),
            alt.Tooltip("share:Q", title="Liked it", format=".0%"),
            alt.Tooltip("words:N", title="Viewers"),
        ],
    )
    axis = alt.Axis(format=".0%", title=None, tickCount=3)
    bars = base.mark_bar(color=PALETTE[0], height=14, cornerRadiusEnd=3).encode(
        x=alt.X("share:Q", axis=axis, scale=alt.Scale(domain=[0, 1]))
    )
    # At the end of the scale, where neither bar nor line runs through the figures.
    labels = base.mark_text(align="right", color=OTHER_COLOUR).encode(x=alt.datum(1.0), text="words:N")
    line = alt.Chart(alt.InlineData(values=[{"all": everyone}])).mark_rule(
        color=OTHER_COLOUR, strokeDash=[4, 3]
    )
    told = ", ".join(f"{row['group']} {row['share']:.0%} ({row['words']})" for row in rows)
    chart = bars + labels + line.encode(x="all:Q")
    _draw(
        chart,
        alt.Step(26),
        f"Share of each taste group that liked the film: {told}. All who rated it: {everyone:.0%}",
    )


def _period_axis(timeline: Timeline) -> Any:
    names = [period.name for period in timeline.periods]
    return alt.X(
        "period:N",
        sort=names,
        scale=alt.Scale(domain=names),
        title=None,
        axis=alt.Axis(labelAngle=-45 if len(names) > 6 else 0, labelOverlap=True),
    )


def _draw(chart: Any, height: Any, words: str) -> None:
    st.altair_chart(chart.properties(height=height), width="stretch", alt=words)
