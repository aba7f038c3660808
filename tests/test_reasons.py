from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from toy_data import COLD, make_history

from movierec.ranking.store import ITEM_COLUMNS
from movierec.reasons import (
    EVIDENCE_SOURCES,
    TASTE_RANK,
    TRENDING_RANK,
    Evidence,
    Reasoner,
    gather_evidence,
    list_hits,
)
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import History, ReasonTag, SourceHit
from movierec.stages import MergeConfig


@pytest.fixture(scope="module")
def reasoner(toy_engine, toy_films) -> Reasoner:
    return Reasoner(toy_engine, toy_films)


def hit(source: str, rank: int) -> SourceHit:
    return SourceHit(source, rank, 1.0, 1.0)


def tags(reasoner: Reasoner, history: History, item: int, *hits: SourceHit) -> list[ReasonTag]:
    return [reason.tag for reason in reasoner.explain(history, item, hits)]


class TestEvidence:
    def test_shares_are_averaged_over_the_sources_that_know_something(self):
        evidence = Evidence(
            {
                "a": np.array([3.0, 1.0, -4.0], np.float32),
                "b": np.array([0.0, 2.0, 0.0], np.float32),
                "c": np.array([0.0, 0.0, -1.0], np.float32),
            }
        )
        np.testing.assert_allclose(evidence.combined(), [0.375, 0.625, 0.0])

    def test_no_source_knows_anything(self):
        nothing = Evidence({"a": np.zeros(2, np.float32)})
        assert nothing.combined().tolist() == [0.0, 0.0]
        assert Evidence({}).combined().shape == (0,)

    def test_every_source_that_looks_at_the_history_is_asked(self, toy_engine, toy_events):
        history = toy_events.history(0)
        evidence = gather_evidence(toy_engine, history, 12)
        assert tuple(evidence.amounts) == EVIDENCE_SOURCES
        for name, amount in evidence.amounts.items():
            np.testing.assert_array_equal(amount, toy_engine.sources[name].evidence(history, 12))


class TestHits:
    def test_shares_are_each_source_s_part_of_the_fused_score(self, toy_engine, toy_events):
        config = toy_engine.merge_config
        ranked = toy_engine.rank(toy_events.history(0), 10)
        for row in range(0, len(ranked.merged), 7):
            hits = list_hits(ranked, row, config)
            assert sum(found.share for found in hits) == pytest.approx(1.0)
            assert [found.share for found in hits] == sorted((found.share for found in hits), reverse=True)
            for found in hits:
                column = SOURCE_NAMES.index(found.source)
                assert found.rank == ranked.merged.source_rank[row, column]
                gain = config.weight(found.source) / (config.constant + found.rank)
                assert found.share == pytest.approx(gain / float(ranked.merged.score[row]), rel=1e-5)

    def test_a_back_filled_film_was_proposed_by_nobody(self, toy_engine, toy_events):
        assert list_hits(toy_engine.rank(toy_events.history(0), 10), -1, MergeConfig()) == ()


