"""What the recommender knows about a viewer, and every thumb they gave."""

from __future__ import annotations

import streamlit as st

from ui.charts import draw_shares
from ui.components.marks import show_marks
from ui.components.notices import plain_errors, show_feedback_state
from ui.components.taste import show_history
from ui.models import Action, Taste
from ui.session import Person, get_book, load_taste, send_waiting
from ui.text import count_things


def render() -> None:
    """Draw the taste page."""
    person: Person = st.session_state["shown_person"]
    st.title("My taste", anchor=False)
    send_waiting(person)
    show_feedback_state(get_book(person), st.session_state.pop("feedback_problem", None))
    _show_all_marks(person)
    with plain_errors("taste"):
        taste = load_taste(person)
        if taste is None:
            st.info(
                "A new viewer has no ratings yet. Your list rests on the genres and films you chose, "
                "and on your thumbs.",
                icon=":material/info:",
            )
        else:
            _show_profile(taste)


def _show_profile(taste: Taste) -> None:
    mean = f", {taste.mean_rating:.1f} of 5 on average" if taste.mean_rating is not None else ""
    st.caption(
        f"{count_things(taste.n_events, 'event')}{mean}. Bars: share of what this viewer liked. "
        "Tick: the same for everybody."
    )
    for column, (title, shares) in zip(
        st.columns(3, gap="medium"),
        (("Genres", taste.genres), ("Eras", taste.eras), ("Directors", taste.directors)),
        strict=True,
    ):
        with column:
            draw_shares(shares, title, n_max=8)
    if taste.recent:
        st.subheader("Latest titles", anchor=False)
        show_history(taste)


def _show_all_marks(person: Person) -> None:
    book = get_book(person)
    groups: tuple[tuple[Action, str], ...] = (("like", "Liked"), ("dislike", "Not for me"), ("save", "Saved"))
    if not book.marks:
        st.caption("No thumbs yet. Like or hide films on the home page; they appear here.")
    for action, name in groups:
        if marks := book.marked(action):
            st.markdown(f"**{name}** :gray[{len(marks)}]")
            show_marks(person, book, (action,))
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


if __name__ == "__main__":
    render()
