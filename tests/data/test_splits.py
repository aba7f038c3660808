from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.config import Settings
from movierec.data import splits
from movierec.data.confidence import from_ratings
from movierec.data.dataset import load_dataset
from movierec.data.splits import Split
from movierec.errors import ConfigError
from movierec.schema import Interactions

N_USERS, N_ITEMS = 6, 9
SPLITTERS: tuple[Callable[[Interactions], Split], ...] = (
    splits.leave_one_out,
    splits.user_timeline,
    splits.global_timeline,
    splits.random_per_user,
    splits.strong_generalisation,
)


def build(
    rows: list[tuple[int, int, float, int]], n_users: int = N_USERS, n_items: int = N_ITEMS
) -> Interactions:
    columns = np.array(rows, np.float64).reshape(-1, 4)
    rating = columns[:, 2].astype(np.float32)
    return Interactions(
        columns[:, 0].astype(np.int32),
        columns[:, 1].astype(np.int32),
        rating,
        from_ratings(rating),
        columns[:, 3].astype(np.int64),
        n_users,
        n_items,
    )


@st.composite
def tables(draw: st.DrawFn, distinct_times: bool = False) -> Interactions:
    pairs = draw(
        st.lists(
            st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1)), unique=True, max_size=45
        )
    )
    size = len(pairs)
    ratings = draw(st.lists(st.sampled_from([0.5, 2.5, 3.0, 4.0, 5.0]), min_size=size, max_size=size))
    times = draw(st.lists(st.integers(0, 200), min_size=size, max_size=size, unique=distinct_times))
    rows = [(*pair, rating, time) for pair, rating, time in zip(pairs, ratings, times, strict=True)]
    return build(sorted(rows, key=lambda row: (row[0], row[3])))


def list_rows(interactions: Interactions) -> list[tuple[float, ...]]:
    columns = (
        interactions.user_idx,
        interactions.item_idx,
        interactions.rating,
        interactions.confidence,
        interactions.timestamp,
    )
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def permute(interactions: Interactions, seed: int) -> Interactions:
    order = np.random.default_rng(seed).permutation(len(interactions))
    return replace(
        interactions,
        user_idx=interactions.user_idx[order],
        item_idx=interactions.item_idx[order],
        rating=interactions.rating[order],
        confidence=interactions.confidence[order],
        timestamp=interactions.timestamp[order],
    )


def same(first: Split, second: Split) -> bool:
    parts = ("train", "query", "held_out")
    return all(list_rows(getattr(first, part)) == list_rows(getattr(second, part)) for part in parts) and all(
        np.array_equal(getattr(getattr(first, truth), name), getattr(getattr(second, truth), name))
        for truth in ("truth", "cold")
        for name in ("user_idx", "offsets", "item_idx")
    )


def test_leave_one_out_by_hand() -> None:
    events = build(
        [
            (0, 1, 5.0, 10),
            (0, 2, 1.0, 20),
            (0, 3, 3.0, 30),
            (1, 1, 5.0, 10),
            (1, 4, 2.5, 20),  # 2.5 says nothing: held out, not scored
            (2, 5, 5.0, 10),  # a single event stays in train
        ]
    )
    split = splits.leave_one_out(events)
    assert split.truth.user_idx.tolist() == [0]
    assert split.truth.items(0).tolist() == [3]
    assert split.history(0).item_idx.tolist() == [1, 2]
    assert split.history(2).item_idx.tolist() == [5]
    assert split.held_out.item_idx.tolist() == [3, 4]
    assert len(split.cold) == 0


def test_tied_last_events_keep_the_order_of_the_input() -> None:
    split = splits.leave_one_out(build([(0, 7, 5.0, 10), (0, 8, 5.0, 20), (0, 2, 5.0, 20)]))
    assert split.truth.items(0).tolist() == [2]


def test_unrated_events_are_relevant_with_confidence() -> None:
    events = build([(0, 1, 5.0, 1), (0, 2, np.nan, 2), (1, 1, 5.0, 1), (1, 3, np.nan, 2)])
    events = replace(events, confidence=np.array([2.5, 1.0, 2.5, 0.0], np.float32))
    for split in (splits.leave_one_out(events), splits.user_timeline(events, share=0.5)):
        assert split.truth.user_idx.tolist() == [0]
        assert split.truth.items(0).tolist() == [2]


