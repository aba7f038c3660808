"""Whose list a browser session shows, and the address that leads back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

import streamlit as st

from ui.answers import find_viewer, load_viewers
from ui.models import Movie, Viewer

GUEST_PREFIX: Final = "guest-"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose list is shown: a known viewer, or a guest (``viewer`` is None) with favourite genres."""

    user_id: str
    viewer: Viewer | None
    favourite_genres: tuple[str, ...] = ()

    @property
    def is_guest(self) -> bool:
        """True for somebody without a trained history."""
        return self.viewer is None


def find_person() -> Person | None:
    """Return whose list this session shows; None where the address names nobody known.

    Without any choice it is the first known viewer, so that there is something to see.
    """
    user_id = st.session_state.get("user_id")
    favourite_genres = st.session_state.get("favourite_genres", ())
    person = cast("Person | None", st.session_state.get("person"))
    if person is not None and (person.user_id, person.favourite_genres) == (user_id, favourite_genres):
        return person
    if user_id is None:
        viewers = load_viewers().users
        person = Person(viewers[0].user_id, viewers[0]) if viewers else Person(make_guest_id(), None)
    elif user_id.startswith(GUEST_PREFIX):
        person = Person(user_id, None, favourite_genres)
    else:
        viewer = find_viewer(user_id)
        person = Person(user_id, viewer) if viewer else None
    if person is not None:
        choose_person(person.user_id, person.favourite_genres)
    st.session_state["person"] = person
    return person


def make_guest_id() -> str:
    """Return the id of a viewer nobody has seen before."""
    return GUEST_PREFIX + uuid4().hex[:12]


def choose_person(user_id: str, favourite_genres: Sequence[str] = ()) -> None:
    """Make somebody the viewer of this session and put them into the address."""
    st.session_state["user_id"] = user_id
    st.session_state["favourite_genres"] = tuple(favourite_genres)
    write_address()


def read_address() -> None:
    """Take viewer and favourite genres from the address where it names them."""
    user_id = st.query_params.get("viewer")
    if user_id and user_id != st.session_state.get("user_id"):
        st.session_state["user_id"] = user_id[:64]
        st.session_state["favourite_genres"] = ()
    if genres := st.query_params.get_all("likes"):
        st.session_state["favourite_genres"] = tuple(genres)


def write_address() -> None:
    """Keep the viewer in the address, so that a reload or a copied link shows the same."""
    for name, value in make_address().items():
        if st.query_params.get_all(name) != ([value] if isinstance(value, str) else value):
            st.query_params[name] = value


def make_address(movie: Movie | None = None) -> dict[str, str | list[str]]:
    """Return the query parameters that lead back to this viewer, and to a film."""
    address: dict[str, str | list[str]] = {}
    if user_id := st.session_state.get("user_id"):
        address["viewer"] = user_id
    if genres := st.session_state.get("favourite_genres"):
        address["likes"] = list(genres)
    if movie is not None:
        address["movie"] = movie.item_id
    return address
