"""What people read when something does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from ui.api_client import ApiRefused, ApiUnavailable
from ui.connection import get_client, get_outbox
from ui.feedback import MarkBook
from ui.text import count_things, escape_markdown

CHECK_SECONDS: Final = 2.0
GRACE_SECONDS: Final = 1.5
"""A press that is on its way for less than this is not worth a word."""


@contextmanager
def plain_errors(key: str) -> Iterator[None]:
    """Show what the API could not do in place of a traceback; what was drawn before stays."""
    try:
        yield
    except ApiUnavailable as error:
        show_unavailable(str(error), key)
    except ApiRefused as error:
        st.error(escape_markdown(str(error)), icon=":material/block:")


def show_unavailable(message: str, key: str) -> None:
    """Say that the API does not answer and offer to try again."""
    with st.container(key=f"unavailable-{key}"):
        st.warning(
            f"**{escape_markdown(message)}** What you do meanwhile is kept and sent when it is back.",
            icon=":material/cloud_off:",
        )
        st.button("Try again", key=f"retry-{key}", icon=":material/refresh:", on_click=get_client().try_again)


def show_feedback_state(book: MarkBook, problem: str | None) -> None:
    """Say what is waiting to be sent, what was refused and what could not be loaded."""
    if book.queue:
        _show_waiting(book.user_id)
    elif problem:
        st.warning(f"Not stored: {escape_markdown(problem)}", icon=":material/warning:")
    if not book.complete:
        st.warning("Your earlier likes cannot be loaded right now.", icon=":material/cloud_off:")


@st.fragment(run_every=CHECK_SECONDS)
def _show_waiting(user_id: str) -> None:
    """Say how much waits until it is sent; nothing where the API merely takes a moment."""
    waiting = get_outbox().waiting(user_id)
    told = st.session_state.get("told_waiting", False)
    now = datetime.now(UTC)
    late = [
        kept
        for kept in waiting
        if (now - datetime.fromisoformat(kept.event.client_time)).total_seconds() > GRACE_SECONDS
    ]
    if told and not waiting:
        st.session_state["told_waiting"] = False
        st.session_state["notice"] = "All is sent"
        st.rerun()
    if late:
        st.session_state["told_waiting"] = True
        st.info(
            f"{count_things(len(waiting), 'change')} waiting to be sent. Nothing is lost: they count on this "
            "screen already and go out by themselves, even if you close this tab.",
            icon=":material/schedule_send:",
        )
