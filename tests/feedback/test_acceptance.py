"""Events accepted elsewhere may be stored in any order, any number of times: the outcome is one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from movierec.errors import FeedbackConflictError, FeedbackErasedError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

START = datetime(2026, 3, 1, tzinfo=UTC)
Accepted = tuple[FeedbackEvent, datetime]


@st.composite
def timelines(draw: st.DrawFn) -> list[Accepted]:
    """Return what two viewers say about two films, with undos, in the order of acceptance."""
    told: list[Accepted] = []
    for number in range(draw(st.integers(1, 8))):
        earlier = [event for event, _ in told if event.action is not FeedbackAction.UNDO]
        undone = draw(st.sampled_from(earlier)) if earlier and draw(st.booleans()) else None
        if undone is not None:
            event = FeedbackEvent(
                uuid.UUID(int=number + 1),
                undone.user_id,
                undone.item_id,
                FeedbackAction.UNDO,
                undone.event_id,
            )
        else:
            user, item = draw(st.sampled_from("uv")), draw(st.sampled_from("ab"))
            action = draw(st.sampled_from(["like", "dislike", "save"]))
            event = FeedbackEvent(uuid.UUID(int=number + 1), user, item, FeedbackAction(action))
        told.append((event, START + timedelta(microseconds=number)))
    return told


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(timelines(), st.data())
def test_any_order_and_any_repetition_amount_to_the_same(
    store: FeedbackStore, told: list[Accepted], data: st.DataObject
) -> None:
    for user in "uv":
        store.delete_user(user)
    repeats = data.draw(st.lists(st.sampled_from(told), max_size=4))
    # A client that asks again is answered again, later: the first acceptance counts.
    retries = [(event, moment + timedelta(seconds=1)) for event, moment in repeats]
    for event, moment in data.draw(st.permutations([*told, *repeats, *retries])):
        store.append(event, accepted=moment)
    assert list(store.events()) == [replace(event, server_time=moment) for event, moment in told]
    ordered = PilesInOrder()
    for event, _ in told:
        ordered.tell(event)
    for user in "uv":
        assert [event.event_id for event in store.in_force(user)] == ordered.in_force(user)


class PilesInOrder:
    """The reference: cards in piles per film; an undo takes its card away."""

    def __init__(self) -> None:
        self.cards: list[FeedbackEvent] = []

    def tell(self, event: FeedbackEvent) -> None:
        if event.action is FeedbackAction.UNDO:
            self.cards = [card for card in self.cards if card.event_id != event.undoes]
        else:
            self.cards.append(event)

    def in_force(self, user: str) -> list[uuid.UUID]:
        tops: dict[tuple[str, bool], FeedbackEvent] = {}
        for card in self.cards:
            if card.user_id == user:
                tops[card.item_id, card.action is FeedbackAction.SAVE] = card
        return [card.event_id for card in reversed(self.cards) if card in tops.values()]


def test_an_undo_that_names_another_film_or_an_undo_takes_nothing_back(store: FeedbackStore) -> None:
    like = FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE)
    strange = FeedbackEvent(uuid.uuid4(), "u", "j", FeedbackAction.UNDO, like.event_id)
    of_undo = FeedbackEvent(uuid.uuid4(), "u", "j", FeedbackAction.UNDO, strange.event_id)
    for place, event in enumerate((of_undo, strange, like)):
        store.append(event, accepted=START + timedelta(seconds=place))
    assert [event.event_id for event in store.in_force("u")] == [like.event_id]


def test_one_id_for_two_events_is_a_conflict_and_the_first_stays(store: FeedbackStore) -> None:
    first = store.append(FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE), accepted=START).event
    with pytest.raises(FeedbackConflictError):
        store.append(replace(first, item_id="j"), accepted=START - timedelta(days=1))
    assert list(store.events()) == [first]


def test_a_moved_event_is_a_change(store: FeedbackStore) -> None:
    like = FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE)
    store.append(like, accepted=START)
    before = store.revision()
    assert not store.append(like, accepted=START + timedelta(days=1)).created
    assert store.revision() == before
    again = store.append(like, accepted=START - timedelta(days=1))
    assert (again.created, again.event.server_time) == (False, START - timedelta(days=1))
    assert store.revision() == before + 1


@pytest.mark.parametrize("many", [False, True])
def test_a_clock_that_is_set_back_does_not_change_the_order(target: str, tmp_path: Path, many: bool) -> None:
    moments = iter([START, START - timedelta(hours=1), START - timedelta(hours=2)])
    clock: Callable[[], datetime] = lambda: next(moments)  # noqa: E731
    with FeedbackStore.open(target, "toy", clock) as store:
        told = [FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction(name)) for name in ("like", "dislike")]
        for event in told:
            if many:
                store.append_all([event])
            else:
                store.append(event)
        assert [event.event_id for event in store.events("u")] == [event.event_id for event in told]
        assert [event.event_id for event in store.in_force("u")] == [told[1].event_id]
        assert next(store.events("u")).server_time == START


def test_what_was_accepted_before_an_erasure_is_never_stored_after_it(store: FeedbackStore) -> None:
    def like(user: str = "u") -> FeedbackEvent:
        return FeedbackEvent(uuid.uuid4(), user, "i", FeedbackAction.LIKE)

    first, second, third = (START + timedelta(seconds=number) for number in range(3))
    stored, queued, later, other = like(), like(), like(), like("v")
    store.append(stored, first)
    assert store.delete_user("u", until=second) == 1
    # An erasure that is told late takes nothing back from one that came after it.
    assert store.delete_user("u", until=first) == 0
    revision = store.revision()
    for event, moment in ((stored, first), (queued, second)):
        with pytest.raises(FeedbackErasedError):
            store.append(event, moment)
    assert store.revision() == revision
    assert store.append(other, first).created
    assert store.append(later, third).created
    # The same event, told again after the erasure, is a new word.
    assert store.append(queued, third).created
    with pytest.raises(FeedbackErasedError):
        store.append(queued, first)
    assert {event.event_id for event in store.events("u")} == {later.event_id, queued.event_id}
    # Without a broker nothing is under way, and nothing is kept of who was erased.
    assert store.delete_user("v") == 1
    assert store.append(other, first).created