@pytest.mark.parametrize(("n", "held"), [(2, 1), (5, 1), (6, 2), (15, 3), (16, 4)])
def test_user_timeline_holds_out_the_last_fifth_rounded_up(n: int, held: int) -> None:
    events = build([(0, item, 5.0, item) for item in range(n)], n_items=n)
    split = splits.user_timeline(events)
    assert split.held_out.item_idx.tolist() == list(range(n - held, n))
    assert split.truth.items(0).tolist() == list(range(n - held, n))


def test_global_timeline_tells_cold_users_apart_and_never_asks_for_seen_items() -> None:
    events = build(
        [
            (0, 1, 5.0, 10),
            (0, 2, 5.0, 100),
            (0, 1, 5.0, 110),  # seen again after the cut: nothing to find
            (1, 3, 5.0, 20),
            (1, 4, 3.5, 120),  # below four stars
            (2, 5, 5.0, 130),  # begins after the cut
            (3, 6, 5.0, 30),
        ]
    )
    split = splits.global_timeline(events, quantile=3 / 7)
    assert split.train.timestamp.max() == 30
    assert split.truth.user_idx.tolist() == [0]
    assert split.truth.items(0).tolist() == [2]
    assert split.cold.user_idx.tolist() == [2]
    assert split.cold.items(0).tolist() == [5]
    assert len(split.history(2)) == 0


def test_random_per_user_holds_out_a_quarter_and_depends_on_the_seed() -> None:
    events = build([(user, item, 1.0, item) for user in range(3) for item in range(20)], 3, 20)
    split = splits.random_per_user(events, seed=1)
    assert np.bincount(split.held_out.user_idx).tolist() == [5, 5, 5]
    assert split.truth.n_relevant.tolist() == [5, 5, 5]
    assert not same(split, splits.random_per_user(events, seed=2))
    assert len(splits.random_per_user(events, min_rating=4.0).truth) == 0


def test_strong_generalisation_keeps_held_out_users_out_of_train() -> None:
    events = build(
        [(user, (user + item) % 12, 5.0, item) for user in range(20) for item in range(10)], 20, 12
    )
    split = splits.strong_generalisation(events, user_share=0.25)
    assert len(split.truth) == 5
    assert not np.isin(split.truth.user_idx, split.train.user_idx).any()
    assert split.truth.n_relevant.tolist() == [2] * 5
    assert all(len(split.history(int(user))) == 8 for user in split.truth.user_idx)


@given(tables())
def test_every_event_is_on_exactly_one_side(events: Interactions) -> None:
    for splitter in SPLITTERS[:4]:
        split = splitter(events)
        assert sorted(list_rows(split.train) + list_rows(split.held_out)) == list_rows(events)
    split = splits.strong_generalisation(events, min_events=2, min_rating=3.0)
    positive = events.take(events.rating >= 3.0)
    enough = positive.take((np.diff(positive.offsets) >= 2)[positive.user_idx])
    parts = list_rows(split.train) + list_rows(split.query) + list_rows(split.held_out)
    assert sorted(parts) == list_rows(enough)


@given(tables())
def test_no_train_event_lies_after_its_cut(events: Interactions) -> None:
    for splitter in (splits.leave_one_out, splits.user_timeline):
        split = splitter(events)
        for user in range(N_USERS):
            before, after = split.train.history(user).timestamp, split.held_out.history(user).timestamp
            assert not len(after) or before.max() <= after.min()
    split = splits.global_timeline(events)
    assert not len(split.held_out) or split.train.timestamp.max() < split.held_out.timestamp.min()


@given(tables())
def test_truth_is_held_out_unseen_and_grouped(events: Interactions) -> None:
    for splitter in SPLITTERS:
        split = splitter(events)
        held_out = set(zip(split.held_out.user_idx.tolist(), split.held_out.item_idx.tolist(), strict=True))
        for truth, is_cold in ((split.truth, False), (split.cold, True)):
            assert (np.diff(truth.user_idx) > 0).all()
            assert (truth.n_relevant >= 1).all()
            for position, user in enumerate(truth.user_idx.tolist()):
                items = truth.items(position).tolist()
                assert {(user, item) for item in items} <= held_out
                assert not set(items) & set(split.history(user).item_idx.tolist())
                assert (len(split.history(user)) == 0) == is_cold


@given(tables(distinct_times=True), st.integers(0, 1000))
def test_row_order_changes_nothing_where_times_differ(events: Interactions, seed: int) -> None:
    for splitter in SPLITTERS:
        assert same(splitter(events), splitter(permute(events, seed)))


@given(tables())
def test_equal_input_gives_equal_splits(events: Interactions) -> None:
    for splitter in SPLITTERS:
        assert same(splitter(events), splitter(events))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_shares_outside_0_and_1_are_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="share must lie between 0 and 1"):
        splits.user_timeline(build([(0, 1, 5.0, 1)]), share=share)


