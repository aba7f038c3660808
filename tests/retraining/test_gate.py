from dataclasses import replace

import numpy as np
import pytest
from toy_data import DAY, START, make_catalog, tabulate, wrap

from movierec.bundles import Contents
from movierec.engine import Engine
from movierec.retraining.accrual import Accrued
from movierec.retraining.gate import (
    MIN_VIEWERS,
    ORDER,
    Against,
    Verdict,
    choose_window,
    compare,
    judge,
    order_of,
)
from movierec.schema import Dataset, History
from movierec.stages import BuildConfig

N_VIEWERS = 2 * MIN_VIEWERS


def old_events() -> list[tuple[int, int, float, int]]:
    return [(user, item, 4, START + item * DAY + user) for user in range(N_VIEWERS) for item in range(4)]


def live_events(n_viewers: int) -> list[tuple[int, int, float, int]]:
    """A first film on day 10 for everybody named, a second on day 20."""
    return [
        (user, 4 + day, 5, START + (1 + day) * 10 * DAY + user) for user in range(n_viewers) for day in (0, 1)
    ]


def lay_out(toy_engine: Engine, n_live_viewers: int) -> tuple[Accrued, Contents]:
    catalog = make_catalog(6)
    old = wrap(tabulate(old_events(), N_VIEWERS, 6), catalog)
    rows = tabulate(old_events() + live_events(n_live_viewers), N_VIEWERS, 6)
    dataset: Dataset = replace(old, interactions=rows)
    served = Contents(toy_engine, old.user_id, catalog, old.interactions)
    return Accrued(dataset, rows.timestamp >= START + 10 * DAY), served


def test_the_window_is_later_than_all_the_served_bundle_was_trained_on(toy_engine: Engine) -> None:
    accrued, served = lay_out(toy_engine, N_VIEWERS)
    window = choose_window(accrued, served, seed=0)
    assert window.against is Against.BUNDLE
    assert window.start > served.interactions.timestamp.max()
    assert window.split.train.timestamp.max() < window.start
    assert window.split.held_out.timestamp.min() >= window.start
    assert len(window.split.train) + len(window.split.held_out) == len(accrued.dataset.interactions)
    # The newest 30 % of the live events, and what somebody already knows is nothing to find.
    assert len(window.split.held_out) == pytest.approx(0.3 * 2 * N_VIEWERS, abs=1)
    assert set(window.split.truth.item_idx) == {5}


def test_pairs_the_served_bundle_knows_are_not_to_be_found(toy_engine: Engine) -> None:
    accrued, served = lay_out(toy_engine, N_VIEWERS)
    free = choose_window(accrued, served, seed=0).split.truth
    # The served bundle was trained on the second film of half of those viewers, at an earlier time.
    known = free.user_idx[::2]
    leaked = tabulate(old_events() + [(int(user), 5, 5, START) for user in known], N_VIEWERS, 6)
    held = choose_window(accrued, replace(served, interactions=leaked), seed=0)
    if held.against is Against.BUNDLE:
        assert set(held.split.truth.user_idx) == set(free.user_idx) - set(known)
    else:
        assert len(free) - len(known) < MIN_VIEWERS


def test_too_few_live_viewers_mean_a_comparison_of_configurations(toy_engine: Engine) -> None:
    accrued, served = lay_out(toy_engine, 5)
    window = choose_window(accrued, served, seed=0)
    assert window.against is Against.CONFIGURATION
    assert window.split.train.timestamp.max() < window.start <= window.split.held_out.timestamp.min()


def test_too_few_viewers_at_all_cannot_be_judged(toy_engine: Engine) -> None:
    catalog = make_catalog(6)
    rows = tabulate([(user, item, 4, START + item) for user in range(3) for item in range(4)], 3, 6)
    dataset = wrap(rows, catalog)
    served = Contents(toy_engine, dataset.user_id, catalog, rows)
    accrued = Accrued(dataset, np.zeros(len(rows), np.bool_))
    told: list[str] = []
    judgement = judge(accrued, served, BuildConfig(), BuildConfig(), told.append)
    assert judgement.report.verdict is Verdict.UNJUDGED
    assert judgement.challenger is None
    assert told == []


@pytest.mark.parametrize(
    ("gain", "verdict"), [(0.2, Verdict.PASSED), (0.0, Verdict.PASSED), (-0.2, Verdict.WORSE)]
)
def test_only_a_surely_worse_challenger_is_stopped(gain: float, verdict: Verdict, toy_engine: Engine) -> None:
    window = choose_window(*lay_out(toy_engine, N_VIEWERS), seed=0)
    n_viewers = len(window.split.truth)
    served = np.full(n_viewers, 0.5)
    wobble = np.where(np.arange(n_viewers) % 2, 0.01, -0.01)
    report = compare(served + gain + wobble, served, window, seed=0)
    assert report.verdict is verdict
    assert report.difference is not None
    assert report.difference.mean == pytest.approx(gain, abs=0.002)


def test_a_worse_mean_within_the_noise_passes(toy_engine: Engine) -> None:
    window = choose_window(*lay_out(toy_engine, N_VIEWERS), seed=0)
    n_viewers = len(window.split.truth)
    noise = np.where(np.arange(n_viewers) % 2, 0.4, -0.44)
    report = compare(0.5 + noise, np.full(n_viewers, 0.5), window, seed=0)
    assert report.difference is not None
    assert report.difference.mean < 0 < report.difference.high
    assert report.verdict is Verdict.PASSED


def test_where_enough_viewers_also_disliked_their_order_is_compared(toy_engine: Engine) -> None:
    accrued, served = lay_out(toy_engine, N_VIEWERS)
    rows = accrued.dataset.interactions
    last = rows.timestamp.max()
    # Everybody of the window dislikes a third film after it.
    disliked = [(user, 3, 1, int(last) + 1 + user) for user in range(N_VIEWERS)]
    old = [event for event in old_events() if event[1] != 3]
    joined = tabulate(old + live_events(N_VIEWERS) + disliked, N_VIEWERS, 6)
    dataset = replace(accrued.dataset, interactions=joined)
    window = choose_window(
        Accrued(dataset, joined.timestamp >= START + 10 * DAY),
        replace(served, interactions=tabulate(old, N_VIEWERS, 6)),
        seed=0,
    )
    assert window.against is Against.BUNDLE
    assert window.metric == ORDER
    pool = window.split.pool
    assert pool is not None
    assert (pool.user_idx == window.split.truth.user_idx).all()
    assert all(set(pool.items(row)) == {3, 5} for row in range(len(pool)))
    assert all(set(window.split.truth.items(row)) == {5} for row in range(len(pool)))


def test_order_counts_pairs_and_ties_half() -> None:
    class Scores:
        def score_items(self, history: object, items: np.ndarray) -> np.ndarray:
            return np.array([3.0, 1.0, 2.0, 1.0], np.float32)[items]

    pool = np.array([0, 1, 2, 3], np.int32)
    empty = History.empty()
    # Liked 0 and 1, disliked 2 and 3: 3>2, 3>1, 1<2, 1=1.
    assert order_of(Scores(), empty, pool, np.array([0, 1], np.int32)) == 2.5 / 4  # type: ignore[arg-type]
    unknown = np.array([0, -1], np.int32)
    assert order_of(Scores(), empty, unknown, np.array([0], np.int32)) == 1.0  # type: ignore[arg-type]
