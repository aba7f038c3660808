"""The recall sources of a build, in their locked order."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from threadpoolctl import threadpool_limits

from movierec.recall.als import Als, AlsSeen
from movierec.recall.base import RecallSource
from movierec.recall.genre import Genre
from movierec.recall.item_item import CoSeen, ItemItem
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import Lift, NextStep, Sequence
from movierec.recall.sitting import Sitting
from movierec.recall.transition import Transition
from movierec.schema import Catalog, Interactions
from movierec.stages import RecallConfig

THREADS: Final = min(2, os.cpu_count() or 1)
"""Sources fitted at a time: each may take a gigabyte of a large data set."""

SOURCE_NAMES: Final = (
    "popularity",
    "item_item",
    "co_seen",
    "als",
    "als_seen",
    "sequence",
    "next_step",
    "lift",
    "transition",
    "sitting",
    "genre",
)


_BY_COST: Final = (
    *("als", "co_seen", "item_item", "als_seen", "lift", "transition"),
    *("sequence", "sitting", "next_step", "popularity", "genre"),
)
"""The costliest first, so that no thread ends up alone with one of them."""


def make_sources(config: RecallConfig) -> dict[str, RecallSource]:
    """Return unfitted sources by name, in the order of ``SOURCE_NAMES``."""
    sources: tuple[RecallSource, ...] = (
        Popularity(config.popularity),
        ItemItem(config.item_item),
        CoSeen(config.co_seen),
        Als(config.als),
        AlsSeen(config.als_seen),
        Sequence(config.sequence),
        NextStep(config.next_step),
        Lift(config.lift),
        Transition(config.transition),
        Sitting(config.sitting),
        Genre(config.genre),
    )
    return {source.name: source for source in sources}


def fit_sources(
    config: RecallConfig,
    interactions: Interactions,
    catalog: Catalog,
    names: Collection[str] = SOURCE_NAMES,
) -> Mapping[str, RecallSource]:
    """Return the named sources, all unless told otherwise, fitted on the same rows, two at a time.

    Each source is fitted by one thread, so that the result does not depend on how many there are.
    """
    sources = {name: source for name, source in make_sources(config).items() if name in names}
    # Around all of them: a limit that one thread lifts while another is at work would not be one.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        fits = [pool.submit(sources[name].fit, interactions, catalog) for name in _BY_COST if name in names]
        try:
            for fit in fits:
                fit.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sources