@pytest.mark.realdata
@pytest.mark.skipif(
    not os.environ.get("MOVIEREC_DATASETS"), reason="MOVIEREC_DATASETS names no folder with MovieLens data"
)
@pytest.mark.parametrize(
    ("name", "leave_one_out", "user_timeline", "pooled"),
    [("ml-100k", 727, 907, 433), ("ml-latest-small", 516, 592, 96)],
)
def test_users_scored_on_movielens(
    tmp_path: Path, name: str, leave_one_out: int, user_timeline: int, pooled: int
) -> None:
    settings = Settings(home=tmp_path, datasets=Path(os.environ["MOVIEREC_DATASETS"]))
    interactions = load_dataset(name, settings).interactions
    assert len(splits.leave_one_out(interactions).truth) == leave_one_out
    assert len(splits.user_timeline(interactions).truth) == user_timeline
    cuts = (splits.global_timeline(interactions, quantile) for quantile in (0.6, 0.7, 0.8, 0.9))
    assert sum(len(split.truth) for split in cuts) == pooled


def test_rated_only_ranks_what_the_user_rated_both_ways() -> None:
    # User 0 holds out a liked and a disliked item, user 1 only liked ones, user 2 only a disliked one.
    rows = [(0, item, 5.0, item) for item in range(3)] + [(0, 7, 4.0, 8), (0, 8, 2.0, 9)]
    rows += [(1, item, 5.0, item) for item in range(5)]
    rows += [(2, item, 5.0, item) for item in range(2)] + [(2, 3, 1.0, 8), (2, 4, 1.0, 9)]
    events = build(rows)
    split, whole = splits.rated_only(events, 0.4), splits.user_timeline(events, 0.4)
    assert split.name == "rated-only"
    assert split.truth.user_idx.tolist() == [0]
    assert split.truth.items(0).tolist() == [7]
    assert split.pool is not None
    assert split.pool.user_idx.tolist() == [0]
    assert split.pool.items(0).tolist() == [7, 8]
    assert list_rows(split.train) == list_rows(whole.train)
    assert len(split.cold) == 0


@given(tables())
def test_pools_hold_the_truth_and_something_else(events: Interactions) -> None:
    split = splits.rated_only(events)
    assert split.pool is not None
    np.testing.assert_array_equal(split.pool.user_idx, split.truth.user_idx)
    for row, user in enumerate(split.truth.user_idx):
        pool, truth = set(split.pool.items(row).tolist()), set(split.truth.items(row).tolist())
        assert truth < pool
        assert pool <= set(split.held_out.history(int(user)).item_idx.tolist())
        assert not pool & set(split.history(int(user)).item_idx.tolist())


def test_untied_users_have_a_last_event_of_its_own_second() -> None:
    rows = [(0, 0, 5.0, 1), (0, 1, 5.0, 2), (1, 0, 5.0, 1), (1, 1, 5.0, 1), (2, 0, 5.0, 3), (2, 2, 5.0, 9)]
    split = splits.leave_one_out(build(rows))
    assert split.truth.user_idx.tolist() == [0, 1, 2]
    assert splits.find_untied(split).tolist() == [True, False, True]


@given(tables(), st.sampled_from([0.6, 0.8]))
def test_nothing_after_a_global_cut_is_known(events: Interactions, quantile: float) -> None:
    split = splits.global_timeline(events, quantile)
    if len(split.train) and len(split.held_out):
        assert split.train.timestamp.max() < split.held_out.timestamp.min()
    known = set(split.train.user_idx.tolist())
    assert set(split.truth.user_idx.tolist()) <= known
    assert not set(split.cold.user_idx.tolist()) & known


@given(tables(), st.integers(0, 4), st.integers(0, 3))
def test_a_sample_keeps_whole_users_and_train(events: Interactions, most: int, seed: int) -> None:
    for split in (splits.rated_only(events), splits.global_timeline(events, 0.6)):
        small = split.sample(most, seed)
        assert len(small.truth) == min(most, len(split.truth))
        assert len(small.cold) == min(most, len(split.cold))
        assert small.train is split.train
        position = {int(user): row for row, user in enumerate(split.truth.user_idx)}
        for row, user in enumerate(small.truth.user_idx):
            np.testing.assert_array_equal(small.truth.items(row), split.truth.items(position[int(user)]))
        if small.pool is not None:
            np.testing.assert_array_equal(small.pool.user_idx, small.truth.user_idx)
    assert split.sample(None, seed) is split
