"""Charts of what was measured: systems with intervals, trade-offs, features, data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

from ui.charts import LABEL_LIMIT, MAIN, MUTED, UP, draw_chart, label_colour
from ui.features import explain_feature, name_feature
from ui.measurements import CountedGenre, CountedRating, FeatureWeight, Measured, System
from ui.metrics import KINDS, name_metric
from ui.text import name_system

TICKS: Final = 6
COLOURS: Final = {KINDS["pipeline"]: MAIN, KINDS["source"]: UP, KINDS["peer"]: MUTED}


def draw_systems(values: Sequence[tuple[str, str, Measured]], metric: str) -> None:
    """Draw (name, kind, value) as points with their 95 % intervals, best first."""
    ordered = sorted(values, key=lambda each: (-each[2].mean, each[0]))
    rows = [
        {
            "system": name_system(name),
            "kind": KINDS.get(kind, kind),
            "mean": v.mean,
            "low": v.low,
            "high": v.high,
        }
        for name, kind, v in ordered
    ]
    title = name_metric(metric)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("system:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        color=_colour_kinds({str(row["kind"]) for row in rows}),
        tooltip=[
            alt.Tooltip("system:N", title="System"),
            alt.Tooltip("kind:N", title="Which is"),
            alt.Tooltip("mean:Q", title=title, format=".3f"),
            alt.Tooltip("low:Q", title="Interval from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ],
    )
    bars = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=TICKS)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(x="mean:Q")
    words = ", ".join(f"{r['system']} {r['mean']:.3f} ({r['low']:.3f} to {r['high']:.3f})" for r in rows)
    draw_chart(bars + points, f"{title} with 95 % intervals, best first: {words}")


def draw_trade_off(systems: Sequence[System], accuracy: str, other: str) -> None:
    """Draw every system by two numbers; further right and up is better in both."""
    rows = []
    for system in systems:
        across = read_number(system, other)
        if accuracy in system.metrics and across is not None:
            kind = KINDS.get(system.kind, system.kind)
            mean = system.metrics[accuracy].mean
            rows.append({"system": name_system(system.name), "kind": kind, "x": across, "y": mean})
    if not rows:
        st.caption(f"This protocol does not measure {name_metric(other).lower()}.")
        return
    scale, axis = alt.Scale(zero=False), alt.Axis(tickCount=TICKS)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("x:Q", title=name_metric(other), scale=scale, axis=axis),
        y=alt.Y("y:Q", title=name_metric(accuracy), scale=scale, axis=axis),
        tooltip=[
            alt.Tooltip("system:N", title="System"),
            alt.Tooltip("kind:N", title="Which is"),
            alt.Tooltip("y:Q", title=name_metric(accuracy), format=".3f"),
            alt.Tooltip("x:Q", title=name_metric(other), format=".3f"),
        ],
    )
    points = base.mark_point(filled=True, size=90, opacity=0.9).encode(
        color=_colour_kinds({str(row["kind"]) for row in rows})
    )
    named = base.transform_filter(alt.datum.kind == KINDS["pipeline"])
    labels = named.mark_text(align="left", dx=8, color=label_colour()).encode(text="system:N")
    words = ", ".join(f"{row['system']} {row['y']:.3f} at {row['x']:.3f}" for row in rows)
    _draw_fixed(points + labels, f"{name_metric(accuracy)} against {name_metric(other)}: {words}", 380)


def read_number(system: System, metric: str) -> float | None:
    """Return a number of a system, whether it is a mean over people or belongs to all lists together."""
    if metric in system.overall:
        return system.overall[metric]
    return system.metrics[metric].mean if metric in system.metrics else None


def draw_importance(features: Sequence[FeatureWeight], n_max: int = 20) -> None:
    """Draw the weightiest features as bars."""
    rows = [
        {
            "feature": name_feature(f.name),
            "size": f.mean_absolute,
            "what": explain_feature(f.name),
            "name": f.name,
        }
        for f in features[:n_max]
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("feature:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        x=alt.X("size:Q", title="mean size of its contribution (log-odds)", axis=alt.Axis(tickCount=TICKS)),
        tooltip=[
            alt.Tooltip("feature:N", title="Feature"),
            alt.Tooltip("size:Q", title="Moves scores by", format=".3f"),
            alt.Tooltip("what:N", title="What it says"),
            alt.Tooltip("name:N", title="Name in the model"),
        ],
    )
    words = ", ".join(f"{row['feature']} {row['size']:.3f}" for row in rows)
    bars = base.mark_bar(color=MAIN, height=14, cornerRadiusEnd=3)
    draw_chart(bars, f"Mean size of the contribution of each feature: {words}")


def draw_ratings(ratings: Sequence[CountedRating]) -> None:
    """Draw how many ratings gave how many stars."""
    rows = [{"stars": f"{rating.stars:g}", "count": rating.count} for rating in ratings]
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(color=MAIN, cornerRadiusEnd=3)
        .encode(
            x=alt.X("stars:N", sort=None, title="stars", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("count:Q", title="ratings"),
            tooltip=[
                alt.Tooltip("stars:N", title="Stars"),
                alt.Tooltip("count:Q", title="Ratings", format=","),
            ],
        )
    )
    words = ", ".join(f"{row['stars']} stars {row['count']:,}" for row in rows)
    _draw_fixed(bars, f"Number of ratings by stars: {words}", 240)


def draw_genres(genres: Sequence[CountedGenre], n_max: int = 12) -> None:
    """Draw how many films the commonest genres have."""
    rows = [{"genre": genre.name, "films": genre.films} for genre in genres[:n_max]]
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(color=MAIN, height=14, cornerRadiusEnd=3)
        .encode(
            y=alt.Y("genre:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
            x=alt.X("films:Q", title="films"),
            tooltip=[
                alt.Tooltip("genre:N", title="Genre"),
                alt.Tooltip("films:Q", title="Films", format=","),
            ],
        )
    )
    words = ", ".join(f"{row['genre']} {row['films']:,}" for row in rows)
    draw_chart(bars, f"Number of films by genre: {words}")


def _colour_kinds(present: set[str]) -> Any:
    domain = [kind for kind in COLOURS if kind in present]
    return alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=domain, range=[COLOURS[kind] for kind in domain]),
        legend=alt.Legend(orient="top", columns=2, labelLimit=LABEL_LIMIT),
    )


def _draw_fixed(chart: Any, words: str, height: int) -> None:
    st.altair_chart(chart.properties(height=height), width="stretch", alt=words)
