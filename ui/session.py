"""What one browser session remembers: client, viewer, the list on screen, marks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, cast
from uuid import uuid4

import streamlit as st

from ui.api_client import MAX_K, ApiClient, ApiUnavailable, Wishes
from ui.feedback import MarkBook, add_mark, complete_book, deliver, undo_mark
from ui.models import (
    Action,
    GenreList,
    Health,
    Movie,
    MovieFacts,
    MoviePage,
    Neighbours,
    PickList,
    Taste,
    Viewer,
    ViewerPage,
)
from ui.text import escape_markdown, name_movie

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


@dataclass(frozen=True, slots=True)
class Shelf:
    """The list on screen and the request it answers; ``counted`` marks were known to the API."""

    person: Person
    wishes: Wishes
    picks: PickList
    fetched: datetime
    counted: frozenset[str] = frozenset()
    exhausted: bool = False


def get_client() -> ApiClient:
    """Return this session's client."""
    if "client" not in st.session_state:
        st.session_state["client"] = ApiClient.from_environment()
    return cast(ApiClient, st.session_state["client"])


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
    """Return the genres of the catalogue."""
    return _load_genres(get_client().base_url, _client=get_client()).genres


def load_viewers(query: str = "", limit: int = 100) -> ViewerPage:
    """Return known viewers whose id matches."""
    return _load_viewers(get_client().base_url, query, limit, _client=get_client())


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


def get_shelf() -> Shelf | None:
    """Return the last list that arrived, whoever it was for."""
    return cast("Shelf | None", st.session_state.get("shelf"))


def load_shelf(person: Person, wishes: Wishes, fresh: bool = False) -> Shelf:
    """Return the list for these wishes; asks the API only where it has not answered them yet.

    With ``fresh`` it asks again, and from then on the marks it knew of no longer move cards here.
    """
    shelf = get_shelf()
    same = shelf is not None and shelf.person == person
    if shelf is not None and same and shelf.wishes == wishes and not fresh:
        return shelf
    counted = shelf.counted if shelf is not None and same else frozenset()
    if fresh:
        book = get_book(person)
        counted = frozenset(mark.event_id for mark in book.marks) - book.waiting
    shelf = Shelf(person, wishes, _ask(person, wishes), datetime.now(UTC), counted)
    st.session_state["shelf"] = shelf
    return shelf


def extend_shelf(shelf: Shelf, n_more: int) -> None:
    """Add up to ``n_more`` further films below the list; what is on screen stays where it is."""
    items = shelf.picks.items
    known = {pick.item_id for pick in items}
    answer = _ask(shelf.person, replace(shelf.wishes, k=min(MAX_K, len(items) + n_more)))
    new = tuple(pick for pick in answer.items if pick.item_id not in known)[:n_more]
    joined = replace(answer, k=len(items) + len(new), items=items + new)
    st.session_state["shelf"] = replace(shelf, picks=joined, exhausted=not new)


def get_book(person: Person) -> MarkBook:
    """Return the viewer's marks; what the API has stored is loaded once per session and viewer.

    While the API cannot tell, marks given meanwhile are kept and joined with the stored ones later.
    """
    books = st.session_state.setdefault("books", {})
    book = cast(MarkBook, books.get(person.user_id, MarkBook(person.user_id, complete=False)))
    if not book.complete:
        with suppress(ApiUnavailable):
            book = complete_book(book, get_client().feedback(person.user_id))
        books[person.user_id] = book
    return book


def send_waiting(person: Person) -> None:
    """Try again to send what is waiting."""
    book = get_book(person)
    if book.queue:
        _deliver(book)


def mark_movie(person: Person, movie: Movie, action: Action, surface: str, rank: int | None = None) -> None:
    """Like, dislike or save a film: counts at once, and is sent to the API."""
    context = {"surface": surface} | ({"rank": str(rank)} if rank else {})
    _deliver(add_mark(get_book(person), movie, action, context))
    st.session_state["notice"] = f"{_PAST_TENSE[action]}: {escape_markdown(name_movie(movie))}"


def undo_movie(person: Person, event_id: str) -> None:
    """Take a mark back."""
    _deliver(undo_mark(get_book(person), event_id))
    st.session_state["notice"] = "Taken back"


def _deliver(book: MarkBook) -> None:
    book, problem = deliver(book, get_client().send_feedback)
    st.session_state["books"][book.user_id] = book
    st.session_state["feedback_problem"] = problem


def _ask(person: Person, wishes: Wishes) -> PickList:
    if person.viewer is not None:
        return get_client().recommend(person.viewer.user_idx, wishes)
    # Links may be old or mistyped: a genre this catalogue lacks must not cost the whole list.
    known = set(load_genres())
    favourites = tuple(genre for genre in person.favourite_genres if genre in known)
    return get_client().recommend_for(person.user_id, wishes, favourites)
