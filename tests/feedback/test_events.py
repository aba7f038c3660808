import uuid
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from movierec.errors import FeedbackConflictError
from movierec.feedback.events import FeedbackAction, FeedbackEvent, select_in_force
from movierec.feedback.store import FeedbackStore

Step = tuple[str, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["like", "dislike", "save", "undo"]), st.sampled_from("ab"), st.integers(0, 30)
    ),
    max_size=25,
)


class Shelf:
    """The reference: a pile of opinions and a pile of saves per item; undo takes a card out of its pile."""

    def __init__(self) -> None:
        self.piles: dict[tuple[str, bool], list[FeedbackEvent]] = {}
        self.told: list[FeedbackEvent] = []

    def tell(self, step: Step) -> FeedbackEvent | None:
        action, item, choice = step
        if action == "undo":
            if not self.told:
                return None
            card = self.told[choice % len(self.told)]
            event = FeedbackEvent(uuid.uuid4(), "u", card.item_id, FeedbackAction.UNDO, card.event_id)
            if card.action is not FeedbackAction.UNDO:
                pile = self.piles[(card.item_id, card.action is FeedbackAction.SAVE)]
                if card in pile:
                    pile.remove(card)
        else:
            event = FeedbackEvent(uuid.uuid4(), "u", item, FeedbackAction(action))
            self.piles.setdefault((item, action == "save"), []).append(event)
        return event

    def in_force(self) -> list[uuid.UUID]:
        order = {event.event_id: position for position, event in enumerate(self.told)}
        tops = [pile[-1].event_id for pile in self.piles.values() if pile]
        return sorted(tops, key=lambda event_id: -order[event_id])


def is_undo_of_undo(event: FeedbackEvent, told: Sequence[FeedbackEvent]) -> bool:
    return any(other.event_id == event.undoes and other.action is FeedbackAction.UNDO for other in told)


@given(STEPS)
def test_in_force_agrees_with_piles_of_cards(steps: list[Step]) -> None:
    shelf = Shelf()
    for step in steps:
        event = shelf.tell(step)
        if event is not None and not is_undo_of_undo(event, shelf.told):
            shelf.told.append(event)
        assert [standing.event_id for standing in select_in_force(shelf.told)] == shelf.in_force()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_store_agrees_with_piles_of_cards(store: FeedbackStore, steps: list[Step]) -> None:
    store.delete_user("u")
    shelf = Shelf()
    for step in steps:
        event = shelf.tell(step)
        if event is None:
            continue
        if is_undo_of_undo(event, shelf.told):
            with pytest.raises(FeedbackConflictError):
                store.append(event)
            continue
        assert store.append(event).created
        shelf.told.append(event)
    assert [event.event_id for event in store.events("u")] == [event.event_id for event in shelf.told]
    assert [event.event_id for event in store.in_force("u")] == shelf.in_force()
