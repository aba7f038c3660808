from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import DAY, SMALL_BUILD, START, make_catalog, make_history, tabulate

from movierec.ranking.features import FeatureBuilder
from movierec.ranking.training import (
    POSITIVE_CONFIDENCE_RATING,
    WATCH_AHEAD_RATING,
    collect_rows,
    cut_timeline,
    iterate_rounds,
    label_candidates,
    sample_rows,
    take_out,
)
from movierec.schema import History, Interactions
from movierec.stages import BuildConfig, TrainingConfig

CONFIG = SMALL_BUILD.training


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def show(history: History) -> list[tuple[int, int]]:
    return list(zip(history.item_idx.tolist(), history.timestamp.tolist(), strict=True))


class TestMissing:
    @given(st.integers(2, 60), st.integers(1, 6), st.floats(0.05, 0.95), st.integers(0, 9))
    def test_what_is_taken_out_and_what_stays_make_the_history(self, count, cuts, share, seed):
        config = TrainingConfig(goal="missing", cuts=cuts, missing_share=share)
        history = make_history([(item, 4.0) for item in range(count)])
        queries = take_out(history, config, rng(seed))
        assert len(queries) == cuts
        assert [query.closing for query in queries] == [True] + [False] * (cuts - 1)
        for query in queries:
            kept, out = query.past.item_idx.tolist(), query.future.item_idx.tolist()
            assert sorted(kept + out) == list(range(count))
            assert kept == sorted(kept)
            assert len(out) == min(int(np.ceil(share * count)), count - 1)
            _, step = label_candidates(query.future.item_idx, query.future)
            assert not step.any()

    def test_a_build_with_this_goal_asks_for_it(self, toy_events):
        config = CONFIG.model_copy(update={"goal": "missing", "time_quantiles": ()})
        (_, _, queries), *_ = iterate_rounds(toy_events, config, rng(0))
        future = [query.future.timestamp for query in queries]
        assert all((when == when[0]).all() for when in future)


class TestCuts:
    @given(
        st.integers(2, 60),
        st.integers(1, 6),
        st.integers(1, 5),
        st.floats(0.05, 1.0),
        st.integers(0, 9),
    )
    def test_past_and_future_are_neighbouring_stretches(self, count, cuts, least, share, seed):
        config = TrainingConfig(
            cuts=cuts, min_history=min(least, count - 1), window_share=share, window_min=3
        )
        history = make_history([(item, 4.0) for item in range(count)])
        queries = cut_timeline(history, config, rng(seed))
        starts = [len(query.past) for query in queries]
        assert starts == sorted(set(starts))
        assert min(starts) >= config.min_history
        assert starts[-1] == count - 1
        assert len(queries) <= max(cuts, 2)
        window = max(config.window_min, int(np.ceil(share * count)))
        for query in queries:
            cut = len(query.past)
            assert query.past.item_idx.tolist() == list(range(cut))
            assert query.future.item_idx.tolist() == list(range(cut, min(cut + window, count)))

    def test_equal_seeds_give_equal_cuts(self):
        history = make_history([(item, 4.0) for item in range(50)])
        first, second = (cut_timeline(history, TrainingConfig(), rng(4)) for _ in range(2))
        assert [len(query.past) for query in first] == [len(query.past) for query in second]


@pytest.fixture(scope="module")
def rounds(toy_events):
    config = TrainingConfig(folds=3, cuts=2, time_quantiles=(0.5, 0.9), max_queries=10_000)
    return config, list(iterate_rounds(toy_events, config, rng()))


