from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import COLD, N_FILMS, make_history

from movierec.engine import BATCH_HISTORIES, Engine
from movierec.recall.base import select
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Generation, History

ALONE = [generation for generation in Generation if generation.value.startswith("v1-")]


@pytest.fixture(scope="module")
def histories(toy_events) -> list[History]:
    """Everybody's whole history, some early ones, and some odd ones."""
    whole = [toy_events.history(user) for user in range(toy_events.n_users)]
    return [
        *whole,
        *(history.take(slice(0, 3)) for history in whole[:20]),
        History.empty(),
        make_history([(item, 5.0) for item in COLD]),
        make_history([(item, 2.0) for item in range(N_FILMS)]),
        make_history([(item, 4.0) for item in range(N_FILMS - 1)]),
    ]


@pytest.fixture(scope="module")
def bare(toy_engine) -> Engine:
    return replace(toy_engine, ranker=None)


class TestBatch:
    @pytest.mark.parametrize("k", [10, 120])
    @pytest.mark.parametrize("with_ranker", [True, False])
    def test_batch_equals_single_to_the_last_bit(self, toy_engine, bare, histories, k, with_ranker):
        engine = toy_engine if with_ranker else bare
        assert len(histories) > 2 * BATCH_HISTORIES
        batch = engine.recommend_batch(histories, k)
        assert len(batch) == len(histories)
        for history, many in zip(histories, batch, strict=True):
            one = engine.recommend(history, k)
            np.testing.assert_array_equal(many.item_idx, one.item_idx)
            np.testing.assert_array_equal(many.score, one.score)

    @pytest.mark.parametrize("generation", [Generation.V2, Generation.V1_5, Generation.V1_ALS])
    def test_looking_deeper_leaves_the_top_as_it_is(self, toy_engine, histories, generation):
        shallow = toy_engine.recommend_batch(histories, 10, generation)
        deep = toy_engine.recommend_batch(histories, 10, generation, depth=500)
        assert sum(len(found) for found in deep) > 2 * sum(len(found) for found in shallow)
        for one, more in zip(shallow, deep, strict=True):
            np.testing.assert_array_equal(more.item_idx[:10], one.item_idx)
            np.testing.assert_array_equal(more.score[:10], one.score)

    def test_nobody_asks(self, toy_engine):
        assert toy_engine.recommend_batch([], 10) == []


class TestScoreItems:
    @pytest.mark.parametrize("generation", [Generation.V2, Generation.V1_5, Generation.V1_SEQUENCE])
    def test_proposed_items_have_the_order_of_the_list(self, toy_engine, histories, generation):
        for history in histories[:20]:
            listed = toy_engine.recommend(history, 20, generation)
            some = np.sort(listed.item_idx[:15])
            score = toy_engine.score_items(history, some, generation)
            np.testing.assert_array_equal(some[np.lexsort((some, -score))], listed.item_idx[:15])
            by_item = dict(zip(listed.item_idx.tolist(), listed.score.tolist(), strict=True))
            np.testing.assert_array_equal(score, np.array([by_item[item] for item in some.tolist()], "f4"))

    def test_what_nobody_proposes_has_a_place_too(self, toy_engine):
        score = toy_engine.score_items(History.empty(), np.array(COLD, np.int32))
        assert np.isfinite(score).all()


