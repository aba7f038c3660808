from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import make_history

from movierec.recall.base import Candidates
from movierec.recall.fusion import Fusion
from movierec.recall.merge import merge
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import History
from movierec.stages import MergeConfig

N_ITEMS = 25
CONFIG = MergeConfig(cap=N_ITEMS, weights=(("b", 0.5), ("c", 0.25)))


@st.composite
def ranked_lists(draw) -> dict[str, Candidates]:
    lists = {}
    for name in ("a", "b", "c"):
        items = draw(st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=12))
        scores = sorted(
            draw(st.lists(st.floats(0.5, 9, width=16), min_size=len(items), max_size=len(items))),
            reverse=True,
        )
        lists[name] = Candidates(np.array(items, np.int32), np.array(scores, np.float32))
    return lists


def fuse(lists: dict[str, Candidates], config: MergeConfig) -> dict[int, float]:
    """The formula, item by item."""
    fused: dict[int, float] = {}
    for name, candidates in lists.items():
        for rank, item in enumerate(candidates.item_idx.tolist(), start=1):
            fused[item] = fused.get(item, 0.0) + config.weight(name) / (config.constant + rank)
    return fused


@given(ranked_lists())
def test_merged_items_are_the_union_with_the_formulas_score(lists):
    merged = merge(lists, N_ITEMS, CONFIG)
    fused = fuse(lists, CONFIG)
    assert sorted(merged.item_idx.tolist()) == sorted(fused)
    for item, score in zip(merged.item_idx.tolist(), merged.score, strict=True):
        assert score == pytest.approx(fused[item], rel=1e-6)


@given(ranked_lists())
def test_order_is_best_first_and_ties_go_to_the_smaller_index(lists):
    merged = merge(lists, N_ITEMS, CONFIG)
    expected = np.lexsort((merged.item_idx, -merged.score))
    np.testing.assert_array_equal(expected, np.arange(len(merged)))


@given(ranked_lists(), st.integers(1, 10))
def test_cap_cuts_the_tail(lists, cap):
    everything = merge(lists, N_ITEMS, CONFIG)
    capped = merge(lists, N_ITEMS, CONFIG.model_copy(update={"cap": cap}))
    assert len(capped) == min(cap, len(everything))
    for name in ("item_idx", "score", "source_score", "source_rank"):
        np.testing.assert_array_equal(getattr(capped, name), getattr(everything, name)[:cap])


@given(ranked_lists())
def test_every_source_keeps_its_score_and_rank(lists):
    merged = merge(lists, N_ITEMS, CONFIG)
    for column, candidates in enumerate(lists.values()):
        listed = candidates.item_idx.tolist()
        for row, item in enumerate(merged.item_idx.tolist()):
            score, rank = merged.source_score[row, column], merged.source_rank[row, column]
            if item in listed:
                assert rank == listed.index(item) + 1
                assert score == candidates.score[listed.index(item)]
            else:
                assert np.isnan(score)
                assert np.isnan(rank)


@given(ranked_lists())
def test_a_source_without_proposals_changes_nothing(lists):
    empty = Candidates(np.empty(0, np.int32), np.empty(0, np.float32))
    before, after = merge(lists, N_ITEMS, CONFIG), merge({**lists, "d": empty}, N_ITEMS, CONFIG)
    np.testing.assert_array_equal(after.item_idx, before.item_idx)
    np.testing.assert_array_equal(after.score, before.score)
    np.testing.assert_array_equal(after.source_rank[:, :3], before.source_rank)
    assert np.isnan(after.source_rank[:, 3]).all()


def test_two_mirrored_lists_tie_and_the_smaller_index_wins():
    lists = {
        "x": Candidates(np.array([9, 4], np.int32), np.array([2, 1], np.float32)),
        "y": Candidates(np.array([4, 9], np.int32), np.array([2, 1], np.float32)),
    }
    assert merge(lists, N_ITEMS, CONFIG).item_idx.tolist() == [4, 9]


def test_nothing_proposed_is_nothing_merged():
    merged = merge({"a": Candidates(np.empty(0, np.int32), np.empty(0, np.float32))}, N_ITEMS, CONFIG)
    assert len(merged) == 0
    assert merged.source_rank.shape == (0, 1)


class TestFusion:
    @pytest.fixture
    def fusion(self, toy_engine) -> Fusion:
        return toy_engine.fusion

    def test_lists_are_as_long_as_configured(self, fusion, toy_events):
        history = toy_events.history(0)
        lists = fusion.propose(history, fusion.score(history))
        assert tuple(lists) == SOURCE_NAMES
        assert {len(found) for found in lists.values()} == {fusion.config.per_source}

    def test_a_longer_list_is_asked_for_where_more_is_wanted(self, fusion, toy_events):
        history = toy_events.history(0)
        scores = fusion.score(history)
        assert len(fusion.merge(history, scores)) == fusion.config.cap
        assert len(fusion.merge(history, scores, at_least=90)) == 90

    def test_only_allowed_items_are_merged(self, fusion, toy_events):
        history = toy_events.history(0)
        allowed = np.arange(150) % 3 == 0
        merged = fusion.merge(history, fusion.score(history), allowed)
        assert len(merged) > 20
        assert allowed[merged.item_idx].all()

    def test_nobody_is_left_without_candidates(self, fusion):
        for history in (History.empty(), make_history([(3, 5.0)])):
            assert len(fusion.merge(history, fusion.score(history))) >= 30
