"""Controls that several pages share: how many films, and how varied."""

from __future__ import annotations

from typing import Final

import streamlit as st

LENGTHS: Final = (5, 10, 20)
USUAL_LENGTH: Final = 10


def choose_length(key: str) -> int:
    """Draw the choice of how many films a list has and return it."""
    chosen = st.segmented_control(
        "Films", LENGTHS, default=USUAL_LENGTH, required=True, key=key, persist_state="session"
    )
    return chosen or USUAL_LENGTH


def choose_variety(key: str) -> float:
    """Draw the slider of variety and return it, 0 to 1."""
    return st.slider(
        "Variety",
        0.0,
        1.0,
        0.0,
        0.1,
        key=key,
        persist_state="session",
        help="0 leaves the order as it is; higher values avoid films that resemble each other.",
    )
