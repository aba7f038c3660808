"""A request in process: its stages, and its parts beside the libraries' way of doing the same.

What is told is the processor's time of this thread, and every part alternates with its reference: a busy
machine spoils times, but hardly their ratios.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import orjson

from movierec.recall.als import Als
from movierec.recall.base import RecallSource, select
from movierec.schema import Aim, History
from movierec.service import Query, RecommenderService

USERS, WARM, ROUNDS, K = 300, 10, 60, 20

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Row:
    """A line of a table: CPU milliseconds, median and 99th percentile, and how they compare."""

    name: str
    median: float
    p99: float
    note: str


def measure(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, np.ndarray]:
    """Return CPU milliseconds of every call, taken in turns, so that noise meets all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.thread_time()
            call()
            times[name].append((time.thread_time() - started) * 1e3)
    return {name: np.array(values) for name, values in times.items()}


def compare(title: str, calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> list[Row]:
    """Return one row per call; the first is ours, the others say how many times its median they take."""
    times = measure(calls, rounds)
    own = float(np.median(next(iter(times.values()))))
    return [
        Row(
            f"{title}: {name}",
            float(np.median(taken)),
            float(np.percentile(taken, 99)),
            "" if place == 0 else f"{np.median(taken) / own:.1f} times",
        )
        for place, (name, taken) in enumerate(times.items())
    ]


def time_requests(service: RecommenderService) -> list[Row]:
    """Return the whole path in process, then its stages; reasons are what is left."""
    users = np.random.default_rng(0).choice(len(service.user_id), min(USERS, len(service.user_id)), False)
    engine, fusion = service.engine, service.engine.fusion
    spent: dict[str, list[float]] = {}

    def clock(name: str, call: Callable[[], Answer]) -> Answer:
        started = time.thread_time()
        answer = call()
        spent.setdefault(name, []).append((time.thread_time() - started) * 1e3)
        return answer

    for user in [*users[:WARM], *users]:
        history = service.trained_history(int(user))
        clock("whole request, with reasons", partial(service.recommend, history, Query(k=K)))
        history = replace(history)  # sources remember the last one, and what they made of it
        scores = clock("stage recall", partial(fusion.score, history))
        merged = clock("stage merge", partial(fusion.merge, history, scores))
        build = partial(engine.builder.build, history, merged.item_idx, scores, merged.score)
        features = clock("stage features", build)
        if engine.ranker is not None:
            clock("stage ranker", partial(engine.ranker.score, features))
    times = {name: np.array(own[WARM:]) for name, own in spent.items()}
    whole = times["whole request, with reasons"]
    stages = [own for name, own in times.items() if name.startswith("stage")]
    times["stage order, reasons and the rest"] = whole - np.sum(stages, axis=0)
    return [
        Row(
            name,
            float(np.median(own)),
            float(np.percentile(own, 99)),
            f"{np.median(own) / np.median(whole):.0%}",
        )
        for name, own in times.items()
    ]


def compare_histories(service: RecommenderService) -> list[Row]:
    """Return what the longest history costs beside the median one, and a list with contributions."""
    events = np.diff(service.interactions.offsets)
    by_length = np.argsort(events, kind="stable")
    users = {"median": int(by_length[len(by_length) // 2]), "longest": int(by_length[-1])}
    asked = {
        f"{name}, {events[user]:,} events": service.trained_history(user) for name, user in users.items()
    }
    score, query = service.engine.fusion.score, Query(k=K)
    longest = asked[list(asked)[-1]]
    return [
        *compare("recall of a history", {name: partial(score, own) for name, own in asked.items()}),
        *_find_dearest(service, longest),
        *compare("request", {name: partial(service.recommend, own, query) for name, own in asked.items()}),
        *compare(
            "with contributions",
            {name: partial(service.trace, own, query) for name, own in asked.items()},
            rounds=15,
        ),
    ]


def _find_dearest(service: RecommenderService, history: History, shown: int = 5) -> list[Row]:
    """Return the sources that a history costs most."""

    def ask(source: RecallSource) -> object:
        return source.score(replace(history))  # an object of its own: sources remember the last one

    sources = service.engine.sources
    times = measure({name: partial(ask, source) for name, source in sources.items()}, rounds=30)
    dearest = sorted(times.items(), key=lambda own: -float(np.median(own[1])))[:shown]
    return [
        Row(f"of the longest: {name}", float(np.median(taken)), float(np.percentile(taken, 99)), "")
        for name, taken in dearest
    ]


def compare_parts(service: RecommenderService) -> list[Row]:
    """Return our parts of a request beside the libraries' way of doing the same."""
    import duckdb
    import polars as pl
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse

    engine, ranker = service.engine, service.engine.ranker
    events = np.diff(service.interactions.offsets)
    history = service.trained_history(int(np.argsort(events)[len(events) // 2]))
    ranked = engine.rank(history, K)
    features, rows = ranked.features, []
    if ranker is not None and features is not None and ranker.forest is not None:
        forest, share = ranker.forest, ranker.shares()
        rows += compare(
            f"{len(forest.node_offset) - 1:,} trees, {len(features)} rows",
            {
                "bit-vector kernel": lambda: forest.score(features, share),
                "scikit-learn": lambda: ranker._score_by_library(features, Aim.BALANCED),
            },
            rounds=20,
        )
    als = engine.sources["als"]
    assert isinstance(als, Als)  # noqa: S101  # narrows the type only
    config = als.config
    theirs = AlternatingLeastSquares(
        config.factors, config.regularization, config.alpha, num_threads=1, iterations=1
    )
    theirs.item_factors = np.array(als.item_factors_)
    theirs.user_factors = np.zeros((1, config.factors), np.float32)
    liked = history.item_idx[history.rating >= config.min_rating]
    one = sparse.csr_matrix(
        (np.full(len(liked), config.alpha, np.float32), (np.zeros(len(liked), np.int32), liked)),
        shape=(1, engine.n_items),
    )
    rows += compare(
        "ALS, fold-in and top 300",
        {
            "ours": lambda: select(als.score(history), history, 300),
            "implicit": lambda: theirs.recommend(0, one, N=300, recalculate_user=True),
        },
    )
    candidates = ranked.merged.item_idx
    connection = duckdb.connect()
    connection.execute("SET threads TO 1")
    table = pl.DataFrame(np.array(engine.builder.item_columns), schema=[f"c{n}" for n in range(7)])
    connection.register("frame", table.with_row_index("item").to_arrow())
    connection.execute("CREATE TABLE items AS SELECT * FROM frame")
    wanted = pl.DataFrame({"item": candidates}).to_arrow()

    def query() -> object:
        connection.register("wanted", wanted)
        return connection.execute("SELECT items.* FROM wanted JOIN items USING (item)").fetchnumpy()

    rows += compare(
        "facts of the candidates",
        {"array": lambda: engine.builder.item_columns[candidates], "DuckDB": query},
    )
    made = service.recommend(history, Query(k=50))
    body = {"items": [{"title": service.catalog.title[i.item_idx], "score": i.score} for i in made.items]}
    return rows + compare(
        "50 films as JSON",
        {"orjson": lambda: orjson.dumps(body), "stdlib": lambda: json.dumps(body).encode()},
    )
