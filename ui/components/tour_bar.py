"""The bar that leads through the tour, on top of every page while it runs."""

from __future__ import annotations

import streamlit as st

from ui.models import Movie
from ui.session import make_address
from ui.shelf import get_shelf
from ui.tour import STEPS, clamp_step

_STEP = "tour_step"


def get_step() -> int | None:
    """Return the step the tour is at, None where it does not run."""
    step = st.session_state.get(_STEP)
    return None if step is None else clamp_step(int(step))


def go_to_step(number: int) -> None:
    """Open the page of a step; the script ends here."""
    number = clamp_step(number)
    step = STEPS[number]
    st.session_state[_STEP] = number
    for key, value in step.states:
        st.session_state[key] = value
    st.switch_page(step.page, query_params=make_address(_pick_movie() if step.needs_movie else None))


def show_tour_bar() -> None:
    """Draw what to look at on this page, with the way back, on and out; nothing where no tour runs."""
    number = get_step()
    if number is None:
        return
    step = STEPS[number]
    with st.container(border=True, key="tour-bar", gap="small"):
        st.markdown(f"**Tour, {number + 1} of {len(STEPS)}: {step.title}.** {step.say}")
        st.markdown("\n".join(f"- {line}" for line in step.look))
        with st.container(horizontal=True, gap="small"):
            back = st.button("Back", key="tour-back", icon=":material/arrow_back:", disabled=number == 0)
            last = number == len(STEPS) - 1
            go_on = st.button(
                "Finish" if last else "Next",
                key="tour-next",
                type="primary",
                icon=":material/check:" if last else ":material/arrow_forward:",
            )
            end = not last and st.button("End the tour", key="tour-end", type="tertiary")
    if back:
        go_to_step(number - 1)
    if end or (go_on and last):
        del st.session_state[_STEP]
        st.rerun()
    if go_on:
        go_to_step(number + 1)


def _pick_movie() -> Movie | None:
    shelf = get_shelf()
    return shelf.picks.items[0] if shelf is not None and shelf.picks.items else None
