"""Known answers of the sources that count with decay: transition, sitting and lift."""

from __future__ import annotations

import numpy as np
import pytest
from toy_data import DAY, START, make_catalog, make_history, tabulate

from movierec.recall.als import AlsSeen
from movierec.recall.sequence import Lift, Sequence
from movierec.recall.sitting import Sitting
from movierec.recall.transition import Transition
from movierec.schema import Interactions
from movierec.stages import (
    AlsConfig,
    LiftConfig,
    SequenceConfig,
    SittingConfig,
    TransitionConfig,
)

N_ITEMS = 6


def walk(*timelines: tuple[int, ...], step: int = DAY) -> Interactions:
    """Return viewers who watch these items one after another."""
    rows = [
        (user, item, 4.0, START + step * place)
        for user, items in enumerate(timelines)
        for place, item in enumerate(items)
    ]
    return tabulate(rows, n_items=N_ITEMS)


class TestTransition:
    def test_one_step_is_the_ridge_solution(self):
        """Item 0 is always followed by 1: past x past is 3 w^2, past x future 3 w, with w = exp(-0.5 / 2)."""
        config = TransitionConfig(recency=2.0, ahead=1.0, regularization=1.5)
        source = Transition(config).fit(walk((0, 1), (0, 1), (0, 1)), make_catalog(N_ITEMS))
        weight = np.exp(-0.5 / 2.0)
        score = source.score(make_history([(0, 4.0)]))
        assert score[1] == pytest.approx(3 * weight / (3 * weight**2 + 1.5), rel=1e-5)
        assert not np.delete(score, 1).any()

    def test_it_looks_onwards_only(self):
        source = Transition(TransitionConfig(regularization=0.1)).fit(walk((0, 1, 2)), make_catalog(N_ITEMS))
        assert source.score(make_history([(0, 4.0)]))[1] > 0.1
        assert abs(source.score(make_history([(2, 4.0)]))).max() == 0

    def test_without_a_ridge_it_gives_back_the_decayed_future(self):
        """Everybody watches 0, 1, 2: what is left at each point is known exactly, counted once."""
        config = TransitionConfig(recency=10.0, ahead=3.0, regularization=1e-3)
        source = Transition(config).fit(walk(*[(0, 1, 2)] * 20), make_catalog(N_ITEMS))
        scale = np.exp(0.5 / 10.0)  # the newest event weighs 1 when asked, exp(-0.5 / recency) when fitted
        after_one, after_two = make_history([(0, 4.0)]), make_history([(0, 4.0), (1, 4.0)])
        np.testing.assert_allclose(source.score(after_one)[[1, 2]] / scale, [1, np.exp(-1 / 3)], rtol=1e-3)
        assert source.score(after_two)[2] / scale == pytest.approx(1.0, rel=1e-3)

    def test_thinned_points_tell_the_same(self):
        """Every other point, with half the ridge: the same solution where all viewers are alike."""
        events = walk(*[(0, 1)] * 40)
        full = Transition(TransitionConfig()).fit(events, make_catalog(N_ITEMS))
        thin = Transition(TransitionConfig(max_events=40)).fit(events, make_catalog(N_ITEMS))
        asked = make_history([(0, 4.0)])
        np.testing.assert_allclose(thin.score(asked), full.score(asked), rtol=1e-5)

    def test_rare_items_take_no_part(self):
        events = walk((0, 1), (0, 1), (0, 5))
        source = Transition(TransitionConfig(max_items=2)).fit(events, make_catalog(N_ITEMS))
        assert source.score(make_history([(0, 4.0)]))[5] == 0


class TestSitting:
    def test_pairs_weigh_by_the_seconds_between_them(self):
        events = tabulate(
            [(0, 0, 4.0, START), (0, 1, 4.0, START + 30), (0, 2, 4.0, START + 90), (0, 3, 4.0, START + DAY)],
            n_items=N_ITEMS,
        )
        source = Sitting(SittingConfig(seconds=60.0)).fit(events, make_catalog(N_ITEMS))
        score = source.score(make_history([(0, 4.0)]))
        np.testing.assert_allclose(score[[1, 2]], np.exp([-0.5, -1.5]), rtol=1e-5)
        assert score[3] == 0

    def test_both_directions_count_alike(self):
        source = Sitting().fit(walk((0, 1), step=10), make_catalog(N_ITEMS))
        assert source.score(make_history([(0, 4.0)]))[1] == source.score(make_history([(1, 4.0)]))[0] > 0

    def test_only_the_last_sitting_asks(self):
        source = Sitting(SittingConfig(seconds=60.0)).fit(walk((0, 1), (2, 3), step=1), make_catalog(N_ITEMS))
        together = make_history([(0, 4.0), (2, 4.0)], step=60)
        apart = make_history([(0, 4.0), (2, 4.0)], step=DAY)
        assert source.score(together)[1] == pytest.approx(np.exp(-1.0) * source.score(together)[3])
        assert source.score(apart)[1] == 0

    def test_viewers_do_not_run_into_each_other(self):
        source = Sitting().fit(walk((0,), (1,), step=1), make_catalog(N_ITEMS))
        assert not source.score(make_history([(0, 4.0)])).any()


class TestLift:
    def test_score_is_the_log_of_count_over_chance(self):
        events = walk((0, 1), (0, 1), (2, 3))
        config = LiftConfig(backward=0.0, prior=2.0)
        source = Lift(config).fit(events, make_catalog(N_ITEMS))
        # Two co-visits of 0 -> 1; of six events two are of item 1, and items nobody saw count one.
        expected = 2 * 2 / (6 + 2)
        assert source.score(make_history([(0, 4.0)]))[1] == pytest.approx(np.log1p(2 / (expected + 2)))

    def test_many_hints_outweigh_a_popular_title(self):
        """After 0 or 1 comes 2 or the blockbuster 5, which everybody watches anyway."""
        timelines = [(0, 2), (1, 2), (0, 5), (1, 5)] * 3 + [(3, 5), (4, 5)] * 20
        events = walk(*timelines)
        asked = make_history([(0, 4.0), (1, 4.0)])
        lift = Lift(LiftConfig(backward=0.0)).fit(events, make_catalog(N_ITEMS)).score(asked)
        count = Sequence(SequenceConfig(backward=0.0)).fit(events, make_catalog(N_ITEMS)).score(asked)
        assert lift[2] > lift[5] > 0
        assert count[2] == pytest.approx(count[5])


def test_als_seen_learns_from_dislikes_too():
    rows = [(user, item, 1.0, START + DAY * item) for user in range(8) for item in (0, 1)]
    rows += [(user, item, 1.0, START + DAY * item) for user in range(8, 16) for item in (2, 3)]
    events = tabulate(rows, n_items=N_ITEMS)
    config = AlsConfig(min_rating=0.5, factors=2, regularization=0.1)
    source = AlsSeen(config).fit(events, make_catalog(N_ITEMS))
    assert source.recall(make_history([(0, 1.0)]), 1).item_idx.tolist() == [1]
