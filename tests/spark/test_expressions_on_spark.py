"""The same expressions on DuckDB and on Spark, and beside what the embedded build counts with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest
from toy_data import DAY, START, coarsen, make_catalog, tabulate

from movierec.data.sample import AudienceConfig, read_films, simulate
from movierec.ranking.store import TABLES, FeatureStore, list_events
from movierec.recall import expressions
from movierec.schema import Catalog, Interactions

Run = Callable[[Callable, Interactions], pl.DataFrame]
World = tuple[Interactions, Catalog]


def make_tricky() -> World:
    """Ties, one lone event, a viewer without confidence, unrated events, gaps among users and items."""
    rows = [
        *((0, item, 0.5 + item % 10 / 2, START + item // 3 * DAY) for item in range(30)),
        (2, 5, 4.0, START - 400 * DAY),
        *((3, item, 1.0, START + DAY) for item in (1, 7, 8)),
        *((4, item, 5.0, START + item) for item in (7, 5, 31, 12)),
        *((6, item, float("nan"), START + item % 2) for item in range(20, 27)),
    ]
    events = tabulate(rows, n_users=8, n_items=34)
    genres = [["Drama", "Comedy"][: index % 3] or ["Film-Noir"] for index in range(33)] + [[]]
    confidence = np.where(np.isnan(events.rating), 0.1 * (1 + events.item_idx % 4), events.confidence)
    return (
        Interactions(
            events.user_idx,
            events.item_idx,
            events.rating,
            confidence.astype(np.float32),
            events.timestamp,
            8,
            34,
        ),
        make_catalog(34, genres),
    )


def make_unrated() -> World:
    events, films = make_tricky()
    none = np.full(len(events), np.nan, np.float32)
    return Interactions(
        events.user_idx, events.item_idx, none, events.confidence, events.timestamp, 8, 34
    ), films


def make_sample() -> World:
    films = read_films()
    config = AudienceConfig(seed=4, n_viewers=60, n_ratings=1_500, n_years=2, min_ratings=5)
    return coarsen(simulate(films, config), 600), films


WORLDS = {"tricky": make_tricky, "unrated": make_unrated, "sample": make_sample}


@pytest.fixture(scope="module", params=WORLDS)
def world(request) -> World:
    return WORLDS[request.param]()


@pytest.fixture(scope="module")
def spark_events(session, world) -> Iterator:
    import ibis

    from movierec.spark.tables import share

    connection = ibis.pyspark.connect(session)
    with share(session, connection, list_events(world[0]), "user_idx") as table:
        yield connection, table


def run_on_duckdb(express: Callable, events: Interactions) -> pl.DataFrame:
    import ibis

    connection = ibis.duckdb.connect(threads=1)
    return connection.to_polars(express(ibis.memtable(list_events(events))))


def assert_alike(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Keys, whole numbers, text, nulls and types are equal, fractions to 1e-9."""
    assert found.schema == expected.schema
    assert found.height == expected.height > 0
    for name, dtype in expected.schema.items():
        one, other = found[name], expected[name]
        assert one.is_null().equals(other.is_null()), name
        if dtype.is_float():
            np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            assert one.to_list() == other.to_list(), name


@pytest.mark.parametrize("early", [False, True])
def test_feature_tables_are_those_of_duckdb(session, world, early: bool) -> None:
    from movierec.spark.backend import SparkCompute

    events, films = world
    as_of = int(np.quantile(events.timestamp, 0.6)) if early else int(events.timestamp.max())
    found = SparkCompute(session).aggregate(events, films, as_of, 20.0)
    expected = FeatureStore.compute(events, films, as_of, 20.0)
    assert set(found.tables) == set(TABLES)
    for name in TABLES:
        assert_alike(found.tables[name], expected.tables[name])
    np.testing.assert_allclose(
        found.item_matrix(len(films)), expected.item_matrix(len(films)), rtol=1e-6, equal_nan=True
    )


@pytest.mark.parametrize(
    "express",
    [
        pytest.param(lambda events: expressions.popularity(events, START + DAY, 30.0), id="popularity"),
        pytest.param(
            lambda events: expressions.liked_pairs(events).order_by(["user_idx", "item_idx"]), id="liked"
        ),
        pytest.param(
            lambda events: expressions.covisits(events, 20, 0.5).order_by(["source", "target"]),
            id="both-ways",
        ),
        pytest.param(
            lambda events: expressions.covisits(events, 2, 0.0).order_by(["source", "target"]), id="onwards"
        ),
        pytest.param(
            lambda events: expressions.strongest(
                expressions.covisits(events, 5, 0.5), 3, expressions.popularity(events, START, 30.0), 0.5
            ),
            id="cut",
        ),
    ],
)
def test_counts_of_recall_are_those_of_duckdb(world, spark_events, express) -> None:
    connection, table = spark_events
    assert_alike(connection.to_polars(express(table)), run_on_duckdb(express, world[0]))
