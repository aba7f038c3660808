"""Charts of the simulations: curves with bands, a confidence sequence, estimates beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

from ui.charts import DOWN, LABEL_LIMIT, MAIN, MUTED, UP, draw_chart
from ui.measurements import Measured
from ui.simulations import Ab
from ui.text import name_system

_HEIGHT: Final = 320
_COLOURS: Final = {"retrained": UP, "frozen": MAIN, "popularity": DOWN, "random": MUTED}


def draw_rounds(curves: Mapping[str, Sequence[Measured]]) -> None:
    """Draw every policy's satisfaction by round, with 95 % bands."""
    rows = [
        {"policy": name, "round": number, "mean": each.mean, "low": each.low, "high": each.high}
        for name, rounds in curves.items()
        for number, each in enumerate(rounds, start=1)
    ]
    names = list(curves)
    colour = alt.Color(
        "policy:N",
        title=None,
        scale=alt.Scale(domain=names, range=[_COLOURS.get(name, MUTED) for name in names]),
        legend=alt.Legend(orient="top", columns=2, symbolOpacity=1, labelLimit=LABEL_LIMIT),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("round:O", title="round", axis=alt.Axis(labelAngle=0)), color=colour
    )
    bands = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="of the best possible"), y2="high:Q")
    # The shape says the same as the colour.
    lines = base.mark_line().encode(y="mean:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y="mean:Q",
        shape=alt.Shape("policy:N", scale=alt.Scale(domain=names), legend=None),
        tooltip=[
            alt.Tooltip("policy:N", title="Policy"),
            alt.Tooltip("round:O", title="Round"),
            alt.Tooltip("mean:Q", title="Of the best possible", format=".1%"),
            alt.Tooltip("low:Q", title="Interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )
    words = "; ".join(
        f"{name} " + ", ".join(f"{each.mean:.3f}" for each in rounds) for name, rounds in curves.items()
    )
    _draw(
        bands + lines + points,
        f"How satisfied simulated viewers are, of the best possible, by round: {words}",
    )


def draw_sequence(ab: Ab) -> None:
    """Draw the difference of two policies as it was seen while the test ran."""
    rows = [
        {"pairs": point.pairs, "mean": point.mean, "low": point.low, "high": point.high}
        for point in ab.sequence
    ]
    reach = 4 * max(abs(ab.true_difference), 0.01)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("pairs:Q", title="pairs of visits", scale=alt.Scale(type="log"), axis=alt.Axis(tickCount=4))
    )
    scale = alt.Scale(domain=[-reach, reach])
    band = base.mark_area(opacity=0.2, color=MAIN, clip=True).encode(
        y=alt.Y("low:Q", title="likes per place", scale=scale), y2="high:Q"
    )
    line = base.mark_line(color=MAIN, clip=True).encode(y=alt.Y("mean:Q", scale=scale))
    marks = alt.Chart(
        alt.InlineData(
            values=[{"at": 0.0, "name": "no difference"}, {"at": ab.true_difference, "name": "truth"}]
        )
    )
    rules = marks.mark_rule(strokeDash=[4, 3]).encode(
        y="at:Q",
        color=alt.Color(
            "name:N",
            title=None,
            scale=alt.Scale(domain=["truth", "no difference"], range=[DOWN, MUTED]),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=[alt.Tooltip("name:N", title="Line"), alt.Tooltip("at:Q", title="At", format="+.4f")],
    )
    last = ab.sequence[-1]
    _draw(
        band + line + rules,
        f"Difference of {name_system(ab.second)} and {name_system(ab.first)} while the test ran: after "
        f"{last.pairs:,} pairs {last.mean:+.4f} ({last.low:+.4f} to {last.high:+.4f}), truth "
        f"{ab.true_difference:+.4f}",
    )


def draw_estimates(ab: Ab) -> None:
    """Draw every off-policy estimate with its interval, and the truth as a tick."""
    rows = [
        {
            "name": f"{name_system(each.policy)}, {each.estimator}",
            "mean": each.estimate.mean,
            "low": each.estimate.low,
            "high": each.estimate.high,
            "truth": each.truth,
        }
        for each in ab.estimates
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        tooltip=[
            alt.Tooltip("name:N", title="Policy and estimator"),
            alt.Tooltip("mean:Q", title="Estimate", format=".4f"),
            alt.Tooltip("low:Q", title="Interval from", format=".4f"),
            alt.Tooltip("high:Q", title="to", format=".4f"),
            alt.Tooltip("truth:Q", title="Truth", format=".4f"),
        ],
    )
    scale = alt.Scale(zero=False)
    bars = base.mark_rule(strokeWidth=3, color=MAIN).encode(
        x=alt.X("low:Q", title="likes per place", scale=scale), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=80, opacity=1, color=MAIN).encode(x="mean:Q")
    truth = base.mark_tick(color=DOWN, thickness=3, height=18).encode(x="truth:Q")
    words = ", ".join(f"{row['name']} {row['mean']:.4f}, truth {row['truth']:.4f}" for row in rows)
    draw_chart(bars + points + truth, f"Likes per place estimated from a log: {words}")


def _draw(chart: Any, words: str) -> None:
    st.altair_chart(chart.properties(height=_HEIGHT), width="stretch", alt=words)
