from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.ranking.check import check_ranker
from movierec.ranking.training import HeldOutQuery, collect_rows
from movierec.recall.sources import SOURCE_NAMES


@pytest.fixture(scope="module")
def rows(toy_events, toy_films):
    return collect_rows(toy_events, toy_films, SMALL_BUILD)


def test_every_stage_gets_a_number(rows):
    metrics = check_ranker(rows, SMALL_BUILD.ranker)
    assert list(metrics) == [f"ndcg@10 {name}" for name in ("v2", "v1.5", *(f"v1-{s}" for s in SOURCE_NAMES))]
    assert all(0 <= value <= 1 for value in metrics.values())
    assert metrics["ndcg@10 v1.5"] > 0


def test_numbers_are_ndcg_of_the_lists(rows):
    """One query whose answer is known: relevant at places 1 and 3 of the merge, one of three missing."""
    query = rows.held_out[0]
    n = len(query.features)
    relevant = np.zeros(n, bool)
    relevant[[0, 2]] = True
    ranks = np.full((n, len(SOURCE_NAMES)), np.nan, np.float32)
    ranks[2, 0] = 1
    known = HeldOutQuery(query.features, ranks, relevant, 3)
    metrics = check_ranker(replace(rows, held_out=(known,)), SMALL_BUILD.ranker)
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert metrics["ndcg@10 v1.5"] == pytest.approx((1 + 1 / 2) / ideal)
    assert metrics["ndcg@10 v1-popularity"] == pytest.approx(1 / ideal)
    assert metrics["ndcg@10 v1-als"] == 0


def test_nothing_to_compare_with_is_no_number(rows):
    assert check_ranker(replace(rows, held_out=()), SMALL_BUILD.ranker) == {}
    assert check_ranker(rows.take(rows.round == 0), SMALL_BUILD.ranker) == {}
