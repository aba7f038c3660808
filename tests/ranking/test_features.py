from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_data import COLD, N_FILMS, SMALL_BUILD, make_history

from movierec.engine import Engine
from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder, standardise
from movierec.ranking.profile import PROFILE_NAMES
from movierec.ranking.training import collect_rows
from movierec.recall.base import age_rank
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import History

SNAPSHOT = Path(__file__).with_name("feature_names.txt")


def build_rows(engine: Engine, history: History, candidates: np.ndarray) -> dict[str, np.ndarray]:
    scores = engine.fusion.score(history)
    fused = np.linspace(1, 0, len(candidates), dtype=np.float32)
    rows = engine.builder.build(history, candidates.astype(np.int32), scores, fused)
    assert rows.shape == (len(candidates), len(FEATURE_NAMES))
    assert rows.dtype == np.float32
    return dict(zip(FEATURE_NAMES, rows.T, strict=True))


class TestList:
    def test_names_are_distinct(self):
        assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)

    def test_every_source_gives_its_score_and_rank(self):
        for name in SOURCE_NAMES:
            assert {f"{name}_score", f"{name}_rank"} <= set(FEATURE_NAMES)

    def test_order_is_locked(self):
        """Set MOVIEREC_UPDATE_SNAPSHOTS=1 to write the list anew; every ranker must then be built again."""
        if os.environ.get("MOVIEREC_UPDATE_SNAPSHOTS") == "1":
            SNAPSHOT.write_text("\n".join(FEATURE_NAMES) + "\n", encoding="utf-8")
        assert list(FEATURE_NAMES) == SNAPSHOT.read_text(encoding="utf-8").split()

    def test_the_design_s_list_comes_first(self):
        assert FEATURE_NAMES[:11] == (
            *("user_interactions", "user_conf_sum", "user_conf_decay_sum", "user_days_since_last"),
            *("item_interactions", "item_conf_sum", "item_conf_decay_sum", "item_days_since_last"),
            *("item_genre_count", "user_item_genre_aff", "user_item_genre_aff_decay"),
        )


@pytest.fixture(scope="module")
def training(toy_events, toy_films):
    """Rows of training with nothing thinned out, and every call that built them."""
    calls = []
    build = FeatureBuilder.build

    def spy(self, history, candidates, scores, merge_score):
        rows = build(self, history, candidates, scores, merge_score)
        calls.append((self, history, candidates, rows))
        return rows

    whole = {"hard_rate": 1.0, "negative_rate": 1.0, "return_negative_rate": 1.0, "check_queries": 1000}
    sampling = SMALL_BUILD.training.model_copy(update=whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureBuilder, "build", spy)
        rows = collect_rows(toy_events, toy_films, SMALL_BUILD.model_copy(update={"training": sampling}))
    return rows, calls


class TestTrainingEqualsServing:
    def test_serving_a_training_query_builds_the_same_bits(self, training, toy_engine):
        _, calls = training
        assert len(calls) > 20
        assert len({id(builder) for builder, *_ in calls}) == 4
        for builder, history, candidates, rows in calls:
            serving = Engine(
                builder.sources, SMALL_BUILD.recall.merge, builder, toy_engine.ranker, toy_engine.match
            )
            ranked = serving.rank(history, 10)
            np.testing.assert_array_equal(ranked.merged.item_idx, candidates)
            np.testing.assert_array_equal(ranked.features, rows)

    def test_the_ranker_learns_from_exactly_these_rows(self, training):
        rows, calls = training
        np.testing.assert_array_equal(rows.features, np.concatenate([call[-1] for call in calls]))
        held_out = np.concatenate([query.features for query in rows.held_out])
        np.testing.assert_array_equal(held_out, rows.features[: len(held_out)])

    def test_a_bundle_on_disk_builds_the_same_bits(self, toy_engine, toy_service, toy_events):
        for history in (toy_events.history(8), toy_events.history(99), History.empty()):
            fresh, opened = toy_engine.rank(history, 10), toy_service.engine.rank(history, 10)
            np.testing.assert_array_equal(opened.features, fresh.features)
            np.testing.assert_array_equal(opened.score, fresh.score)


@pytest.fixture(scope="module")
def history(toy_events) -> History:
    return toy_events.history(17)


@pytest.fixture(scope="module")
def candidates(history) -> np.ndarray:
    return np.setdiff1d(np.arange(0, N_FILMS, 2), history.item_idx)[::-1]


@pytest.fixture(scope="module")
def columns(toy_engine, history, candidates) -> dict[str, np.ndarray]:
    return build_rows(toy_engine, history, candidates)


