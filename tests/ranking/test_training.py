from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import DAY, SMALL_BUILD, START, make_catalog, make_history, tabulate

from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder
from movierec.ranking.queries import POINTS, TIME_CUT, plan_rounds
from movierec.ranking.training import (
    POSITIVE_CONFIDENCE_RATING,
    WATCH_AHEAD_RATING,
    collect_rows,
    label_candidates,
    sample_rows,
    thin,
)
from movierec.schema import History, Interactions
from movierec.stages import BuildConfig, TrainingConfig

CONFIG = SMALL_BUILD.training
N_ROUNDS = len(CONFIG.shares) + CONFIG.points


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def show(history: History) -> list[tuple[int, int]]:
    return list(zip(history.item_idx.tolist(), history.timestamp.tolist(), strict=True))


def spy(events: Interactions, films, config: BuildConfig):
    """Return {(number of the round, history): rows} of everything training builds."""
    built: dict[tuple[int, tuple], np.ndarray] = {}
    builders: list[FeatureBuilder] = []
    build = FeatureBuilder.build

    def record(builder, history, candidates, scores, merge_score):
        if not any(builder is known for known in builders):
            builders.append(builder)
        rows = build(builder, history, candidates, scores, merge_score)
        number = next(index for index, known in enumerate(builders) if known is builder)
        built[number, tuple(show(history))] = rows
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureBuilder, "build", record)
        collect_rows(events, films, config)
    return built


@pytest.fixture(scope="module")
def config() -> BuildConfig:
    training = CONFIG.model_copy(update={"time_quantiles": (0.7,), "max_queries": 200})
    return SMALL_BUILD.model_copy(update={"training": training})


@pytest.fixture(scope="module")
def clean(toy_events, toy_films, config):
    return spy(toy_events, toy_films, config)


class TestLeaks:
    """What the labels are made of may be anything: the features do not change."""

    @pytest.mark.parametrize("number", [0, 1, 2], ids=["first share", "second share", "points"])
    def test_features_of_a_round_do_not_know_what_anybody_did_next(
        self, toy_events, toy_films, config, clean, number
    ):
        training = config.training
        turn = plan_rounds(toy_events, training, rng(training.seed))[number]
        later = np.flatnonzero(~turn.visible)
        poisoned = replace(toy_events, item_idx=toy_events.item_idx.copy(), rating=toy_events.rating.copy())
        for values in (poisoned.item_idx, poisoned.rating):
            values[later] = rng(7).permutation(values[later])
        dirty = spy(poisoned, toy_films, config)
        compared = [key for key in clean.keys() & dirty.keys() if key[0] == number]
        assert len(compared) >= 20
        for key in compared:
            np.testing.assert_array_equal(dirty[key], clean[key])

    def test_features_at_a_time_cut_do_not_know_what_came_later(self, toy_events, toy_films, config, clean):
        late = np.flatnonzero(toy_events.timestamp > int(np.quantile(toy_events.timestamp, 0.7)))
        poisoned = replace(toy_events, item_idx=toy_events.item_idx.copy(), rating=toy_events.rating.copy())
        poisoned.item_idx[late] = rng().permutation(poisoned.item_idx[late])
        poisoned.rating[late] = rng().permutation(poisoned.rating[late])
        dirty = spy(poisoned, toy_films, config)
        number = N_ROUNDS
        compared = [key for key in clean.keys() & dirty.keys() if key[0] == number]
        assert len(compared) >= 20
        for key in compared:
            np.testing.assert_array_equal(dirty[key], clean[key])

    def test_the_spy_would_see_a_leak(self, toy_events, toy_films, config, clean):
        early = np.flatnonzero(toy_events.timestamp <= int(np.quantile(toy_events.timestamp, 0.7)))
        poisoned = replace(toy_events, rating=toy_events.rating.copy())
        poisoned.rating[early] = rng().permutation(poisoned.rating[early])
        dirty = spy(poisoned, toy_films, config)
        compared = [key for key in clean.keys() & dirty.keys() if key[0] == N_ROUNDS]
        assert any(not np.array_equal(dirty[key], clean[key], equal_nan=True) for key in compared)