class TestRounds:
    def test_folds_come_before_time_cuts(self, rounds):
        labels = [label for label, *_ in rounds[1]]
        assert labels == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "time cut 0.5", "time cut 0.9"]

    def test_recall_of_a_fold_never_met_its_viewers(self, rounds, toy_events):
        asked = []
        for _, past, queries in rounds[1][:3]:
            known = set(past.user_idx.tolist())
            timelines = {tuple(show(toy_events.history(user)))[:3] for user in known}
            heads = {tuple(show(query.past))[:3] for query in queries}
            assert heads
            assert not heads & timelines
            asked.extend(heads)
        assert len(asked) == len(set(asked)) == toy_events.n_users

    def test_recall_of_a_time_cut_ends_where_the_labels_begin(self, rounds, toy_events):
        config, made = rounds
        for quantile, (_, past, queries) in zip(config.time_quantiles, made[3:], strict=True):
            moment = int(np.quantile(toy_events.timestamp, quantile))
            assert past.timestamp.max() <= moment
            assert len(past) == (toy_events.timestamp <= moment).sum()
            assert queries
            for query in queries:
                assert len(query.past) >= config.min_history
                assert query.past.timestamp.max() <= moment < query.future.timestamp.min()
                assert 0 < len(query.future) <= config.time_window

    def test_queries_of_folds_are_sampled_down(self, toy_events):
        def count(limit: int) -> int:
            config = CONFIG.model_copy(update={"max_queries": limit, "time_quantiles": ()})
            return sum(len(queries) for *_, queries in iterate_rounds(toy_events, config, rng()))

        assert count(10_000) == 2 * toy_events.n_users
        assert 30 <= count(60) <= 100

    def test_too_few_viewers_make_no_fold(self):
        lonely = tabulate([(0, item, 4.0, START + item) for item in range(9)])
        config = CONFIG.model_copy(update={"time_quantiles": ()})
        assert list(iterate_rounds(lonely, config, rng())) == []


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

    def test_a_fold_s_features_do_not_know_what_its_viewers_did_next(
        self, toy_events, toy_films, config, clean
    ):
        _, past, queries = next(iterate_rounds(toy_events, config.training, rng(config.training.seed)))
        hidden = np.setdiff1d(np.arange(toy_events.n_users), past.user_idx)
        poisoned = replace(toy_events, item_idx=toy_events.item_idx.copy(), rating=toy_events.rating.copy())
        asked = []
        for user in hidden.tolist():
            timeline = show(toy_events.history(user))
            own = [show(query.past) for query in queries if show(query.past) == timeline[: len(query.past)]]
            if own:
                asked.append(tuple(min(own, key=len)))
                future = slice(int(toy_events.offsets[user]) + len(asked[-1]), toy_events.offsets[user + 1])
                for values in (poisoned.item_idx, poisoned.rating):
                    values[future] = rng(user).permutation(values[future])
        dirty = spy(poisoned, toy_films, config)
        compared = [(0, past) for past in asked if (0, past) in clean and (0, past) in dirty]
        assert len(compared) >= 10
        for key in compared:
            np.testing.assert_array_equal(dirty[key], clean[key])

    def test_features_at_a_time_cut_do_not_know_what_came_later(self, toy_events, toy_films, config, clean):
        late = np.flatnonzero(toy_events.timestamp > int(np.quantile(toy_events.timestamp, 0.7)))
        poisoned = replace(toy_events, item_idx=toy_events.item_idx.copy(), rating=toy_events.rating.copy())
        poisoned.item_idx[late] = rng().permutation(poisoned.item_idx[late])
        poisoned.rating[late] = rng().permutation(poisoned.rating[late])
        dirty = spy(poisoned, toy_films, config)
        number = config.training.folds
        compared = [key for key in clean.keys() & dirty.keys() if key[0] == number]
        assert len(compared) >= 20
        for key in compared:
            np.testing.assert_array_equal(dirty[key], clean[key])

    def test_the_spy_would_see_a_leak(self, toy_events, toy_films, config, clean):
        early = np.flatnonzero(toy_events.timestamp <= int(np.quantile(toy_events.timestamp, 0.7)))
        poisoned = replace(toy_events, rating=toy_events.rating.copy())
        poisoned.rating[early] = rng().permutation(poisoned.rating[early])
        dirty = spy(poisoned, toy_films, config)
        compared = [key for key in clean.keys() & dirty.keys() if key[0] == config.training.folds]
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
        assert sorted(set(rows.round.tolist())) == [-1, 0, 1]
        folds = rows.round[rows.round >= 0]
        assert (np.diff(folds) >= 0).all()
        assert (rows.round[len(folds) :] == -1).all()

    def test_every_query_has_a_positive(self, rows):
        positive = rows.rating > WATCH_AHEAD_RATING
        assert set(rows.query[positive].tolist()) == set(rows.query.tolist())

    def test_held_out_queries_are_whole_and_from_the_first_fold(self, rows):
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
            f"training queries, {label}" for label in ("fold 1 of 2", "fold 2 of 2", "time cut 0.97")
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
