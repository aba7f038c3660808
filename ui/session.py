"""What one browser session remembers: client, viewer, the list on screen, marks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

import streamlit as st

from ui.api_client import ApiClient, ApiUnavailable
from ui.courier import Courier
from ui.feedback import MarkBook, add_mark, complete_book, restore_book, settle, undo_mark
from ui.models import (
    Action,
    GenreList,
    Health,
    Movie,
    MovieFacts,
    MoviePage,
    Neighbours,
    Taste,
    Viewer,
    ViewerPage,
)
from ui.outbox import Outbox
from ui.pantry import Pantry
from ui.text import escape_markdown, name_movie

HOME: Final = "home"
"""Surface of the list that re-ranks itself."""

PATIENCE_SECONDS: Final = 0.15
"""How long a press waits for the API to store it; afterwards it waits in the outbox, shown as such."""

GUEST_PREFIX: Final = "guest-"
_PAST_TENSE: Final = {"like": "Liked", "dislike": "Hidden", "save": "Saved"}


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


def get_client() -> ApiClient:
    """Return this session's client."""
    if "client" not in st.session_state:
        st.session_state["client"] = ApiClient.from_environment()
    return cast(ApiClient, st.session_state["client"])


@st.cache_resource(show_spinner=False)
def _open_outbox(base_url: str) -> Outbox:
    return Outbox.open(base_url)


@st.cache_resource(show_spinner=False)
def _open_courier(base_url: str) -> Courier:
    # A client of its own: requests' sessions are not meant for several threads.
    return Courier(_open_outbox(base_url), ApiClient.from_environment(rest_seconds=0.0).send_feedback)


@st.cache_resource(show_spinner=False)
def _open_pantry() -> Pantry:
    return Pantry()


def get_outbox() -> Outbox:
    """Return what waits to be sent to this session's API."""
    return _open_outbox(get_client().base_url)


def get_courier() -> Courier:
    """Return who sends it."""
    return _open_courier(get_client().base_url)


@st.cache_data(ttl=20, show_spinner=False)
def _load_health(base_url: str, _client: ApiClient) -> Health:
    return _client.health()


@st.cache_data(ttl=600, show_spinner=False)
def _load_genres(base_url: str, _client: ApiClient) -> GenreList:
    return GenreList(_client.genres())


@st.cache_data(ttl=120, show_spinner=False, max_entries=200)
def _load_viewers(base_url: str, query: str, limit: int, _client: ApiClient) -> ViewerPage:
    return _client.viewers(query, limit)


@st.cache_data(ttl=120, show_spinner=False, max_entries=200)
def _search_movies(base_url: str, query: str, limit: int, _client: ApiClient) -> MoviePage:
    return _client.movies(query, limit)


@st.cache_data(ttl=120, show_spinner=False, max_entries=500)
def _load_movie(base_url: str, item_id: str, _client: ApiClient) -> MovieFacts:
    return _client.movie(item_id)


@st.cache_data(ttl=120, show_spinner=False, max_entries=500)
def _load_similar(base_url: str, item_id: str, k: int, _client: ApiClient) -> Neighbours:
    return _client.similar(item_id, k)


def load_health() -> Health:
    """Return the API's state, at most 20 seconds old."""
    return _load_health(get_client().base_url, _client=get_client())


def load_genres() -> tuple[str, ...]:
    """Return the genres of the catalogue; the last known ones where the API is away."""
    client = get_client()
    return get_pantry().fetch(
        ("genres", client.base_url), lambda: _load_genres(client.base_url, _client=client).genres
    )


def load_viewers(query: str = "", limit: int = 100) -> ViewerPage:
    """Return known viewers whose id matches; the last known ones where the API is away."""
    client = get_client()
    return get_pantry().fetch(
        ("viewers", client.base_url, query, limit),
        lambda: _load_viewers(client.base_url, query, limit, _client=client),
    )


def search_movies(query: str, limit: int = 24) -> MoviePage:
    """Return films whose title matches, best first."""
    return _search_movies(get_client().base_url, query.strip(), limit, _client=get_client())


def load_movie(item_id: str) -> MovieFacts:
    """Return the facts of a film."""
    return _load_movie(get_client().base_url, item_id, _client=get_client())


