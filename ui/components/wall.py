"""The list that re-ranks itself: order controls, thumbs, what changed, the wall of posters."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.api_client import ApiUnavailable
from ui.changes import Changes
from ui.components.card import show_pick_cards
from ui.components.marks import show_marks
from ui.components.notices import show_feedback_state
from ui.feedback import MarkBook, read_signals
from ui.marking import HOME, get_book, send_waiting
from ui.models import Pick
from ui.rerank import Placed, Signal, rerank
from ui.session import Person
from ui.shelf import Shelf, extend_shelf, get_shelf
from ui.text import count_things, escape_markdown, join_words, name_generation, strip_year

BY_THUMBS: Final = "By your thumbs"
API_ORDER: Final = "Original order"
N_SHOWN: Final = 12
N_MORE: Final = 12
DEFAULT_STRENGTH: Final = 0.5
_MATCH_NOTE: Final = (
    "**Match** is the model's estimate of the chance that you like a film if you watch it; it is not a "
    "star rating. The order also asks how likely you are to watch it, so a lower match may stand higher; "
    "“Best match first” under Filters goes by the match alone. **▲3** means three places up, **+6 points** "
    "how far a thumb moved the match for the order."
)


def show_wall(person: Person, shelf: Shelf, hide_saved: bool) -> None:
    """Draw the first row of the shelf."""
    send_waiting(person)
    book = get_book(person)
    show_feedback_state(book, st.session_state.pop("feedback_problem", None))
    strength = _show_order_controls(book, shelf)
    _show_marks(person, book)
    signals = read_signals(book, shelf.counted) if strength else ()
    placed = rerank(_select(shelf, book, strength is not None, hide_saved), signals, strength or 0.0)
    n_shown: int = st.session_state.setdefault("n_shown", N_SHOWN)
    _show_summary(book, shelf, placed, signals, strength)
    if shelf.changes is not None:
        _show_changes(shelf.changes)
    if not placed:
        st.info("No film fits. Widen the filters, or take a thumb back.", icon=":material/search_off:")
        return
    show_pick_cards(person, book, placed[:n_shown], HOME, shelf.changes)
    if n_shown < len(placed) or not shelf.exhausted:
        st.button(
            "Load more",
            icon=":material/expand_more:",
            width="stretch",
            key="more",
            on_click=_load_more,
            args=(len(placed),),
        )
    else:
        st.caption("That is all there is for these filters.")


def _select(shelf: Shelf, book: MarkBook, by_thumbs: bool, hide_saved: bool) -> tuple[Pick, ...]:
    """Return the films that may be shown; the original order keeps disliked ones, faded."""
    away = {mark.movie.item_id for mark in book.marked("dislike")} if by_thumbs else set()
    if hide_saved:
        away |= {mark.movie.item_id for mark in book.marked("save")}
    return tuple(pick for pick in shelf.first if pick.item_id not in away)


def _show_order_controls(book: MarkBook, shelf: Shelf) -> float | None:
    n_uncounted = len(read_signals(book, shelf.counted))
    with st.container(horizontal=True, vertical_alignment="center", key="toolbar"):
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
                format="percent",
                key="strength",
                persist_state="session",
            )
            st.caption(
                "Your thumbs re-order this list at once, here in the app. At 100% they move a film by up to "
                "25 points of match; at 0% not at all. “Original order” is the list as the recommender sent "
                "it, with what you hid."
            )
        thumbs = f" with {count_things(n_uncounted, 'new thumb')}" if n_uncounted else ""
        if st.button(
            f"Ask again{thumbs}",
            icon=":material/refresh:",
            key="ask-again",
            type="primary" if n_uncounted else "secondary",
            help="Ask the recommender for a new list. It learns from your thumbs at once, and you see what "
            "it changed.",
        ):
            st.session_state["fresh_wanted"] = True
            st.rerun()
    return float(strength) if order == BY_THUMBS else None


def _show_marks(person: Person, book: MarkBook) -> None:
    """Draw the marks on one line; it is there without any as well, so that the first moves nothing down."""
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", gap="small", key="your-thumbs"
    ):
        if not book.marks:
            st.caption("Your thumbs appear here; nothing said yet", width="content")
            return
        st.markdown("**Your thumbs**", width="content", help="Press one to take it back.")
        show_marks(person, book, ("like", "dislike", "save"), limit=8)


def _load_more(n_ready: int) -> None:
    n_shown = st.session_state.get("n_shown", N_SHOWN)
    shelf = get_shelf()
    if shelf is not None and n_shown + N_MORE > n_ready and not shelf.exhausted:
        try:
            extend_shelf(shelf, N_MORE)
        except ApiUnavailable as error:
            st.session_state["notice"] = str(error)
            if n_shown >= n_ready:
                return
    st.session_state["n_shown"] = n_shown + N_MORE


def _show_summary(
    book: MarkBook,
    shelf: Shelf,
    placed: tuple[Placed, ...],
    signals: tuple[Signal, ...],
    strength: float | None,
) -> None:
    if strength is None:
        parts = ["The recommender's own order"]
    elif signals:
        n_moved = sum(card.moved != 0 for card in placed)
        parts = [
            f"Re-ranked by {count_things(len(signals), 'thumb')}: {n_moved} of {len(placed)} films moved"
        ]
    else:
        parts = ["The recommender's own order; like a film and watch the list move"]
    n_counted = sum(mark.event_id in shelf.counted for mark in book.marks)
    if n_counted:
        parts.append(f"the recommender has counted {n_counted} of your marks")
    if shelf.wishes.generation != "v2":
        parts.append(escape_markdown(name_generation(shelf.wishes.generation)))
    with st.container(key="summary"):
        st.caption(" · ".join(parts), help=_MATCH_NOTE)
    if shelf.note:
        st.info(escape_markdown(shelf.note), icon=":material/info:")


def _show_changes(changes: Changes) -> None:
    """Say what the recommender's answer to the thumbs changed."""
    if not (changes.new or changes.n_moved):
        st.info("The recommender has your thumbs; its list stays as it was.", icon=":material/check:")
        return
    moved = count_things(changes.n_moved, "film")
    parts = [f"{count_things(len(changes.new), 'film')} new", f"{moved} at another place"]
    if changes.answered:
        parts.append(f"{count_things(len(changes.answered), 'film')} left because you marked them")
    if changes.gone:
        names = [escape_markdown(strip_year(pick)) for pick in changes.gone[:3]]
        if len(changes.gone) > len(names):
            names.append(f"{len(changes.gone) - len(names)} more")
        parts.append(f"{join_words(names)} made room")
    st.success(
        f"**The recommender has learnt from your thumbs:** {'; '.join(parts)}.",
        icon=":material/auto_awesome:",
    )
