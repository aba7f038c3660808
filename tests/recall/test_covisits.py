from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import DAY, START, coarsen, make_catalog, tabulate

from movierec.recall import covisits
from movierec.recall.covisits import group_by_item
from movierec.recall.neighbours import Neighbours
from movierec.recall.sequence import Lift, NextStep, Sequence
from movierec.recall.sitting import Sitting
from movierec.schema import Interactions
from movierec.stages import LiftConfig, SequenceConfig, SittingConfig


def make_sources(keep: int) -> list[Sequence | Sitting]:
    return [
        Sequence(SequenceConfig(window=3, neighbours=keep)),
        Sequence(SequenceConfig(window=2, backward=0.25, damping=0.5, neighbours=keep)),
        NextStep(SequenceConfig(window=3, backward=0.0, neighbours=keep)),
        Lift(LiftConfig(window=5, neighbours=keep)),
        Sitting(SittingConfig(seconds=90.0, window=3, neighbours=keep)),
    ]


def expand(neighbours: Neighbours) -> np.ndarray:
    dense = np.zeros((neighbours.n_items,) * 2, np.float32)
    row = np.repeat(np.arange(neighbours.n_items), np.diff(neighbours.indptr))
    dense[row, neighbours.indices] = neighbours.data
    return dense


def fit_both_ways(events: Interactions, keep: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    found = []
    catalog = make_catalog(events.n_items)
    with pytest.MonkeyPatch.context() as patch:
        for listed, visited in zip(make_sources(keep), make_sources(keep), strict=True):
            listed.fit(events, catalog)
            patch.setattr(covisits, "LISTED_PAIRS", 0)
            visited.fit(events, catalog)
            patch.undo()
            assert np.array_equal(listed.neighbours_.indptr, visited.neighbours_.indptr)
            found.append((listed.name, expand(listed.neighbours_), expand(visited.neighbours_)))
    return found


@given(
    st.lists(
        # Few moments, so that there are ties in every timeline.
        st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)),
        max_size=40,
        unique_by=lambda event: event[:2],
    )
)
def test_item_by_item_gives_what_listing_all_pairs_gives(events):
    rows = [(user, item, 4.0, START + 40 * moment) for user, item, moment in events]
    for name, listed, visited in fit_both_ways(tabulate(rows, n_users=4, n_items=6), keep=6):
        np.testing.assert_allclose(visited, listed, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("seconds", [1, DAY], ids=["few ties", "many ties"])
def test_the_strongest_stay(toy_events, seconds):
    for name, listed, visited in fit_both_ways(coarsen(toy_events, seconds), keep=20):
        if name == "lift":  # its last step weighs what stayed, by target
            continue
        # Where two sums differ by rounding alone either may stay, so only the weights are compared.
        np.testing.assert_allclose(np.sort(visited), np.sort(listed), rtol=1e-5, err_msg=name)
        assert (visited > 0).sum(axis=1).max() == 20


def test_events_are_grouped_by_item(toy_events):
    events = group_by_item(toy_events)
    assert np.array_equal(np.sort(events.row), np.arange(len(toy_events)))
    for item in range(toy_events.n_items):
        rows = events.row[events.offsets[item] : events.offsets[item + 1]]
        assert (toy_events.item_idx[rows] == item).all()
        assert (np.diff(rows) > 0).all()


def test_of_equal_sums_the_smaller_item_stays():
    total, touched = np.array([0.0, 2.0, 1.0, 1.0, 1.0]), np.array([4, 1, 3, 2], np.int32)
    index, weight = np.zeros(3, np.int32), np.zeros(3, np.float32)
    plain = np.empty(0, np.float32)
    assert covisits.take_strongest(total, touched, 4, plain, index, weight) == 3
    assert index.tolist() == [1, 2, 3]
    assert weight.tolist() == [2.0, 1.0, 1.0]
    assert not total.any()