class TestValues:
    def test_the_viewer_s_features_are_the_same_in_every_row(self, columns, history):
        for name in PROFILE_NAMES:
            assert len(np.unique(columns[name])) == 1
        assert columns["user_interactions"][0] == len(history)

    def test_items_carry_their_facts(self, columns, candidates, toy_events, toy_films):
        counts = np.bincount(toy_events.item_idx, minlength=N_FILMS)
        np.testing.assert_array_equal(columns["item_interactions"], counts[candidates])
        np.testing.assert_array_equal(columns["item_year"], toy_films.year[candidates])
        genres = [len(toy_films.genres[item]) for item in candidates]
        np.testing.assert_array_equal(columns["item_genre_count"], genres)

    def test_scores_are_the_sources_standardised_and_ranks_count_candidates_from_1(
        self, columns, candidates, toy_engine, history
    ):
        for name in SOURCE_NAMES:
            score = toy_engine.sources[name].score(history)[candidates]
            apart = score - score.mean(dtype=np.float64)
            deviation = np.std(score, dtype=np.float64)
            scaled = apart / deviation if deviation else np.zeros(len(score))
            np.testing.assert_allclose(columns[f"{name}_score"], scaled, atol=1e-6)
            expected = np.empty(len(candidates))
            expected[np.lexsort((candidates, -score))] = np.arange(1, len(candidates) + 1)
            np.testing.assert_array_equal(columns[f"{name}_rank"], expected)

    def test_a_score_that_tells_nothing_apart_is_zero(self):
        scaled = standardise(np.array([[0.1] * 7, [0.0] * 6 + [7.0]], np.float32))
        assert not scaled[0].any()
        assert (scaled[1].mean(), scaled[1].std()) == (pytest.approx(0.0), pytest.approx(1.0))
        assert standardise(np.empty((3, 0), np.float32)).shape == (3, 0)

    def test_gaps_compare_with_what_was_watched(self, columns, candidates, history, toy_films):
        gap = toy_films.year[candidates] - toy_films.year[history.item_idx].mean()
        np.testing.assert_allclose(columns["year_gap_all"], gap, atol=1e-2)

    def test_pace_compares_with_the_person(self, columns, candidates, history, toy_engine):
        pace = toy_engine.builder.pace
        gap = (np.log1p(len(history)) - pace.step[candidates]) / pace.spread[candidates]
        np.testing.assert_allclose(columns["item_step_gap"], gap, rtol=1e-5)
        recent = history.item_idx[age_rank(history) < 5]
        near = pace.step[candidates] - pace.step[recent].mean()
        np.testing.assert_allclose(columns["item_step_gap_recent"], near, atol=1e-6)

    def test_tastes_are_inner_products_with_what_was_watched(self, columns, candidates, history, toy_engine):
        builder = toy_engine.builder
        genres = builder.genre_unit[candidates] @ builder.genre_unit[history.item_idx].mean(0)
        np.testing.assert_allclose(columns["genre_match_all"], genres, atol=1e-6)
        own = builder.factors[history.item_idx]
        np.testing.assert_allclose(
            columns["factor_match_all"], builder.factors[candidates] @ own.mean(0), atol=1e-6
        )
        recent = builder.factors[history.item_idx[age_rank(history) < 10]]
        best = (builder.factors[candidates] @ recent.T).max(axis=1)
        np.testing.assert_allclose(columns["factor_match_best"], best, atol=1e-6)

    def test_rows_follow_their_candidates(self, toy_engine, history, candidates, columns):
        order = np.random.default_rng(1).permutation(len(candidates))
        shuffled = build_rows(toy_engine, history, candidates[order])
        for name in FEATURE_NAMES:
            if name != "merge_score":
                np.testing.assert_allclose(shuffled[name], columns[name][order], rtol=1e-5, atol=1e-7)

    def test_activity_then_ends_with_the_history(self, toy_engine, toy_events, history, candidates):
        """What happens to items after a viewer's last event must not show in the "then" features."""
        early = history.take(slice(0, 5))
        columns = build_rows(toy_engine, early, candidates)
        before = toy_events.timestamp <= early.timestamp[-1]
        counts = np.bincount(toy_events.item_idx[before], minlength=N_FILMS)
        np.testing.assert_array_equal(columns["then_activity_count"], counts[candidates])


class TestOddHistories:
    @pytest.mark.parametrize(
        "history",
        [
            History.empty(),
            make_history([(5, 1.0)]),
            make_history([(item, 5.0) for item in COLD]),
            replace(make_history([(5, 4.0), (6, 4.0)]), rating=np.full(2, np.nan, np.float32)),
            make_history([(item, 4.0) for item in range(N_FILMS - 2)], step=0),
        ],
        ids=["nobody", "one dislike", "cold items", "no stars", "nearly everything at once"],
    )
    def test_rows_are_built_without_a_warning(self, toy_engine, history):
        candidates = np.setdiff1d(np.arange(N_FILMS), history.item_idx)
        columns = build_rows(toy_engine, history, candidates)
        assert not any(np.isinf(values).any() for values in columns.values())
        assert np.isfinite(toy_engine.rank(history, 5).score).all()

    def test_no_candidates_no_rows(self, toy_engine, toy_events):
        build_rows(toy_engine, toy_events.history(0), np.empty(0, np.int64))