class TestList:
    @pytest.mark.parametrize("generation", list(Generation))
    @pytest.mark.parametrize("k", [1, 10, 70, 1000])
    def test_is_full_unseen_distinct_and_best_first(self, toy_engine, histories, generation, k):
        for history in histories[::12] + histories[-4:]:
            found = toy_engine.recommend(history, k, generation)
            unseen = N_FILMS - len(np.unique(history.item_idx))
            assert len(found) == min(k, unseen)
            assert not np.isin(found.item_idx, history.item_idx).any()
            assert len(np.unique(found.item_idx)) == len(found)
            assert (np.diff(found.score) <= 0).all()
            assert np.isfinite(found.score).all()

    @pytest.mark.parametrize("generation", list(Generation))
    def test_everything_seen_is_an_empty_list(self, toy_engine, generation):
        everything = make_history([(item, 4.0) for item in range(N_FILMS)])
        assert len(toy_engine.rank(everything, 10, generation).item_idx) == 0

    def test_a_shorter_list_is_the_front_of_a_longer_one(self, toy_engine, histories):
        for history in histories[::30]:
            np.testing.assert_array_equal(
                toy_engine.recommend(history, 5).item_idx, toy_engine.recommend(history, 25).item_idx[:5]
            )

    def test_unrated_items_come_last_of_all(self, toy_engine, toy_events):
        found = toy_engine.recommend(toy_events.history(0), 1000).item_idx
        assert set(found[-len(COLD) :].tolist()) == set(COLD)

    def test_back_fill_is_by_popularity_below_the_worst_candidate(self, toy_engine, toy_events):
        history = toy_events.history(0)
        ranked = toy_engine.rank(history, 1000, Generation.V1_SEQUENCE)
        own = select(toy_engine.sources["sequence"].score(history), history, N_FILMS)
        added = ranked.item_idx[len(own) :]
        assert len(added) >= len(COLD)
        counts = np.bincount(toy_events.item_idx, minlength=N_FILMS)[added]
        assert (np.diff(counts) <= 0).all()
        assert ranked.score[len(own)] < own.score[-1]


class TestGenerations:
    @pytest.mark.parametrize("generation", ALONE)
    def test_v1_is_one_source_alone(self, toy_engine, histories, generation):
        name = generation.value.removeprefix("v1-")
        for history in histories[:3]:
            alone = toy_engine.sources[name].recall(history, 10)
            found = toy_engine.recommend(history, 10, generation)
            np.testing.assert_array_equal(found.item_idx[: len(alone)], alone.item_idx)
            np.testing.assert_array_equal(found.score[: len(alone)], alone.score)

    @pytest.mark.parametrize("generation", ALONE)
    def test_many_are_listed_by_a_source_alone_as_one_is(self, toy_engine, histories, generation):
        many = toy_engine.recommend_batch(histories, 10, generation, depth=60)
        items = np.arange(N_FILMS, dtype=np.int32)[::3]
        for history, found in zip(histories, many, strict=True):
            ranked = toy_engine.rank(history, 10, generation)
            np.testing.assert_array_equal(found.item_idx, ranked.item_idx[:60])
            np.testing.assert_array_equal(found.score, ranked.score[:60])
            own = toy_engine.score_items(history, items, generation)
            np.testing.assert_array_equal(own, ranked.scores[generation.value.removeprefix("v1-")][items])

    def test_who_is_asked_alone_asks_nobody_else(self, toy_engine, histories):
        asked: list[str] = []

        class Noting:
            def __init__(self, name, source):
                self.name, self.source = name, source

            def __getattr__(self, attribute):
                asked.append(self.name)
                return getattr(self.source, attribute)

        sources = {name: Noting(name, source) for name, source in toy_engine.sources.items()}
        engine = replace(toy_engine, sources=sources)
        engine.recommend_batch(histories[:2], 10, Generation.V1_ALS)
        engine.score_items(histories[0], np.arange(5, dtype=np.int32), Generation.V1_ALS)
        assert set(asked) == {"als"}

    def test_v1_5_is_the_merge(self, toy_engine, histories):
        for history in histories[:3]:
            ranked = toy_engine.rank(history, 10, Generation.V1_5)
            np.testing.assert_array_equal(ranked.item_idx, ranked.merged.item_idx)
            np.testing.assert_array_equal(ranked.score, ranked.merged.score)
            assert ranked.features is None
            assert not ranked.degraded

    def test_v2_is_the_ranker_s_order_of_the_merge(self, toy_engine, histories):
        for history in histories[:3]:
            ranked = toy_engine.rank(history, 10)
            score = toy_engine.ranker.score(ranked.features)
            order = np.lexsort((ranked.merged.item_idx, -score))
            np.testing.assert_array_equal(ranked.item_idx, ranked.merged.item_idx[order])
            np.testing.assert_array_equal(ranked.score, score[order])

    def test_generations_differ(self, toy_engine, toy_events):
        lists = {
            tuple(toy_engine.recommend(toy_events.history(17), 10, generation).item_idx.tolist())
            for generation in Generation
        }
        assert len(lists) == len(Generation)

    def test_without_a_ranker_v2_degrades_to_the_merge_and_says_so(self, toy_engine, bare, histories):
        for history in histories[:5]:
            degraded = bare.rank(history, 10)
            assert degraded.degraded
            merged = toy_engine.rank(history, 10, Generation.V1_5)
            np.testing.assert_array_equal(degraded.item_idx, merged.item_idx)
            assert not bare.rank(history, 10, Generation.V1_ALS).degraded


