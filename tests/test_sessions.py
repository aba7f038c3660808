from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import DAY, tabulate

from movierec.schema import History, ReasonTag
from movierec.service import Query
from movierec.sessions import SessionAction, SessionEvent, join_session

NOW = 100 * DAY
WATCH, LIKE, SKIP, DISLIKE = tuple(SessionAction)
PAST = tabulate([(0, 1, 4.0, DAY), (0, 2, 2.0, 2 * DAY), (0, 3, 5.0, 3 * DAY)]).history(0)


def join(*events: tuple[int, SessionAction], past: History = PAST) -> History:
    return join_session(past, [SessionEvent(*event) for event in events], NOW)


def test_events_follow_the_history_in_their_order():
    joined = join((9, WATCH), (7, LIKE), (8, DISLIKE))
    assert joined.item_idx.tolist() == [1, 2, 3, 9, 7, 8]
    np.testing.assert_array_equal(joined.rating, np.float32([4, 2, 5, np.nan, 5, 1]))
    assert joined.confidence[3:].tolist() == [1.0, 2.5, 0.0]
    assert joined.timestamp[3] > NOW
    assert (np.diff(joined.timestamp[2:]) > 0).all()


def test_a_skip_teaches_nothing_and_an_empty_session_changes_nothing():
    assert join((9, SKIP)) is PAST
    assert join() is PAST


@pytest.mark.parametrize(
    ("events", "stars"),
    [
        (((5, LIKE), (5, DISLIKE)), 1.0),
        (((5, DISLIKE), (5, LIKE)), 5.0),
        (((5, LIKE), (5, WATCH)), 5.0),
        (((5, LIKE), (5, SKIP)), 5.0),
        (((2, LIKE),), 5.0),
    ],
)
def test_a_film_counts_once_with_its_last_opinion(events, stars):
    joined = join(*events)
    places = np.flatnonzero(joined.item_idx == events[0][0])
    assert len(places) == 1
    assert joined.rating[places[0]] == stars


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(SessionAction)), max_size=12))
def test_whatever_the_session_the_history_is_sound(events):
    joined = join(*events)
    assert len(set(joined.item_idx.tolist())) == len(joined)
    assert (np.diff(joined.timestamp) >= 0).all()
    said = {item for item, action in events if action is not SKIP}
    assert set(joined.item_idx.tolist()) == said | {1, 2, 3}


def test_the_last_event_leads_the_sequence_source(toy_service):
    """Short-term intent: turned around, the same session asks for something else."""
    sequence = toy_service.engine.sources["sequence"]
    ahead, back = (
        sequence.score(join(*events, past=History.empty()))
        for events in (((10, WATCH), (60, LIKE)), ((60, LIKE), (10, WATCH)))
    )
    alone = {item: sequence.score(join((item, WATCH), past=History.empty())) for item in (10, 60)}
    assert np.corrcoef(ahead, alone[60])[0, 1] > np.corrcoef(back, alone[60])[0, 1]
    assert np.corrcoef(back, alone[10])[0, 1] > np.corrcoef(ahead, alone[10])[0, 1]


def test_what_was_only_watched_is_not_called_liked(toy_service):
    known = np.flatnonzero(toy_service.engine.builder.item_columns[:, 0] > 20)[0]
    for action, tag, word in (
        (WATCH, ReasonTag.BECAUSE_YOU_WATCHED, "watched"),
        (LIKE, ReasonTag.BECAUSE_YOU_LIKED, "liked"),
    ):
        history = join((int(known), action), past=History.empty())
        reasons = [item.reasons[0] for item in toy_service.recommend(history, Query()).items]
        named = [reason for reason in reasons if reason.tag is tag]
        assert named
        assert named[0].text == f"Because you {word} {toy_service.catalog.title[known]}"
        assert named[0].because == (known,)
