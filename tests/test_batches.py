from __future__ import annotations

import numpy as np

from movierec.batches import recommend_batches
from movierec.schema import Aim


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
