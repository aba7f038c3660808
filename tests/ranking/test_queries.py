from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import DAY, SMALL_BUILD, START, make_history, tabulate

from movierec.ranking.queries import (
    POINTS,
    TIME_CUT,
    ask,
    iterate_rounds,
    limit_moments,
    plan_rounds,
    sample_viewers,
    take_out,
)
from movierec.ranking.training import label_candidates
from movierec.schema import History, Interactions
from movierec.stages import TrainingConfig

CONFIG = SMALL_BUILD.training
AHEAD = TrainingConfig(shares=(0.8, 0.5), points=2, time_quantiles=(0.5, 0.9), max_queries=10_000)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def show(history: History) -> list[tuple[int, int]]:
    return list(zip(history.item_idx.tolist(), history.timestamp.tolist(), strict=True))


def make_timelines(lengths: list[int]) -> Interactions:
    return tabulate(
        [
            (user, item, 4.0, START + DAY * item)
            for user, length in enumerate(lengths)
            for item in range(length)
        ],
        n_users=len(lengths),
        n_items=100,
    )


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

    @given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.floats(0.05, 0.9), st.integers(0, 9))
    def test_points_hide_a_share_of_every_history_at_once(self, lengths, share, seed):
        events = make_timelines(lengths)
        config = CONFIG.model_copy(
            update={"goal": "missing", "missing_share": share, "time_quantiles": (), "max_queries": 10_000}
        )
        for turn, past, queries in iterate_rounds(events, config, rng(seed)):
            assert turn.number == POINTS
            hidden = np.diff(events.offsets) - np.diff(past.offsets)
            wanted = [min(int(np.ceil(share * n)), n - 1) if n > 1 else 0 for n in lengths]
            assert hidden.tolist() == wanted
            for user, query in zip(turn.viewers.tolist(), queries, strict=True):
                assert show(query.past) == show(past.history(user))
                assert len(query.future) == wanted[user]
                assert (query.future.timestamp == events.history(user).timestamp[-1]).all()

    def test_recall_of_a_fold_never_met_its_viewers(self, toy_events):
        config = CONFIG.model_copy(
            update={"goal": "missing", "folds": 3, "points": 0, "time_quantiles": (), "max_queries": 10_000}
        )
        asked: list[int] = []
        rounds = list(iterate_rounds(toy_events, config, rng()))
        assert [turn.label for turn, *_ in rounds] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
        for turn, past, queries in rounds:
            assert not np.isin(turn.viewers, past.user_idx).any()
            assert len(queries) == config.cuts * len(turn.viewers)
            asked.extend(turn.viewers.tolist())
        assert sorted(asked) == list(range(toy_events.n_users))


@pytest.fixture(scope="module")
def rounds(toy_events):
    return list(iterate_rounds(toy_events, AHEAD, rng()))


