"""A viewer's marks on films and the events still on their way to the API, as values.

A mark counts at once on screen; its event waits, here and in the outbox, until the API has stored it.
Events keep their id while they wait, so sending one twice does no harm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from ui.api_client import FeedbackEvent
from ui.models import Action, FeedbackList, Movie
from ui.outbox import Kept
from ui.rerank import Signal


@dataclass(frozen=True, slots=True)
class Mark:
    """A like, dislike or save in force."""

    event_id: str
    movie: Movie
    action: Action


@dataclass(frozen=True, slots=True)
class MarkBook:
    """All marks of one viewer, newest first, and the events not yet stored, oldest first.

    ``complete`` is False until the API has told which marks it holds already.
    """

    user_id: str
    marks: tuple[Mark, ...] = ()
    queue: tuple[FeedbackEvent, ...] = ()
    complete: bool = True

    @property
    def waiting(self) -> frozenset[str]:
        """Ids of the events that are waiting to be sent."""
        return frozenset(event.event_id for event in self.queue)

    def find(self, item_id: str, *actions: Action) -> Mark | None:
        """Return the newest mark of these kinds on a film."""
        return next(
            (mark for mark in self.marks if mark.movie.item_id == item_id and mark.action in actions), None
        )

    def marked(self, action: Action) -> tuple[Mark, ...]:
        """Return the marks of one kind, newest first."""
        return tuple(mark for mark in self.marks if mark.action == action)


def complete_book(book: MarkBook, stored: FeedbackList) -> MarkBook:
    """Return the book joined with what the API has in force; newer marks made here win."""
    taken = {(mark.movie.item_id, mark.action == "save") for mark in book.marks}
    undone = {event.undoes for event in book.queue}
    older = tuple(
        Mark(entry.event_id, entry.item, entry.action)
        for entry in stored.feedback
        if (entry.item.item_id, entry.action == "save") not in taken and entry.event_id not in undone
    )
    return replace(book, marks=book.marks + older, complete=True)


def add_mark(book: MarkBook, movie: Movie, action: Action, context: dict[str, str]) -> MarkBook:
    """Return the book with one more mark; a like takes back a dislike of the same film and vice versa."""
    if book.find(movie.item_id, action):
        return book
    if action in ("like", "dislike") and (other := book.find(movie.item_id, "like", "dislike")):
        book = undo_mark(book, other.event_id)
    event = _make_event(book.user_id, movie.item_id, action, None, context)
    mark = Mark(event.event_id, movie, action)
    return replace(book, marks=(mark, *book.marks), queue=(*book.queue, event))


def undo_mark(book: MarkBook, event_id: str) -> MarkBook:
    """Return the book without a mark, and with the undo on its way."""
    mark = next((mark for mark in book.marks if mark.event_id == event_id), None)
    if mark is None:
        return book
    event = _make_event(book.user_id, mark.movie.item_id, "undo", event_id, {})
    marks = tuple(other for other in book.marks if other.event_id != event_id)
    return replace(book, marks=marks, queue=(*book.queue, event))


def restore_book(user_id: str, kept: Sequence[Kept]) -> MarkBook:
    """Return the book of a viewer whose events wait from an earlier visit, oldest first."""
    marks: list[Mark] = []
    for each in kept:
        event = each.event
        if event.action == "undo":
            marks = [mark for mark in marks if mark.event_id != event.undoes]
        else:
            marks.insert(0, Mark(event.event_id, each.movie, event.action))
    return MarkBook(user_id, tuple(marks), tuple(each.event for each in kept), complete=False)


def settle(book: MarkBook, waiting: Collection[str], refused: Collection[str] = ()) -> MarkBook:
    """Return the book after a round of sending: what is stored no longer waits, refused marks are gone."""
    return replace(
        book,
        marks=tuple(mark for mark in book.marks if mark.event_id not in refused),
        queue=tuple(event for event in book.queue if event.event_id in waiting),
    )


def read_signals(book: MarkBook, counted: Collection[str] = ()) -> tuple[Signal, ...]:
    """Return the thumbs as signals for re-ranking, without those the API's list has counted already."""
    signals: list[Signal] = []
    for mark in book.marks:
        movie = mark.movie
        if mark.event_id in counted:
            continue
        if mark.action == "like" or mark.action == "dislike":
            signals.append(Signal(movie.item_id, mark.action, movie.genres, movie.director, movie.year))
    return tuple(signals)


def _make_event(
    user_id: str, item_id: str, action: Action, undoes: str | None, context: dict[str, str]
) -> FeedbackEvent:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return FeedbackEvent(str(uuid4()), user_id, item_id, action, undoes, now, context)
