"""What people read when something does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.api_client import ApiRefused, ApiUnavailable
from ui.feedback import MarkBook
from ui.text import count_things, escape_markdown


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
            f"**{escape_markdown(message)}** Your likes are kept in this tab and sent when it is back.",
            icon=":material/cloud_off:",
        )
        st.button("Try again", key=f"retry-{key}", icon=":material/refresh:")


def show_feedback_state(book: MarkBook, problem: str | None) -> None:
    """Say what is waiting to be sent, what was refused and what could not be loaded."""
    if book.queue:
        st.info(
            f"{count_things(len(book.queue), 'change')} waiting to be sent. "
            "They count on this screen already; every press tries again.",
            icon=":material/schedule_send:",
        )
    elif problem:
        st.warning(f"Not stored: {escape_markdown(problem)}", icon=":material/warning:")
    if not book.complete:
        st.warning("Your earlier likes cannot be loaded right now.", icon=":material/cloud_off:")