class TestRounds:
    def test_shares_come_first_and_time_cuts_last(self, rounds):
        assert [(turn.number, turn.label) for turn, *_ in rounds] == [
            (0, "first 80% of every timeline"),
            (1, "first 50% of every timeline"),
            (POINTS, "points, 1 of 2"),
            (POINTS, "points, 2 of 2"),
            (TIME_CUT, "time cut 0.5"),
            (TIME_CUT, "time cut 0.9"),
        ]
        assert [turn.closing for turn, *_ in rounds] == [True] + [False] * 5

    @given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(0, 9))
    def test_past_and_future_are_neighbouring_stretches(self, lengths, seed):
        events = make_timelines(lengths)
        for turn, past, queries in iterate_rounds(events, AHEAD, rng(seed)):
            for user, query in zip(turn.viewers.tolist(), queries, strict=True):
                timeline = show(events.history(user))
                cut = len(query.past)
                assert cut >= AHEAD.min_history
                assert len(query.future) > 0
                assert show(query.past) + show(query.future) == timeline[: cut + len(query.future)]
                assert show(past.history(user)) == show(query.past)

    @given(st.lists(st.integers(0, 60), min_size=1, max_size=8))
    def test_shares_divide_every_timeline(self, lengths):
        events = make_timelines(lengths)
        first, second = (
            plan_rounds(events, AHEAD, rng())[:2] if max(lengths) > AHEAD.min_history else (None,) * 2
        )
        if first is None or second is None:
            return
        for user, count in enumerate(lengths):
            own = slice(int(events.offsets[user]), int(events.offsets[user + 1]))
            last_fifth, half = int(np.ceil(round(0.2 * count, 9))), int(np.ceil(0.5 * count))
            assert first.visible[own].sum() == count - last_fifth
            assert first.labels[own].sum() == last_fifth
            assert second.visible[own].sum() == count - half
            assert second.labels[own].sum() == half - last_fifth

    def test_points_differ_from_round_to_round_and_reach_short_histories(self, rounds):
        first, second = (queries for turn, _, queries in rounds if turn.number == POINTS)
        cuts = [[len(query.past) for query in queries] for queries in (first, second)]
        assert cuts[0] != cuts[1]
        assert min(*cuts[0], *cuts[1]) <= AHEAD.min_history + 2

    def test_recall_of_a_time_cut_ends_where_the_labels_begin(self, rounds, toy_events):
        for quantile, (_, past, queries) in zip(AHEAD.time_quantiles, rounds[4:], strict=True):
            moment = int(np.quantile(toy_events.timestamp, quantile))
            assert past.timestamp.max() <= moment
            assert len(past) == (toy_events.timestamp <= moment).sum()
            assert queries
            for query in queries:
                assert len(query.past) >= AHEAD.min_history
                assert query.past.timestamp.max() <= moment < query.future.timestamp.min()

    def test_where_many_come_back_a_few_moments_are_asked(self, toy_events):
        moments = tuple(np.linspace(0.2, 0.95, 16).tolist())

        def plan(limit: int) -> list:
            config = AHEAD.model_copy(update={"time_quantiles": moments, "max_queries": limit})
            return [turn for turn in plan_rounds(toy_events, config, rng()) if turn.number == TIME_CUT]

        everything = plan(10**9)
        assert len(everything) == 16
        assert not any(turn.is_plentiful for turn in everything)
        total = sum(len(turn.viewers) for turn in everything)
        some = plan(total)  # half of the viewers are wanted
        assert [turn.label for turn in some] == [turn.label for turn in everything[::2]]
        few = plan(20)
        assert [turn.label for turn in few] == [turn.label for turn in everything[::4]]
        config = AHEAD.model_copy(update={"time_quantiles": moments, "max_queries": 20})
        for turn in few:
            assert turn.is_plentiful
            assert len(ask(turn, toy_events, config, rng())) == turn.most == 2

    def test_queries_are_sampled_down(self, toy_events):
        def count(limit: int) -> int:
            config = CONFIG.model_copy(update={"max_queries": limit, "time_quantiles": ()})
            return sum(len(queries) for *_, queries in iterate_rounds(toy_events, config, rng()))

        assert count(10_000) == 3 * toy_events.n_users
        assert 30 <= count(60) <= 100

    def test_equal_seeds_give_equal_rounds(self, toy_events):
        def cuts(seed: int) -> list[list[int]]:
            rounds = iterate_rounds(toy_events, AHEAD, rng(seed))
            return [[len(query.past) for query in queries] for *_, queries in rounds]

        assert cuts(4) == cuts(4) != cuts(5)

    def test_too_short_timelines_make_no_round(self):
        assert plan_rounds(make_timelines([4, 2, 0]), AHEAD, rng()) == []


class TestSampledViewers:
    def test_small_data_is_taken_as_it_is(self, toy_events):
        shown, share = sample_viewers(toy_events, CONFIG)
        assert shown is toy_events
        assert share == 1.0

    def test_whole_timelines_of_so_many_events_are_taken(self, toy_events):
        limit = len(toy_events) // 3
        shown, share = sample_viewers(toy_events, CONFIG.model_copy(update={"max_events": limit}))
        assert 0.8 * limit < len(shown) <= limit
        assert share == len(shown) / len(toy_events)
        kept, whole = np.diff(shown.offsets), np.diff(toy_events.offsets)
        assert set(kept[kept > 0] - whole[kept > 0]) == {0}


def test_folds_with_another_goal_are_refused():
    with pytest.raises(ValueError, match="goal must be missing, not next"):
        TrainingConfig(folds=2)


def test_large_data_is_asked_at_few_moments_spread_over_all():
    config = TrainingConfig(time_quantiles=tuple(i / 10 for i in range(1, 10)), max_moments=3)
    assert limit_moments(config).time_quantiles == (0.1, 0.5, 0.9)
    few = TrainingConfig(time_quantiles=(0.3, 0.6), max_moments=3)
    assert limit_moments(few) is few


@pytest.mark.parametrize("limit", [500, 2_000])
def test_a_sample_is_of_whole_timelines_and_says_its_share(toy_events, limit):
    shown, share = sample_viewers(toy_events, TrainingConfig(max_events=limit))
    assert 0.7 * limit < len(shown) <= limit
    assert share == len(shown) / len(toy_events)
    counts, all_counts = np.diff(shown.offsets), np.diff(toy_events.offsets)
    assert ((counts == 0) | (counts == all_counts)).all()
    again, _ = sample_viewers(toy_events, TrainingConfig(max_events=limit))
    np.testing.assert_array_equal(again.user_idx, shown.user_idx)


def test_data_within_the_limit_is_not_sampled(toy_events):
    shown, share = sample_viewers(toy_events, TrainingConfig(max_events=len(toy_events)))
    assert shown is toy_events
    assert share == 1.0