class TestSentences:
    def test_the_strongest_liked_title_comes_first(self, reasoner, toy_engine, toy_events, toy_films):
        history = toy_events.history(17)
        for item in toy_engine.recommend(history, 10).item_idx.tolist():
            share = gather_evidence(toy_engine, history, item).combined()
            share[history.rating < 4] = 0
            reason = reasoner.explain(history, item, ())[0]
            assert reason.tag is ReasonTag.BECAUSE_YOU_LIKED
            strongest = int(history.item_idx[share.argmax()])
            assert reason.because[0] == strongest
            assert reason.text == f"Because you liked {toy_films.title[strongest]}"

    def test_nearly_equal_causes_take_turns_and_weak_ones_never_lead(self, reasoner, monkeypatch, toy_films):
        history = make_history([(1, 5.0), (2, 5.0), (3, 5.0)])
        amounts = Evidence({"als": np.array([1.0, 0.9, 0.1], np.float32)})
        monkeypatch.setattr("movierec.reasons.gather_evidence", lambda *_: amounts)
        named: Counter[int] = Counter()
        reasons = [reasoner.explain(history, item, (), named)[0] for item in (20, 21, 22)]
        assert [reason.because for reason in reasons] == [(1, 2, 3), (2, 1, 3), (1, 2, 3)]
        assert reasons[1].text == f"Because you liked {toy_films.title[2]}"
        assert named == {1: 2, 2: 1}

    def test_somebody_who_liked_nothing_is_told_nothing_about_likes(self, reasoner):
        grumpy = make_history([(1, 2.0), (2, 1.0)])
        for item in range(20, 40):
            assert ReasonTag.BECAUSE_YOU_LIKED not in tags(reasoner, grumpy, item)
            assert ReasonTag.MATCHES_GENRES not in tags(reasoner, grumpy, item)

    def test_genres_are_named_where_the_viewer_leans_to_them(self, reasoner, toy_films):
        fan = make_history([(item, 5.0) for item in range(100) if "Western" in toy_films.genres[item]])
        assert len(fan) >= 2
        rest = [item for item in range(100, 150) if "Western" in toy_films.genres[item]]
        other = next(item for item in range(100, 150) if not set(toy_films.genres[item]) & {"Western"})
        for item in rest:
            texts = [r.text for r in reasoner.explain(fan, item, ()) if r.tag is ReasonTag.MATCHES_GENRES]
            assert len(texts) == 1
            assert "Western" in texts[0]
        assert not any("Western" in reason.text for reason in reasoner.explain(fan, other, ()))

    def test_trending_is_a_good_place_among_the_popular(self, reasoner):
        nobody = History.empty()
        assert ReasonTag.TRENDING in tags(reasoner, nobody, 5, hit("popularity", TRENDING_RANK))
        assert ReasonTag.TRENDING not in tags(reasoner, nobody, 5, hit("popularity", TRENDING_RANK + 1))
        assert ReasonTag.TRENDING not in tags(reasoner, nobody, 5, hit("als", 1))

    def test_similar_taste_is_a_good_place_with_als_and_a_history(self, reasoner):
        someone = make_history([(COLD[0], 5.0)])
        assert ReasonTag.SIMILAR_TASTE in tags(reasoner, someone, 5, hit("als", TASTE_RANK))
        assert ReasonTag.SIMILAR_TASTE not in tags(reasoner, someone, 5, hit("als", TASTE_RANK + 1))
        assert ReasonTag.SIMILAR_TASTE not in tags(reasoner, History.empty(), 5, hit("als", 1))

    def test_a_gem_is_little_seen_and_much_liked(self, reasoner, toy_engine):
        columns = toy_engine.builder.item_columns
        count = columns[:, ITEM_COLUMNS.index("item_interactions")]
        rate = columns[:, ITEM_COLUMNS.index("item_liked_rate")]
        gems = [item for item in range(150) if ReasonTag.HIDDEN_GEM in tags(reasoner, History.empty(), item)]
        assert gems
        rated = count > 0
        for item in gems:
            assert 0 < count[item] < np.median(count[rated]) * 2
            assert rate[item] > np.median(rate[rated])
        assert not set(gems) & set(COLD)
        assert int(count.argmax()) not in gems

    def test_without_anything_to_say_the_film_is_just_popular(self, reasoner):
        assert tags(reasoner, History.empty(), COLD[0]) == [ReasonTag.POPULAR]

    def test_at_most_three_strongest_kind_first(self, reasoner, toy_engine, toy_events):
        history = toy_events.history(17)
        item = int(toy_engine.recommend(history, 1).item_idx[0])
        found = tags(reasoner, history, item, hit("popularity", 1), hit("als", 1))
        assert len(found) == 3
        assert found[0] is ReasonTag.BECAUSE_YOU_LIKED
