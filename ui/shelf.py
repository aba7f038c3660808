"""The films on the home page: which request they answer, what came before, how to get more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, cast

import streamlit as st

from ui.answers import load_genres
from ui.api_client import Wishes
from ui.changes import Changes, compare
from ui.connection import get_client, get_pantry
from ui.marking import get_book
from ui.models import Pick, PickList, Section
from ui.session import Person

_FIRST: Final = ("for_you", "For you", "")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The rows on screen; ``counted`` marks were known to the API when it answered.

    ``last_good`` is True where it stands in for an answer that did not come.
    ``changes`` compares the first row with the answer before it, once somebody asked again.
    """

    person: Person
    wishes: Wishes
    rows: tuple[Section, ...]
    bundle: str
    note: str | None
    fetched: datetime
    counted: frozenset[str] = frozenset()
    exhausted: bool = False
    changes: Changes | None = None
    last_good: bool = False

    @property
    def first(self) -> tuple[Pick, ...]:
        """The films of the list that re-ranks itself."""
        return self.rows[0].items if self.rows else ()

    @property
    def picks(self) -> PickList:
        """Every film of every row."""
        items = tuple(pick for row in self.rows for pick in row.items)
        return PickList(len(items), self.wishes.generation, self.bundle, self.note, items)


def get_shelf() -> Shelf | None:
    """Return the last page that arrived, whoever it was for."""
    return cast("Shelf | None", st.session_state.get("shelf"))


def load_shelf(person: Person, wishes: Wishes, fresh: bool = False) -> Shelf:
    """Return the page for these wishes; asks the API only where it has not answered them yet.

    With ``fresh`` it asks again, and from then on the marks it knew of no longer move cards here.
    """
    shelf = get_shelf()
    before = shelf if shelf is not None and shelf.person == person else None
    if before is not None and before.wishes == wishes and not fresh and not before.last_good:
        return before
    book = get_book(person)
    counted = before.counted if before is not None else frozenset()
    # What a new viewer said before their first list is all that list is made from: it would count twice.
    if fresh or (before is None and person.is_guest):
        counted = frozenset(mark.event_id for mark in book.marks) - book.waiting
    shelf = _ask(person, wishes, counted)
    if fresh and before is not None and before.wishes == wishes:
        marked = {mark.movie.item_id for mark in book.marks}
        n = min(len(before.first), len(shelf.first))
        shelf = replace(shelf, changes=compare(before.first[:n], shelf.first[:n], marked))
    st.session_state["shelf"] = shelf
    get_pantry().put(_name(person), shelf)
    return shelf


def find_last_shelf(person: Person) -> Shelf | None:
    """Return the last page that arrived for this viewer, in this session or an earlier one."""
    shelf = get_shelf()
    if shelf is None or shelf.person != person:
        shelf = cast("Shelf | None", get_pantry().get(_name(person)))
    if shelf is not None:
        shelf = replace(shelf, last_good=True)
        st.session_state["shelf"] = shelf
    return shelf


def extend_shelf(shelf: Shelf, n_more: int) -> None:
    """Add up to ``n_more`` further films to the first row; none that is on the page already."""
    hide = tuple(pick.item_id for pick in shelf.picks.items)
    more = _ask_list(shelf.person, replace(shelf.wishes, k=n_more, hide=hide))
    first = replace(shelf.rows[0], items=shelf.first + more.items)
    st.session_state["shelf"] = replace(
        shelf, rows=(first, *shelf.rows[1:]), exhausted=len(more.items) < n_more
    )


def _name(person: Person) -> tuple[str, str, str, tuple[str, ...]]:
    return ("shelf", get_client().base_url, person.user_id, person.favourite_genres)


def _ask(person: Person, wishes: Wishes, counted: frozenset[str]) -> Shelf:
    if wishes.generation == "v2":
        page = get_client().sections(person.user_id, wishes, _known_favourites(person))
        return _make_shelf(person, wishes, page.sections, page.bundle, page.note, counted)
    picks = _ask_list(person, wishes)
    row = Section(*_FIRST, None, None, picks.items)
    return _make_shelf(person, wishes, (row,), picks.bundle, picks.note, counted)


def _make_shelf(
    person: Person,
    wishes: Wishes,
    rows: tuple[Section, ...],
    bundle: str,
    note: str | None,
    counted: frozenset[str],
) -> Shelf:
    exhausted = not rows or len(rows[0].items) < wishes.k
    return Shelf(person, wishes, rows, bundle, note, datetime.now(UTC), counted, exhausted)


def _ask_list(person: Person, wishes: Wishes) -> PickList:
    if person.viewer is not None:
        return get_client().recommend(person.viewer.user_idx, wishes)
    return get_client().recommend_for(person.user_id, wishes, _known_favourites(person))


def _known_favourites(person: Person) -> tuple[str, ...]:
    # Links may be old or mistyped: a genre this catalogue lacks must not cost the whole page.
    known = set(load_genres())
    return tuple(genre for genre in person.favourite_genres if genre in known)
