"""Answers a session keeps, so that pressing a button does not ask for the same thing again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import streamlit as st

from ui.marking import get_book
from ui.session import Person

_T = TypeVar("_T")


def remember(slot: str, key: Hashable, load: Callable[[], _T]) -> _T:
    """Return what ``load`` gave for this key; a slot keeps its last answer only."""
    kept = st.session_state.setdefault("memory", {})
    if slot not in kept or kept[slot][0] != key:
        kept[slot] = (key, load())
    return cast(_T, kept[slot][1])


def read_state(person: Person) -> Hashable:
    """Return a value that changes whenever what the API has stored of this viewer does."""
    book = get_book(person)
    stored = tuple(mark.event_id for mark in book.marks if mark.event_id not in book.waiting)
    return person.user_id, person.favourite_genres, stored, st.session_state.get("changes", 0)


def note_change() -> None:
    """Say that something was stored or erased that no mark of this session tells of."""
    st.session_state["changes"] = st.session_state.get("changes", 0) + 1
