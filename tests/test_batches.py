from __future__ import annotations

import multiprocessing
import signal

import numpy as np
import pytest

from movierec.batches import recommend_batches
from movierec.schema import Aim


@pytest.fixture
def deaf_to_sigterm():
    """A process that outlives SIGTERM, as one inherits it from a server."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def test_processes_give_what_one_gives_in_the_same_order(toy_service):
    users = range(40)
    batches = [
        [toy_service.trained_history(user) for user in users[start : start + 7]] for start in range(0, 40, 7)
    ]
    for aim in (Aim.BALANCED, Aim.RETURN):
        alone = list(recommend_batches(toy_service, batches, 5, aim, processes=1))
        shared = list(recommend_batches(toy_service, iter(batches), 5, aim, processes=2))
        assert [len(lists) for lists in shared] == [len(batch) for batch in batches]
        for one, other in zip(alone, shared, strict=True):
            for expected, found in zip(one, other, strict=True):
                np.testing.assert_array_equal(found.item_idx, expected.item_idx)
                np.testing.assert_array_equal(found.score, expected.score)


def test_no_histories_give_no_lists(toy_service):
    assert list(recommend_batches(toy_service, [], 5, processes=2)) == []


def test_processes_end_with_the_last_list_or_when_nobody_wants_more(toy_service, deaf_to_sigterm):
    children = set(multiprocessing.active_children())
    batches = [[toy_service.trained_history(user)] for user in range(8)]
    assert len(list(recommend_batches(toy_service, batches, 5, processes=2))) == 8
    assert set(multiprocessing.active_children()) == children

    lists = recommend_batches(toy_service, batches, 5, processes=2)
    assert len(next(lists)) == 1
    assert set(multiprocessing.active_children()) > children
    lists.close()
    assert set(multiprocessing.active_children()) == children


def test_no_more_batches_are_read_than_the_processes_can_soon_take(toy_service):
    read = 0

    def batches():
        nonlocal read
        while True:
            read += 1
            yield [toy_service.trained_history(read % 40)]

    lists = recommend_batches(toy_service, batches(), 5, processes=2)
    next(lists)
    assert read <= 5
    lists.close()
