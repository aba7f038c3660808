"""Lists with everything behind them, asked for once per question and set of stored marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import streamlit as st

from ui.answers import load_genres
from ui.api_client import Wishes
from ui.connection import get_client
from ui.marking import get_book
from ui.models import Inspection, PickList
from ui.session import Person

MAX_KEPT: Final = 16
_T = TypeVar("_T")


def load_inspection(person: Person, wishes: Wishes) -> Inspection:
    """Return the inspected list of a viewer or guest."""

    def ask() -> Inspection:
        if person.viewer is not None:
            return get_client().inspect(person.viewer.user_idx, wishes)
        return get_client().inspect_for(person.user_id, wishes, _list_favourites(person))

    return _remember(("inspect", wishes), person, ask)


def load_list(person: Person, wishes: Wishes, likes: Sequence[str] = ()) -> PickList:
    """Return the list somebody would get if they also liked ``likes``; nothing is stored."""

    def ask() -> PickList:
        return get_client().recommend_for(person.user_id, wishes, _list_favourites(person), likes)

    return _remember(("list", wishes, tuple(likes)), person, ask)


def _remember(question: tuple[object, ...], person: Person, ask: Callable[[], _T]) -> _T:
    book = get_book(person)
    stored = tuple(mark.event_id for mark in book.marks if mark.event_id not in book.waiting)
    key = (person.user_id, person.favourite_genres, stored, *question)
    kept = st.session_state.setdefault("inspections", {})
    if key not in kept:
        with st.spinner("Asking the recommender …"):
            answer = ask()
        while len(kept) >= MAX_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = answer
    found: _T = kept[key]
    return found


def _list_favourites(person: Person) -> tuple[str, ...]:
    # Links may be old or mistyped: a genre this catalogue lacks must not cost the whole list.
    known = set(load_genres())
    return tuple(genre for genre in person.favourite_genres if genre in known)
