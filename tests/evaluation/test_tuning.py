from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data import splits
from movierec.data.splits import Split, Truth
from movierec.evaluation import tuning
from movierec.evaluation.grids import PeerTuning
from movierec.evaluation.peers import (
    AllTimePopularity,
    OrderedCoVisitation,
    Peer,
    RecentPopularity,
    list_peers,
)
from movierec.evaluation.protocols import PROTOCOLS
from movierec.evaluation.report import compose_report
from movierec.evaluation.runner import evaluate
from movierec.evaluation.tuning import choose_settings, tune_peers
from movierec.schema import Catalog, Dataset, FloatArray, History, Interactions

N_ITEMS = 12
FITS: list[tuple[float, Interactions]] = []


@dataclass
class Walker(Peer):
    """Proposes the item ``pace * stride`` after the last one; only ``pace`` matters to ``fit``."""

    name: str = "walker"
    pace: int = 1
    stride: int = 1
    pace_: int = field(init=False, repr=False)

    asked_settings: ClassVar[frozenset[str]] = frozenset({"stride"})

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        FITS.append((self.pace, train))
        self.pace_ = self.pace
        return self

    def score(self, history: History) -> FloatArray:
        score = np.zeros(N_ITEMS, np.float32)
        score[(history.item_idx[-1:] + self.pace_ * self.stride) % N_ITEMS] = 1.0
        return score

    @property
    def grid(self) -> tuple[Peer, ...]:
        return self.vary(stride=(1, 2), pace=(1, 3))


@pytest.fixture
def steps(tabulate: Callable[..., Dataset]) -> Dataset:
    """Everybody walks in steps of six: 0, 6 never repeats, so each knows three items a step of 6 apart."""
    FITS.clear()
    start = {user: user % 6 for user in range(10)}
    rows = [(user, (start[user] + 5 + shift) % N_ITEMS) for user in start for shift in (0, 2, 8)]
    return tabulate(*rows, (0, N_ITEMS - 1))


def divide(events: Interactions) -> tuple[Split, ...]:
    return (splits.leave_one_out(events),)


def test_the_winner_is_what_finds_the_inner_truth(steps: Dataset) -> None:
    # The third event lies 6 = 3 * 2 after the second, which nothing but pace 3 and stride 2 proposes.
    (tuned,) = choose_settings(steps.interactions, steps.catalog, divide, (Walker(),))
    assert tuned.tuning is not None
    assert tuned.tuning.winner == {"pace": 3.0, "stride": 2.0} == tuned.peer.params
    by_params = {tuple(point.params.values()): point.ndcg for point in tuned.tuning.points}
    assert by_params[3, 2] > 0.85
    assert by_params[1, 1] == by_params[3, 1] == 0.0
    assert len(by_params) == 4
    assert tuned.tuning.rows == len(divide(steps.interactions)[0].truth)


def test_variants_share_fits_and_only_inner_train_is_learnt(steps: Dataset) -> None:
    choose_settings(steps.interactions, steps.catalog, divide, (Walker(),))
    assert sorted(pace for pace, _ in FITS) == [1, 3]
    inner = divide(steps.interactions)[0].train
    for _, train in FITS:
        np.testing.assert_array_equal(train.timestamp, inner.timestamp)


def test_winners_are_fitted_again_on_all_of_train(steps: Dataset) -> None:
    (tuned,) = tune_peers(steps.interactions, steps.catalog, divide, (Walker(),))
    pace, train = FITS[-1]
    assert pace == 3
    assert train is steps.interactions
    assert tuned.peer.params == {"pace": 3.0, "stride": 2.0}
    first = steps.interactions.history(1).take(slice(0, 1))
    assert tuned.peer.recommend(first, 1).item_idx.tolist() == [(first.item_idx[0] + 6) % N_ITEMS]


def test_one_choice_fits_several_splits_without_mixing_them_up(steps: Dataset) -> None:
    (tuned,) = choose_settings(steps.interactions, steps.catalog, divide, (AllTimePopularity(),))
    other = steps.interactions.take(steps.interactions.user_idx == 0)
    first, second = (tuned.fit(events, steps.catalog) for events in (steps.interactions, other))
    assert first.score(History.empty()).sum() == len(steps.interactions)
    assert second.score(History.empty()).sum() == len(other)


def test_users_of_several_inner_splits_are_pooled(steps: Dataset) -> None:
    def halve(events: Interactions) -> tuple[Split, ...]:
        halves = (events.take(events.user_idx % 2 == part) for part in (0, 1))
        return (*(splits.leave_one_out(half) for half in halves), *divide(events.take(events.user_idx < 0)))

    (tuned,) = choose_settings(steps.interactions, steps.catalog, halve, (Walker(),))
    assert tuned.tuning is not None
    assert tuned.tuning.rows == len(divide(steps.interactions)[0].truth)
    assert tuned.tuning.winner == {"pace": 3.0, "stride": 2.0}


