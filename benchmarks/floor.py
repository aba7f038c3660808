"""The floor of a request: what must be read and worked out at least, whoever writes the program."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from movierec.recall.als import Als
from movierec.recall.genre import Genre
from movierec.recall.neighbours import Neighbours, NeighbourSource
from movierec.schema import History, IntArray
from movierec.service import RecommenderService

_PAIR = 8
"""Bytes of an entry of a neighbour list: item and weight."""


@dataclass(frozen=True)
class Work:
    """What a stage must do.

    Attributes
    ----------
    stage : name
    megabytes : read at least once
    operations : additions, multiplications and comparisons, in millions
    """

    stage: str
    megabytes: float
    operations: float


def count_work(service: RecommenderService, history: History) -> list[Work]:
    """Count the work of a list for one history, as the bundle has it."""
    engine = service.engine
    n_items, items = engine.n_items, history.item_idx
    ranked = engine.rank(history, 20)
    n = len(ranked.merged)
    recall_bytes = recall_steps = 0
    for source in engine.sources.values():
        if isinstance(source, NeighbourSource):
            entries = _count_entries(source.neighbours_, items[source.weights(history) != 0.0])
            recall_bytes, recall_steps = recall_bytes + _PAIR * entries, recall_steps + 2 * entries
        elif isinstance(source, Als):
            size = source.item_factors_.size
            recall_bytes, recall_steps = recall_bytes + 4 * size, recall_steps + 2 * size
        elif isinstance(source, Genre):
            # An item has two genres or so; what it has not need not be read.
            size = int(np.count_nonzero(source.item_genres_))
            recall_bytes, recall_steps = recall_bytes + _PAIR * size, recall_steps + 2 * size
    merge_bytes = len(engine.sources) * n_items * 4
    views = engine.builder.views
    lists = (
        views.item_item.neighbours_,
        views.co_seen.neighbours_,
        views.sequence.neighbours_,
        views.lift,
        views.next_step,
    )
    seen = sum(_count_entries(own, items) for own in lists)
    width = engine.builder.factors.shape[1]
    feature_bytes = _PAIR * seen + n * (4 * width + engine.builder.facts.table.shape[1] * 4)
    feature_steps = 2 * seen + 2 * n * width * 14
    work = [
        Work("recall", recall_bytes / 1e6, recall_steps / 1e6),
        Work("merge", merge_bytes / 1e6, len(engine.sources) * n_items / 1e6),
        Work("features", feature_bytes / 1e6, feature_steps / 1e6),
    ]
    forest = engine.ranker.forest if engine.ranker is not None else None
    if forest is not None:
        # A row looks at as many splits of a tree as it takes steps down.
        splits, trees = len(forest.feature), len(forest.node_offset) - 1
        depth = np.log2(max(splits / max(trees, 1), 1.0) + 1.0)
        work.append(Work("ranker", (splits * 8 + len(forest.leaf) * 8) / 1e6, n * trees * (depth + 1) / 1e6))
    return work


def _count_entries(lists: Neighbours, items: IntArray) -> int:
    return int((lists.indptr[items + 1] - lists.indptr[items]).sum())


def measure_machine() -> tuple[float, float]:
    """Return gigabytes a thread reads in a second and billions of multiply-adds it does in one."""
    block = np.ones(8_000_000, np.float32)
    small, weight = np.ones(4096, np.float32), np.ones(4096, np.float32)
    read = add = 0.0
    for _ in range(5):
        started = time.thread_time()
        block.max()
        read = max(read, block.nbytes / (time.thread_time() - started))
        started = time.thread_time()
        for _ in range(500):
            small @ weight
        add = max(add, 2 * 500 * len(small) / (time.thread_time() - started))
    return read / 1e9, add / 1e9


def render_floor(service: RecommenderService) -> list[str]:
    """Return the table for the viewer in the middle, as lines of Markdown."""
    events = np.diff(service.interactions.offsets)
    user = int(np.argsort(events, kind="stable")[len(events) // 2])
    work = count_work(service, service.trained_history(user))
    read, add = measure_machine()
    lines = [
        "",
        "## The floor",
        "",
        f"Counted for the viewer in the middle ({events[user]} events). Here a thread reads {read:.1f} GB/s",
        f"and does {add:.1f} billion additions and multiplications a second, both at best; a program that",
        "does nothing else and never waits would take the larger of the two times.",
        "",
        "| stage | MB read | million operations | ms at least |",
        "|---|---|---|---|",
    ]
    total = 0.0
    for one in work:
        least = max(one.megabytes / read, one.operations / add)
        total += least
        lines.append(f"| {one.stage} | {one.megabytes:.2f} | {one.operations:.2f} | {least:.3f} |")
    megabytes, operations = sum(one.megabytes for one in work), sum(one.operations for one in work)
    return [*lines, f"| together | {megabytes:.2f} | {operations:.2f} | {total:.3f} |"]