class TestMask:
    @pytest.mark.parametrize("generation", list(Generation))
    @pytest.mark.parametrize("share", [3, 29])
    def test_only_allowed_items_and_as_many_as_there_are(self, toy_engine, histories, generation, share):
        allowed = np.arange(N_FILMS) % share == 0
        for history in histories[::40] + histories[-4:]:
            found = toy_engine.rank(history, 20, generation, allowed).item_idx
            assert allowed[found].all()
            assert not np.isin(found, history.item_idx).any()
            there = np.setdiff1d(np.flatnonzero(allowed), history.item_idx)
            assert len(found) >= min(20, len(there))

    def test_nothing_allowed_is_an_empty_list(self, toy_engine, toy_events):
        ranked = toy_engine.rank(toy_events.history(0), 10, allowed=np.zeros(N_FILMS, bool))
        assert len(ranked.item_idx) == 0

    def test_everything_allowed_is_no_mask(self, toy_engine, toy_events):
        history = toy_events.history(0)
        masked = toy_engine.rank(history, 10, allowed=np.ones(N_FILMS, bool))
        np.testing.assert_array_equal(masked.item_idx, toy_engine.rank(history, 10).item_idx)


class TestRanked:
    def test_rows_point_at_candidates_and_back_filled_items_have_none(self, toy_engine, histories):
        for generation in (Generation.V2, Generation.V1_5, Generation.V1_SEQUENCE):
            ranked = toy_engine.rank(histories[0], 1000, generation)
            known = ranked.row >= 0
            np.testing.assert_array_equal(ranked.merged.item_idx[ranked.row[known]], ranked.item_idx[known])
            assert not np.isin(ranked.item_idx[~known], ranked.merged.item_idx).any()
            assert (~known).any()

    def test_every_stage_is_timed(self, toy_engine, histories):
        timings = toy_engine.rank(histories[0], 10).timings
        assert list(timings) == ["recall", "merge", "features", "ranker", "order"]
        assert all(value >= 0 for value in timings.values())

    def test_given_scores_stand_in_for_the_sources(self, toy_engine, toy_events):
        history = toy_events.history(0)
        target = int(toy_engine.recommend(history, 40, Generation.V1_5).item_idx[-1])
        scores = toy_engine.fusion.score(history)
        loud = {name: score.copy() for name, score in scores.items()}
        for name in SOURCE_NAMES:
            loud[name][target] = 1e6
        assert toy_engine.rank(history, 10, Generation.V1_5, scores=loud).item_idx[0] == target

    def test_asking_changes_nothing(self, toy_engine, histories):
        before = toy_engine.recommend(histories[5], 10)
        toy_engine.recommend_batch(histories, 200)
        after = toy_engine.recommend(histories[5], 10)
        np.testing.assert_array_equal(after.item_idx, before.item_idx)
        np.testing.assert_array_equal(after.score, before.score)
