"""What the expressions count, beside the compiled kernels and beside a count pair by pair."""

from __future__ import annotations

from collections import defaultdict

import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_data import DAY, START, coarsen, tabulate

from movierec.ranking.store import list_events
from movierec.recall import expressions
from movierec.recall.base import liked
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import NextStep, Sequence
from movierec.schema import Interactions
from movierec.stages import SequenceConfig


@pytest.fixture(scope="module")
def duckdb():
    connection = ibis.duckdb.connect(threads=1)
    yield connection
    connection.disconnect()


def read(interactions: Interactions):
    return ibis.memtable(list_events(interactions))


def as_matrix(rows: pl.DataFrame, n_items: int) -> np.ndarray:
    matrix = np.zeros((n_items, n_items))
    matrix[rows["source"].to_numpy(), rows["target"].to_numpy()] = rows["weight"].to_numpy()
    return matrix


@pytest.mark.parametrize("seconds", [1, 30 * DAY])
@pytest.mark.parametrize(
    ("source", "config"),
    [
        (Sequence, SequenceConfig()),
        (NextStep, SequenceConfig(window=3, backward=0.0)),
        (Sequence, SequenceConfig(window=7, damping=0.5)),
        (Sequence, SequenceConfig(window=7, neighbours=9)),
    ],
)
def test_covisits_are_those_of_the_kernel(duckdb, toy_events, toy_films, source, config, seconds) -> None:
    events = coarsen(toy_events, seconds)
    pairs = expressions.covisits(read(events), config.window, config.backward)
    seen = expressions.popularity(read(events), START, 30.0)
    found = duckdb.to_polars(expressions.strongest(pairs, config.neighbours, seen, config.damping))
    kept = source(config).fit(events, toy_films).neighbours_
    assert np.bincount(found["source"].to_numpy(), minlength=events.n_items).tolist() == (
        np.diff(kept.indptr).tolist()
    )
    # Which of two equal neighbours is kept may hang on the last bit of a sum in single precision.
    own = [np.sort(kept.data[start:stop]) for start, stop in zip(kept.indptr, kept.indptr[1:], strict=False)]
    strengths = found.sort("source", "weight")["weight"].to_numpy()
    np.testing.assert_allclose(strengths, np.concatenate(own), rtol=1e-5)
    if config.neighbours >= events.n_items:
        np.testing.assert_array_equal(found["target"].to_numpy(), kept.indices)
        np.testing.assert_allclose(found["weight"].to_numpy(), kept.data, rtol=1e-5)


timelines = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 11), st.integers(0, 6)),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=40)
@given(timelines, st.integers(1, 5), st.sampled_from([0.0, 0.5, 1.0]))
def test_covisits_are_what_a_count_pair_by_pair_finds(rows, window, backward) -> None:
    events = tabulate([(user, item, 4.0, START + when) for user, item, when in rows], 4, 12)
    weights: dict[tuple[int, int], list[float]] = defaultdict(list)
    for user in range(4):
        history = events.history(user)
        moments = history.timestamp.tolist()
        place = [np.mean([i for i, other in enumerate(moments) if other == when]) for when in moments]
        for one in range(len(moments)):
            for other in range(len(moments)):
                if one == other:
                    continue
                tied = moments[one] == moments[other]
                distance = (moments.count(moments[one]) + 1) / 3 if tied else abs(place[one] - place[other])
                share = 0.5 * (1 + backward) if tied else 1.0 if place[one] < place[other] else backward
                if distance <= window and share:
                    pair = int(history.item_idx[one]), int(history.item_idx[other])
                    weights[pair].append(share / distance)
    connection = ibis.duckdb.connect(threads=1)
    found = connection.to_polars(
        expressions.covisits(read(events), window, backward).order_by(["source", "target"])
    )
    connection.disconnect()
    assert found.select("source", "target", "pairs").rows() == [
        (*pair, len(weights[pair])) for pair in sorted(weights)
    ]
    np.testing.assert_allclose(
        found["weight"].to_numpy(), [sum(weights[pair]) for pair in sorted(weights)], rtol=1e-12
    )


def test_equal_neighbours_are_cut_from_the_larger_index(duckdb) -> None:
    events = tabulate([(0, item, 4.0, START) for item in range(5)])
    pairs = expressions.covisits(read(events), 10, 0.5)
    found = duckdb.to_polars(
        expressions.strongest(pairs, 2, expressions.popularity(read(events), START, 1.0), 0.0)
    )
    assert found.filter(pl.col("source") == 1)["target"].to_list() == [0, 2]
    assert found.filter(pl.col("source") == 4)["target"].to_list() == [0, 1]


def test_popularity_is_that_of_the_source(duckdb, toy_events, toy_films) -> None:
    now = int(toy_events.timestamp.max())
    rows = duckdb.to_polars(expressions.popularity(read(toy_events), now, 30.0))
    decayed, plain = np.zeros(toy_events.n_items), np.zeros(toy_events.n_items)
    decayed[rows["item_idx"].to_numpy()] = rows["decayed"].to_numpy()
    plain[rows["item_idx"].to_numpy()] = rows["plain"].to_numpy()
    expected = Popularity().fit(toy_events, toy_films)
    np.testing.assert_allclose(Popularity().adopt(decayed, plain).score_, expected.score_, rtol=1e-6)
    counts = np.bincount(toy_events.item_idx, minlength=toy_events.n_items)
    assert rows["events"].to_list() == counts[counts > 0].tolist()


def test_liked_pairs_are_those_recall_takes(duckdb) -> None:
    events = tabulate([(0, item, stars, START + item) for item, stars in enumerate([4.0, 3.5, 5.0, 0.5])])
    unrated = Interactions(
        events.user_idx,
        events.item_idx + 4,
        np.full(4, np.nan, np.float32),
        np.array([0.0, 0.5, 3.0, 0.0], np.float32),
        events.timestamp,
        1,
        8,
    )
    for rows in (events, unrated):
        found = duckdb.to_polars(expressions.liked_pairs(read(rows)).order_by("item_idx"))
        assert found["item_idx"].to_list() == rows.item_idx[liked(rows.rating, rows.confidence)].tolist()