class TestLabels:
    def test_stars_of_the_window_and_the_steps_to_them(self):
        future = make_history([(7, 4.5), (2, 2.0), (9, 5.0)])
        label, step = label_candidates(np.array([9, 1, 7, 2], np.int32), future)
        assert label.tolist() == [5.0, -1.0, 4.5, 2.0]
        assert step.tolist() == [2, -1, 0, 1]

    def test_tied_events_are_equally_far(self):
        future = replace(
            make_history([(1, 4.0), (2, 4.0), (3, 4.0), (4, 4.0)]),
            timestamp=START + np.array([0, 5, 5, 9], np.int64),
        )
        _, step = label_candidates(np.array([4, 3, 2, 1], np.int32), future)
        assert step.tolist() == [3, 1, 1, 0]

    def test_unrated_events_are_labelled_by_confidence(self):
        future = replace(
            make_history([(1, 4.0), (2, 4.0)]),
            rating=np.full(2, np.nan, np.float32),
            confidence=np.array([2.0, 0.0], np.float32),
        )
        label, _ = label_candidates(np.array([1, 2], np.int32), future)
        assert label.tolist() == [POSITIVE_CONFIDENCE_RATING, 1.0]

    @given(st.lists(st.integers(0, 9), unique=True, min_size=1), st.lists(st.integers(0, 12), unique=True))
    def test_every_candidate_is_looked_up(self, watched, candidates):
        future = make_history([(item, 0.5 + item % 10 / 2) for item in watched])
        label, step = label_candidates(np.array(candidates, np.int32), future)
        for item, stars, distance in zip(candidates, label.tolist(), step.tolist(), strict=True):
            if item in watched:
                assert stars == 0.5 + item % 10 / 2
                assert distance == watched.index(item)
            else:
                assert (stars, distance) == (-1.0, -1.0)


class TestSampling:
    CONFIG = TrainingConfig(
        hard_negatives=5, hard_rate=0.5, negative_rate=0.2, label_decay=3.0, weak_weight=0.5
    )

    @pytest.fixture
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        label, step = np.full(400, -1.0, np.float32), np.full(400, -1.0, np.float32)
        for row, stars, distance in ((2, 5.0, 0), (50, 4.0, 2), (60, 3.0, 0), (70, 1.0, 1)):
            label[row], step[row] = stars, distance
        return label, step

    def test_what_was_reached_always_stays(self, rows):
        for seed in range(10):
            kept, _ = sample_rows(*rows, self.CONFIG, rng(seed))
            assert kept[[2, 50, 60, 70]].all()

    def test_weights_say_how_near_and_how_much_liked(self, rows):
        _, weight = sample_rows(*rows, self.CONFIG, rng())
        assert weight[2] == 3.0
        assert weight[50] == 1.0
        assert weight[60] == 1.5
        assert weight[70] == 1.0
        assert weight[0] == pytest.approx(2.0)
        assert weight[100] == pytest.approx(5.0)

    def test_time_cuts_keep_more_negatives_where_few_come_back(self, toy_events):
        def list_rates(limit: int) -> list[tuple[float, float]]:
            config = CONFIG.model_copy(update={"max_queries": limit})
            thinned = [thin(config, turn) for turn in plan_rounds(toy_events, config, rng())]
            return [(own.hard_rate, own.negative_rate) for own in thinned]

        usual, rich = (CONFIG.hard_rate, CONFIG.negative_rate), (1.0, CONFIG.return_negative_rate)
        assert list_rates(100_000) == [usual] * N_ROUNDS + [rich]
        assert list_rates(10) == [usual] * (N_ROUNDS + 1)

    def test_thinning_is_unbiased(self, rows):
        """The others weigh, on average over draws, as much as if all of them had stayed."""
        total = []
        for seed in range(300):
            kept, weight = sample_rows(*rows, self.CONFIG, rng(seed))
            others = kept & (rows[0] < 0)
            others[:5] = False
            total.append(weight[others].sum())
        # 392 rows, each 5 with chance 1/5: deviation of the mean is 2.
        assert np.mean(total) == pytest.approx(392, abs=10)
        assert np.std(total) > 10


