"""Home: the ranked wall of posters, re-ordered by what the viewer says."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from ui.api_client import MAX_K, ApiUnavailable, Wishes
from ui.components.card import show_pick_cards
from ui.components.filters import show_filters
from ui.components.marks import show_marks
from ui.components.notices import plain_errors, show_feedback_state, show_unavailable
from ui.components.onboarding import needs_onboarding, show_onboarding
from ui.components.taste import show_recent_taste
from ui.feedback import MarkBook, read_signals
from ui.rerank import Placed, Signal, rerank
from ui.session import (
    Person,
    Shelf,
    extend_shelf,
    get_book,
    get_shelf,
    load_shelf,
    send_waiting,
)
from ui.text import count_things, escape_markdown, join_words, name_generation

BY_THUMBS = "By your thumbs"
API_ORDER = "API’s own order"
N_MORE = 12
DEFAULT_STRENGTH = 0.5


def render() -> None:
    """Draw the home page."""
    person: Person = st.session_state["shown_person"]
    if needs_onboarding(person):
        show_onboarding(person)
        return
    _show_heading(person)
    _show_body(person)


@st.fragment
def _show_body(person: Person) -> None:
    with plain_errors("body"):
        send_waiting(person)
        book = get_book(person)
        with st.container(horizontal=True, vertical_alignment="center", key="toolbar"):
            strength = _show_order_controls()
            wishes = show_filters()
            fresh = st.button(
                "Refresh picks from the server",
                icon=":material/refresh:",
                help="Ask the recommender again; its new answer has learnt from your thumbs.",
            )
        show_feedback_state(book, st.session_state.pop("feedback_problem", None))
        shelf = _load_or_keep(person, wishes, fresh)
        if shelf is None:
            return
        _show_marks(person, book)
        with st.expander(
            "Your recent taste", icon=":material/insights:", key="recent", on_change="rerun"
        ) as panel:
            if panel.open:
                show_recent_taste(person)
        _show_wall(person, book, shelf, strength)
    if notice := st.session_state.pop("notice", None):
        st.toast(notice)


def _show_heading(person: Person) -> None:
    with st.container(gap=None, key="heading"):
        st.title("For you", anchor=False)
        if person.viewer is not None:
            genres = join_words([escape_markdown(genre) for genre in person.viewer.top_genres[:3]])
            history = count_things(person.viewer.n_events, "rating")
            st.caption(f"From {history}" + (f", mostly {genres}" if genres else ""))
        elif person.favourite_genres:
            genres = join_words([escape_markdown(genre) for genre in person.favourite_genres])
            st.caption(f"From your likes and your genres: {genres}")
        else:
            st.caption("From your likes")


def _show_order_controls() -> float | None:
    order = st.segmented_control(
        "Order",
        [BY_THUMBS, API_ORDER],
        default=BY_THUMBS,
        required=True,
        key="order",
        persist_state="session",
        label_visibility="collapsed",
    )
    chosen = st.session_state.get("strength", DEFAULT_STRENGTH)
    with st.popover(f"Strength {chosen:.0%}", icon=":material/swap_vert:", disabled=order != BY_THUMBS):
        strength = st.slider(
            "Strength of your thumbs",
            0.0,
            1.0,
            DEFAULT_STRENGTH,
            0.05,
            key="strength",
            persist_state="session",
        )
        st.caption(
            "Your thumbs re-order this list at once, here in the app. At 100% they move a film by up to "
            "25 points of match; at 0% not at all. “API’s own order” is the list as the recommender sent it."
        )
    return float(strength) if order == BY_THUMBS else None


def _load_or_keep(person: Person, wishes: Wishes, fresh: bool) -> Shelf | None:
    try:
        with st.spinner("Looking for films", show_time=False):
            return load_shelf(person, wishes, fresh)
    except ApiUnavailable as error:
        show_unavailable(str(error), "list")
    shelf = get_shelf()
    if shelf is None or shelf.person != person:
        return None
    minutes = int((datetime.now(UTC) - shelf.fetched).total_seconds() // 60)
    st.caption(
        f"This is the last list that arrived, {count_things(minutes, 'minute')} ago; filters may differ."
    )
    return shelf


def _show_marks(person: Person, book: MarkBook) -> None:
    if not book.marks:
        return
    with st.container(border=True, gap="xsmall", key="your-thumbs"):
        st.markdown("**Your thumbs** :gray[:small[press one to take it back]]")
        show_marks(person, book, ("like", "dislike", "save"), limit=8)


def _show_wall(person: Person, book: MarkBook, shelf: Shelf, strength: float | None) -> None:
    hidden = {mark.movie.item_id for mark in book.marked("dislike")}
    items = shelf.picks.items
    shown = items if strength is None else tuple(pick for pick in items if pick.item_id not in hidden)
    signals = read_signals(book, shelf.counted) if strength else ()
    placed = rerank(shown, signals, strength or 0.0)
    _show_summary(book, shelf, placed, signals, strength)
    if not placed:
        st.info("No film fits. Widen the filters, or take a thumb back.", icon=":material/search_off:")
        return
    show_pick_cards(person, book, placed, "home")
    if len(items) < MAX_K and not shelf.exhausted and len(items) >= shelf.wishes.k:
        st.button(
            "Load more",
            icon=":material/expand_more:",
            width="stretch",
            key="more",
            on_click=_load_more,
            args=(shelf,),
        )
    elif shelf.exhausted:
        st.caption("That is all there is for these filters.")


def _load_more(shelf: Shelf) -> None:
    try:
        extend_shelf(shelf, N_MORE)
    except ApiUnavailable as error:
        st.session_state["notice"] = str(error)


def _show_summary(
    book: MarkBook,
    shelf: Shelf,
    placed: tuple[Placed, ...],
    signals: tuple[Signal, ...],
    strength: float | None,
) -> None:
    parts = [count_things(len(placed), "film")]
    if strength is None:
        parts.append("in the recommender's own order")
    elif signals:
        n_moved = sum(card.moved != 0 for card in placed)
        parts.append(f"re-ranked by {count_things(len(signals), 'thumb')}, {n_moved} moved")
    else:
        parts.append("in the recommender's own order; like a film and watch the list move")
    n_counted = sum(mark.event_id in shelf.counted for mark in book.marks)
    if n_counted:
        parts.append(f"the recommender has counted {n_counted} of your marks")
    if shelf.wishes.generation != "v2":
        parts.append(escape_markdown(name_generation(shelf.wishes.generation)))
    st.caption(" · ".join(parts))
    if shelf.picks.note:
        st.info(escape_markdown(shelf.picks.note), icon=":material/info:")


if __name__ == "__main__":
    render()