def load_similar(item_id: str, k: int = 12) -> Neighbours:
    """Return the neighbours of a film."""
    return _load_similar(get_client().base_url, item_id, k, _client=get_client())


def find_viewer(user_id: str) -> Viewer | None:
    """Return the known viewer of exactly this id."""
    if not user_id:
        return None
    return next((viewer for viewer in load_viewers(user_id).users if viewer.user_id == user_id), None)


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


def load_taste(person: Person) -> Taste | None:
    """Return the profile of a known viewer, fetched once per set of stored marks."""
    if person.viewer is None:
        return None
    book = get_book(person)
    stored = tuple(mark.event_id for mark in book.marks if mark.event_id not in book.waiting)
    key = (person.user_id, stored)
    if st.session_state.get("taste_key") != key:
        st.session_state["taste"] = get_client().taste(person.viewer.user_idx)
        st.session_state["taste_key"] = key
    return cast(Taste, st.session_state["taste"])


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


def get_pantry() -> Pantry:
    """Return the last good answers of this server."""
    return _open_pantry()


def get_book(person: Person) -> MarkBook:
    """Return the viewer's marks: what the API has stored, loaded once, and what waits to be sent.

    While the API cannot tell, marks given meanwhile are kept and joined with the stored ones later.
    """
    books = st.session_state.setdefault("books", {})
    book = cast("MarkBook | None", books.get(person.user_id))
    if book is None:
        kept = get_outbox().waiting(person.user_id)
        book = restore_book(person.user_id, kept)
        if kept:
            get_courier().hurry(patience=0.0)
    if not book.complete:
        with suppress(ApiUnavailable):
            book = complete_book(book, get_client().feedback(person.user_id))
        books[person.user_id] = book
    return book


def send_waiting(person: Person) -> None:
    """Take note of what was stored or refused meanwhile, and try the rest again."""
    if get_book(person).queue:
        _send(get_book(person), patience=0.0)


def mark_movie(person: Person, movie: Movie, action: Action, surface: str, rank: int | None = None) -> None:
    """Like, dislike or save a film: counts at once, and is on its way to the API."""
    context = {"surface": surface} | ({"rank": str(rank)} if rank else {})
    _change(person, add_mark(get_book(person), movie, action, context), movie)
    _note_page(surface, action)
    st.session_state["notice"] = f"{_PAST_TENSE[action]}: {escape_markdown(name_movie(movie))}"


def undo_movie(person: Person, event_id: str, surface: str = "") -> None:
    """Take a mark back."""
    book = get_book(person)
    mark = next((mark for mark in book.marks if mark.event_id == event_id), None)
    if mark is None:
        return
    _change(person, undo_mark(book, event_id), mark.movie)
    _note_page(surface, mark.action)
    st.session_state["notice"] = "Taken back"


def forget_feedback(person: Person, *, waiting: bool = False) -> None:
    """Drop what this session holds of a viewer's marks, so that they load anew; what waits only if told."""
    if waiting:
        outbox = get_outbox()
        for kept in outbox.waiting(person.user_id):
            outbox.forget(kept.event.event_id)
    for name in ("shelf", "taste_key"):
        st.session_state.pop(name, None)
    st.session_state.setdefault("books", {}).pop(person.user_id, None)


def _change(person: Person, book: MarkBook, movie: Movie) -> None:
    known = get_book(person).waiting
    outbox = get_outbox()
    for event in book.queue:
        if event.event_id not in known:
            outbox.keep(event, movie)
    _send(book, PATIENCE_SECONDS)


def _send(book: MarkBook, patience: float) -> None:
    """Hand the waiting events over; what the API has answered by then is taken out of the book."""
    get_courier().hurry(patience)
    outbox = get_outbox()
    refused = outbox.take_refused(book.user_id)
    waiting = {kept.event.event_id for kept in outbox.waiting(book.user_id)}
    st.session_state["books"][book.user_id] = settle(book, waiting, refused)
    if refused:
        st.session_state["feedback_problem"] = next(iter(refused.values()))


def _note_page(surface: str, action: Action) -> None:
    """Ask for the whole page again where a press in one part of it shows in another."""
    if surface != HOME or action == "save":
        st.session_state["page_stale"] = True
