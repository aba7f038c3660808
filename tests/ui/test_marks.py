from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ui.feedback import MarkBook, add_mark, complete_book, read_signals, restore_book, settle, undo_mark
from ui.models import FeedbackEntry, FeedbackList, Movie
from ui.outbox import Kept


def make_movie(item_id: str) -> Movie:
    return Movie(item_id, f"Film {item_id}", 1995, ("Crime",), "Ada Quill", "/p.svg")


def make_entry(event_id: str, item_id: str, action: str) -> FeedbackEntry:
    return FeedbackEntry(event_id, make_movie(item_id), action, datetime(2026, 1, 1, tzinfo=UTC))  # type: ignore[arg-type]


BOOK = MarkBook("100")
A = make_movie("a")


def test_a_like_counts_at_once_and_waits() -> None:
    book = add_mark(BOOK, A, "like", {"surface": "home"})
    assert [signal.thumb for signal in read_signals(book)] == ["like"]
    assert book.waiting == {book.marks[0].event_id}
    assert book.queue[0].context == {"surface": "home"}


def test_the_same_mark_twice_is_one() -> None:
    book = add_mark(BOOK, A, "like", {})
    assert add_mark(book, A, "like", {}) == book


def test_changing_ones_mind_takes_the_first_thumb_back() -> None:
    book = add_mark(add_mark(BOOK, A, "like", {}), A, "dislike", {})
    assert [mark.action for mark in book.marks] == ["dislike"]
    assert [event.action for event in book.queue] == ["like", "undo", "dislike"]
    assert book.queue[1].undoes == book.queue[0].event_id


def test_saving_is_no_thumb_and_leaves_thumbs_alone() -> None:
    book = add_mark(add_mark(BOOK, A, "like", {}), A, "save", {})
    assert {mark.action for mark in book.marks} == {"like", "save"}
    assert len(read_signals(book)) == 1


def test_counted_marks_are_no_signals() -> None:
    book = add_mark(BOOK, A, "like", {})
    assert read_signals(book, counted={book.marks[0].event_id}) == ()


def test_undo_of_an_unknown_event_changes_nothing() -> None:
    assert undo_mark(BOOK, "nothing") == BOOK


def test_what_is_stored_no_longer_waits_and_what_is_refused_loses_its_mark() -> None:
    book = add_mark(add_mark(BOOK, A, "like", {}), make_movie("b"), "like", {})
    book = add_mark(book, make_movie("c"), "save", {})
    _, second, third = book.queue
    after = settle(book, waiting={third.event_id}, refused={second.event_id})
    assert after.queue == (third,)
    assert {mark.movie.item_id for mark in after.marks} == {"a", "c"}


def test_a_book_is_restored_from_what_waits() -> None:
    book = add_mark(add_mark(BOOK, A, "like", {}), make_movie("b"), "save", {})
    book = undo_mark(book, book.find("a", "like").event_id)  # type: ignore[union-attr]
    films = {"a": A, "b": make_movie("b")}
    again = restore_book("100", [Kept(event, films[event.item_id]) for event in book.queue])
    assert (again.marks, again.queue) == (book.marks, book.queue)
    assert not again.complete


def test_stored_marks_join_those_given_meanwhile() -> None:
    book = add_mark(MarkBook("100", complete=False), A, "dislike", {})
    stored = FeedbackList("100", (make_entry("e1", "a", "like"), make_entry("e2", "b", "like")))
    joined = complete_book(book, stored)
    assert [(mark.movie.item_id, mark.action) for mark in joined.marks] == [("a", "dislike"), ("b", "like")]
    assert joined.complete
    assert joined.queue == book.queue


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["like", "dislike", "save", "undo"]))))
def test_what_is_on_screen_is_what_the_events_say(steps: list[tuple[str, str]]) -> None:
    book = BOOK
    for item_id, step in steps:
        if step == "undo":
            marks = [mark for mark in book.marks if mark.movie.item_id == item_id]
            book = undo_mark(book, marks[0].event_id) if marks else book
        else:
            book = add_mark(book, make_movie(item_id), step, {})  # type: ignore[arg-type]
    stored = book.queue
    undone = {event.undoes for event in stored if event.action == "undo"}
    in_force = {
        (event.event_id, event.item_id, event.action)
        for event in stored
        if event.action != "undo" and event.event_id not in undone
    }
    assert {(mark.event_id, mark.movie.item_id, mark.action) for mark in book.marks} == in_force
    slots = [(mark.movie.item_id, mark.action == "save") for mark in book.marks]
    assert len(slots) == len(set(slots))