def test_nobody_to_tune_on_keeps_the_settings(tabulate: Callable[..., Dataset]) -> None:
    single = tabulate((0, 0), (1, 1))
    peer = Walker(pace=7)
    (tuned,) = choose_settings(single.interactions, single.catalog, divide, (peer,))
    assert tuned.peer is peer
    assert tuned.tuning is None


def test_a_peer_without_choices_is_not_asked(steps: Dataset) -> None:
    class Fixed(Walker):
        @property
        def grid(self) -> tuple[Peer, ...]:
            return (self,)

    (tuned,) = choose_settings(steps.interactions, steps.catalog, divide, (Fixed(),))
    assert tuned.tuning is None
    assert not FITS


def test_all_known_models_can_be_tuned_twice_alike(tiny: Dataset) -> None:
    def divide_in_time(events: Interactions) -> tuple[Split, ...]:
        return tuple(splits.global_timeline(events, quantile) for quantile in (0.6, 0.8))

    lines: list[str] = []
    runs = [
        choose_settings(tiny.interactions, tiny.catalog, divide_in_time, list_peers(), lines.append, 30)
        for _ in range(2)
    ]
    for first, second in zip(*runs, strict=True):
        assert first.tuning is not None
        assert second.tuning is not None
        assert first.tuning.points == second.tuning.points
        assert first.tuning.winner == first.peer.params
        assert len(first.tuning.points) == len(first.peer.grid)
        best = max(point.ndcg for point in first.tuning.points)
        assert best in [point.ndcg for point in first.tuning.points if point.params == first.tuning.winner]
        assert 0 < first.tuning.rows <= 31
    assert len(lines) == 2 * len(list_peers())


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(1, 15), st.integers(0, 9))
def test_a_drawn_truth_is_part_of_the_whole(sizes: list[int], n: int, seed: int) -> None:
    offsets = np.cumsum([0, *sizes]).astype(np.int64)
    users = 3 * np.arange(len(sizes), dtype=np.int32)
    whole = Truth(users, offsets, np.arange(offsets[-1], dtype=np.int32))
    drawn = tuning._draw(whole, n, seed)
    assert len(drawn) == min(n, len(whole))
    assert (np.diff(drawn.user_idx) > 0).all()
    for row, user in enumerate(drawn.user_idx):
        np.testing.assert_array_equal(drawn.items(row), whole.items(int(user) // 3))


def test_a_report_says_how_its_peers_were_tuned(tiny: Dataset) -> None:
    (report,) = evaluate(
        tiny, ("global-timeline",), generations=(), peers=lambda: (RecentPopularity(), OrderedCoVisitation())
    ).protocols
    assert [entry.name for entry in report.tuning] == ["recent popularity", "ordered co-visitation"]
    assert report.find("recent popularity").params == report.tuning[0].winner
    text = compose_report(report)
    assert "## Settings of the known models" in text
    assert "| recent popularity | half_life_days " in text


@pytest.mark.parametrize("protocol", ["leave-one-out", "user-timeline", "random", "global-timeline"])
def test_what_is_held_out_does_not_reach_the_search(
    tiny: Dataset, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = (RecentPopularity(), OrderedCoVisitation())

    def tune() -> tuple[PeerTuning, ...]:
        (report,) = evaluate(tiny, (protocol,), generations=(), peers=lambda: few).protocols
        return report.tuning

    def poison(part: Split) -> Split:
        """Let everybody be asked for other titles than they went on to."""
        truth = part.truth
        others = [np.setdiff1d(np.arange(120), part.query.history(user).item_idx) for user in truth.user_idx]
        items = [other[: truth.n_relevant[row]].astype(np.int32) for row, other in enumerate(others)]
        return replace(part, held_out=part.train, truth=replace(truth, item_idx=np.concatenate(items)))

    plain = tune()
    honest = PROTOCOLS[protocol]
    whole = len(tiny.interactions)

    def split(events: Interactions, seed: int) -> tuple[Split, ...]:
        parts = honest.split(events, seed)
        return tuple(map(poison, parts)) if len(events) == whole else parts

    monkeypatch.setattr(
        "movierec.evaluation.runner.find_protocols", lambda _: (replace(honest, split=split),)
    )
    changed = tune()
    assert len(plain) == len(few)
    assert [entry.points for entry in changed] == [entry.points for entry in plain]
