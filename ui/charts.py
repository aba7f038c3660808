"""Altair charts; every one has a text alternative and shows its figures on hover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

from ui.features import name_feature
from ui.models import Share
from ui.text import name_stage

ROW: Final = 24
LABEL_LIMIT: Final = 220
UP: Final = "#2E8B72"
DOWN: Final = "#C2554D"
MAIN: Final = "#B8860B"
MUTED: Final = "#9A938A"


def draw_shares(shares: Sequence[Share], title: str, n_max: int = 10) -> None:
    """Draw a viewer's shares as bars, with everybody's as a tick."""
    st.markdown(f"**{title}**")
    if not shares:
        st.caption("Not enough history yet.")
        return
    shares = shares[:n_max]
    rows = [{"name": s.name, "you": s.share, "everyone": s.everyone} for s in shares]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        tooltip=[
            alt.Tooltip("name:N", title=title),
            alt.Tooltip("you:Q", title="This viewer", format=".0%"),
            alt.Tooltip("everyone:Q", title="Everybody", format=".0%"),
        ],
    )
    axis = alt.Axis(format=".0%", title=None, tickCount=3)
    bars = base.mark_bar(color=MAIN, height=12, cornerRadiusEnd=3).encode(x=alt.X("you:Q", axis=axis))
    ticks = base.mark_tick(color=MUTED, thickness=3, height=18).encode(x="everyone:Q")
    words = ", ".join(f"{s.name} {s.share:.0%} (everybody {s.everyone:.0%})" for s in shares)
    draw_chart(bars + ticks, f"{title}: {words}")


def draw_funnel(funnel: Mapping[str, int]) -> None:
    """Draw how many items are left after each stage; square-root scale, so that few remain visible."""
    rows = [{"stage": name_stage(stage), "items": count} for stage, count in funnel.items()]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        x=alt.X("items:Q", title=None, axis=None, scale=alt.Scale(type="sqrt")),
        tooltip=[
            alt.Tooltip("stage:N", title="Stage"),
            alt.Tooltip("items:Q", title="Items left", format=","),
        ],
    )
    bars = base.mark_bar(color=MAIN, height=14, cornerRadiusEnd=3)
    labels = base.mark_text(align="left", dx=5, color=label_colour()).encode(
        text=alt.Text("items:Q", format=",")
    )
    words = ", ".join(f"{row['stage']} {row['items']:,}" for row in rows)
    draw_chart(bars + labels, f"Items left after each stage: {words}")


def draw_timings(timings_ms: Mapping[str, float]) -> None:
    """Draw the milliseconds each stage took."""
    rows = [{"stage": name_stage(stage), "ms": ms} for stage, ms in timings_ms.items()]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        x=alt.X("ms:Q", axis=None, title=None),
        tooltip=[
            alt.Tooltip("stage:N", title="Stage"),
            alt.Tooltip("ms:Q", title="Milliseconds", format=".2f"),
        ],
    )
    bars = base.mark_bar(color=MUTED, height=14, cornerRadiusEnd=3)
    labels = base.mark_text(align="left", dx=5, color=label_colour()).encode(
        text=alt.Text("ms:Q", format=".2f")
    )
    words = ", ".join(f"{row['stage']} {row['ms']:.2f}" for row in rows)
    draw_chart(bars + labels, f"Milliseconds by stage: {words}")


def draw_waterfall(
    base_score: float,
    contributions: Mapping[str, float],
    features: Mapping[str, float | None] | None = None,
    n_max: int = 12,
) -> None:
    """Draw how the strongest features lead from the model's average to this item's score (log-odds).

    ``features`` adds each feature's own value to the hover.
    """
    rows = make_waterfall(base_score, contributions, n_max)
    values = {name_feature(name): value for name, value in (features or {}).items()}
    for row in rows:
        value = values.get(row["feature"])
        row["value"] = "–" if value is None else f"{value:.4g}"
    total = base_score + sum(contributions.values())
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("feature:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        tooltip=[
            alt.Tooltip("feature:N", title="Feature"),
            alt.Tooltip("amount:Q", title="Moves the score by", format="+.3f"),
            alt.Tooltip("value:N", title="Its value here"),
            alt.Tooltip("end:Q", title="Score after it", format=".3f"),
        ],
    )
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        x=alt.X("start:Q", title="score (log-odds)", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=8)),
        x2="end:Q",
        color=alt.Color("direction:N", legend=None, scale=alt.Scale(domain=["up", "down"], range=[UP, DOWN])),
    )
    labels = base.mark_text(align="left", dx=5, color=label_colour()).encode(
        x=alt.X("right:Q"), text=alt.Text("amount:Q", format="+.2f")
    )
    marks = alt.Chart(
        alt.InlineData(
            values=[
                {"score": base_score, "name": "Model average"},
                {"score": total, "name": "Score of this film"},
            ]
        )
    )
    rules = marks.mark_rule(strokeDash=[4, 3], color=label_colour()).encode(
        x="score:Q",
        tooltip=[alt.Tooltip("name:N", title="Line"), alt.Tooltip("score:Q", title="Score", format=".3f")],
    )
    words = ", ".join(f"{row['feature']} {row['amount']:+.2f}" for row in rows)
    draw_chart(
        rules + bars + labels,
        f"From the average score {base_score:.2f} to this film's score {total:.2f}: {words}",
    )


def make_waterfall(base_score: float, contributions: Mapping[str, float], n_max: int) -> list[dict[str, Any]]:
    """Return one step per feature, strongest first, the rest summed up in a last step.

    The first step starts at ``base_score``; the last one ends at base plus the sum of all.
    """
    ordered = sorted(contributions.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    steps = [(name_feature(name), amount) for name, amount in ordered[:n_max]]
    rest = ordered[n_max:]
    if rest:
        steps.append((f"{len(rest)} other features", sum(amount for _, amount in rest)))
    rows = []
    start = base_score
    for name, amount in steps:
        end = start + amount
        direction = "up" if amount >= 0 else "down"
        step = {"feature": name, "start": start, "end": end, "amount": amount, "direction": direction}
        rows.append(step | {"right": max(start, end)})
        start = end
    return rows


def label_colour() -> str:
    """Return a colour for words and figures in charts that can be read on the theme in use."""
    return "#C9C0B4" if st.context.theme.type == "dark" else "#5A524A"


def draw_chart(chart: Any, words: str) -> None:
    """Draw a chart of one row per mark, as wide as its place; ``words`` say the same to screen readers."""
    st.altair_chart(chart.properties(height=alt.Step(ROW)), width="stretch", alt=words)
