"""What simulated viewers did: with retraining, and in front of two policies."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.connection import get_client
from ui.measurements import Difference
from ui.metrics import format_p_value
from ui.simulation_charts import draw_estimates, draw_rounds, draw_sequence
from ui.simulations import Ab, Gap, Loop
from ui.text import count_things, escape_markdown, name_system

_NO_REPORTS: Final = (
    "There are no reports of simulations where the API looks for them (`MOVIEREC_SIMULATION_REPORTS`, "
    "by default "
    "`reports/simulation` in the folder it was started in). `movierec simulate loop` and `movierec "
    "simulate ab` "
    "write them."
)


def render() -> None:
    """Draw the page of the simulations."""
    st.title("Simulation", anchor=False)
    simulation = get_client().simulation()
    st.info(f"**{escape_markdown(simulation.caption)}**", icon=":material/smart_toy:")
    if simulation.loop is None and simulation.ab is None:
        st.info(_NO_REPORTS, icon=":material/info:")
        return
    if simulation.loop is not None:
        _show_loop(simulation.loop)
    if simulation.ab is not None:
        _show_ab(simulation.ab)


def _show_loop(loop: Loop) -> None:
    st.subheader("Does retraining satisfy simulated viewers more?", anchor=False)
    promoted = sum(step.outcome == "promoted" for step in loop.steps)
    markers = loop.viewers - loop.watchers
    watching, marking = st.tabs(["Who only watch", "Who mark"])
    with watching:
        draw_rounds({curve.name: curve.watched for curve in loop.curves})
        st.caption(
            f"{count_things(loop.watchers, 'simulated viewer')} who never mark anything: nothing leaves "
            "their lists and nothing about them is learnt, so what changes their satisfaction is retraining "
            "on the marks of the others."
        )
        _show_gaps(loop.watched_gaps)
    with marking:
        draw_rounds({curve.name: curve.rounds for curve in loop.curves})
        st.caption(
            f"{count_things(markers, 'simulated viewer')} whose marks the next list honours. What they "
            "marked leaves their lists, the easy finds first, so satisfaction falls with every policy."
        )
        _show_gaps(loop.gaps)
    st.caption(
        "Satisfaction: the share of a list that its viewer would truly like over that of the best list of "
        f"unseen films there is, with 95 % intervals. {loop.films:,} films, {loop.rated_before:,} ratings "
        f"before round 1. In every round each looks at {loop.visits} lists of {loop.places}, lower places "
        f"less. After each round but the last the product retrained behind its gate: {promoted} of "
        f"{len(loop.steps)} attempts were promoted. Frozen keeps its first bundle and honours every mark in "
        "the next list."
    )
    with st.expander("Attempts to retrain"):
        st.dataframe(
            {
                "After round": [step.after_round for step in loop.steps],
                "Outcome": [step.outcome for step in loop.steps],
                "Events": [step.events for step in loop.steps],
                "Gate": [step.reason for step in loop.steps],
            },
            hide_index=True,
        )
    _show_receipt(loop.receipt.command, loop.receipt.build, loop.receipt.cpu_seconds)


def _show_gaps(gaps: tuple[Gap, ...]) -> None:
    for gap in gaps:
        st.markdown(
            f"- **{escape_markdown(gap.first)}** over {escape_markdown(gap.second)}, mean of the rounds "
            f"after the first: {_tell(gap.difference)}"
        )


def _show_ab(ab: Ab) -> None:
    first, second = (escape_markdown(name_system(name)) for name in (ab.first, ab.second))
    st.subheader(f"{second} against {first}, tested while it runs", anchor=False)
    draw_sequence(ab)
    decision = (
        f"It decided after {ab.decided_after:,} pairs."
        if ab.decided_after is not None
        else f"It did not decide within {ab.pairs:,} pairs."
    )
    st.caption(
        f"{second} minus {first}, likes per place of {count_things(ab.viewers, 'simulated viewer')}; "
        f"the band is "
        f"a {1 - ab.alpha:.0%} confidence sequence, valid at all times at once, so the test may be looked at "
        f"after every pair. {decision} In {ab.aa_runs} comparisons of {first} with itself it called a "
        f"difference in {ab.aa_sequential:.1%}; an ordinary 5 % test looked at 50 times in "
        f"{ab.aa_peeking:.1%}."
    )
    st.subheader("Estimated from the log of a third policy", anchor=False)
    draw_estimates(ab)
    st.caption(
        f"What {first} and {second} are worth, estimated from {ab.logged_visits:,} simulated visits to a "
        "stochastic policy whose propensities are known: inverse propensity scoring, its "
        "self-normalised form, "
        "doubly robust. The tick is the truth, which only a simulation knows."
    )
    _show_receipt(ab.receipt.command, ab.receipt.build, ab.receipt.cpu_seconds)


def _show_receipt(command: str, build: str, seconds: float) -> None:
    st.caption(
        f"`{command}`: {escape_markdown(build)}; {seconds:,.0f} s of one processor core.",
    )


def _tell(difference: Difference) -> str:
    return (
        f"{difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}], "
        f"{format_p_value(difference.p_value)}"
    )


if __name__ == "__main__":
    render()