@pytest.fixture(scope="module")
def rows(toy_events, toy_films):
    return collect_rows(toy_events, toy_films, SMALL_BUILD)


class TestCollect:
    def test_rows_are_parallel_and_grouped(self, rows):
        assert len(rows) == len(rows.features) == len(rows.weight) == len(rows.query) == len(rows.round)
        assert set(np.diff(rows.query).tolist()) == {0, 1}
        assert rows.query[0] == 0
        ahead, changes = rows.round, np.flatnonzero(np.diff(rows.round)) + 1
        assert [ahead[0], *ahead[changes]] == [0, 1, POINTS, TIME_CUT]

    def test_every_query_has_a_positive(self, rows):
        positive = rows.rating > WATCH_AHEAD_RATING
        assert set(rows.query[positive].tolist()) == set(rows.query.tolist())

    def test_held_out_queries_are_whole_and_from_the_first_round(self, rows):
        assert 0 < len(rows.held_out) <= CONFIG.check_queries
        first = rows.features[rows.round == 0]
        pool = {row.tobytes() for query in rows.held_out for row in query.features}
        assert {row.tobytes() for row in first} <= pool
        for query in rows.held_out:
            assert len(query.features) == len(query.relevant) == len(query.source_rank)
            assert query.n_relevant >= query.relevant.sum()

    def test_same_seed_same_rows(self, rows, toy_events, toy_films):
        again = collect_rows(toy_events, toy_films, SMALL_BUILD)
        for name in ("features", "rating", "weight", "query", "round"):
            np.testing.assert_array_equal(getattr(again, name), getattr(rows, name))

    def test_another_seed_samples_others(self, rows, toy_events, toy_films):
        training = CONFIG.model_copy(update={"seed": 99})
        other = collect_rows(toy_events, toy_films, SMALL_BUILD.model_copy(update={"training": training}))
        assert len(other) != len(rows) or not np.array_equal(other.rating, rows.rating)

    def test_take_keeps_rows_together(self, rows):
        some = rows.take(rows.round == 1)
        np.testing.assert_array_equal(some.features, rows.features[rows.round == 1])
        assert set(some.round.tolist()) == {1}

    def test_progress_names_every_round(self, toy_events, toy_films):
        lines: list[str] = []
        collect_rows(toy_events, toy_films, SMALL_BUILD, lines.append)
        assert [line.split(":")[0] for line in lines] == [
            f"training queries, {label}"
            for label in (
                "first 80% of every timeline",
                "first 60% of every timeline",
                "points, 1 of 1",
                "time cut 0.97",
            )
        ]

    @pytest.mark.parametrize(
        "events",
        [
            [],
            [(0, 0, 5.0, START)],
            [(user, item, 5.0, START + DAY * item) for user in range(3) for item in range(3)],
        ],
        ids=["nothing", "one event", "short histories"],
    )
    def test_too_little_to_learn_from_is_none(self, events):
        data = tabulate(events, n_users=3, n_items=3)
        assert collect_rows(data, make_catalog(3), SMALL_BUILD) is None


def test_counts_of_a_sample_are_told_as_those_of_all(toy_events, toy_films):
    """Half the viewers, twice their counts: what the ranker learns of must look like what it will serve."""
    training = SMALL_BUILD.training.model_copy(update={"max_events": len(toy_events) // 2})
    sampled = collect_rows(toy_events, toy_films, SMALL_BUILD.model_copy(update={"training": training}))
    whole = collect_rows(toy_events, toy_films, SMALL_BUILD)
    assert sampled is not None
    assert whole is not None
    for name in ("item_interactions", "then_activity_count"):
        column = FEATURE_NAMES.index(name)
        ratio = sampled.features[:, column].mean() / whole.features[:, column].mean()
        assert 0.75 < ratio < 1.33
    viewer = FEATURE_NAMES.index("user_interactions")
    assert sampled.features[:, viewer].max() <= whole.features[:, viewer].max()
