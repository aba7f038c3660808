"""Small data with known properties, shared by the tests of the core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from movierec.data.confidence import from_ratings
from movierec.data.sample import AudienceConfig, invent_films, simulate
from movierec.schema import Catalog, Dataset, DatasetInfo, History, Interactions
from movierec.stages import (
    AlsConfig,
    BuildConfig,
    ItemItemConfig,
    MergeConfig,
    RankerConfig,
    RecallConfig,
    TrainingConfig,
)

DAY = 86_400
START = 1_700_000_000

N_FILMS = 150
COLD = (3, 77, 149)
"""Films nobody of the toy audience has rated."""

SMALL_RECALL = RecallConfig(
    item_item=ItemItemConfig(regularization=20.0, neighbours=60),
    co_seen=ItemItemConfig(min_rating=0.5, regularization=40.0, neighbours=60),
    als=AlsConfig(factors=8, iterations=4),
    merge=MergeConfig(per_source=30, cap=60),
)
# Few rows: with weights, binning of many distinct values is what takes time.
SMALL_BUILD = BuildConfig(
    recall=SMALL_RECALL,
    training=TrainingConfig(
        shares=(0.8, 0.6),
        points=1,
        cuts=2,
        time_quantiles=(0.97,),
        max_queries=30,
        check_queries=20,
        hard_negatives=2,
        negative_rate=0.02,
        newcomers=0,
    ),
    ranker=RankerConfig(max_iter=15, return_max_iter=15, max_leaf_nodes=8, min_samples_leaf=5, seeds=(0, 1)),
)

# Enough watched rows for matches that differ, few enough others to fit in a moment.
QUICK_BUILD = SMALL_BUILD.model_copy(
    update={
        "training": SMALL_BUILD.training.model_copy(
            update={"max_queries": 200, "negative_rate": 0.01, "check_queries": 0}
        ),
        "ranker": SMALL_BUILD.ranker.model_copy(update={"seeds": (0,)}),
    }
)


def tabulate(
    events: Iterable[tuple[int, int, float, int]], n_users: int | None = None, n_items: int | None = None
) -> Interactions:
    """Return interactions from (user, item, stars, seconds), sorted as ingest sorts them."""
    rows = list(events)
    user = np.array([row[0] for row in rows], np.int32)
    item = np.array([row[1] for row in rows], np.int32)
    stars = np.array([row[2] for row in rows], np.float32)
    when = np.array([row[3] for row in rows], np.int64)
    order = np.lexsort((when, user))
    return Interactions(
        user[order],
        item[order],
        stars[order],
        from_ratings(stars[order]),
        when[order],
        n_users or int(user.max(initial=-1)) + 1,
        n_items or int(item.max(initial=-1)) + 1,
    )


def make_history(events: Sequence[tuple[int, float]], start: int = START, step: int = DAY) -> History:
    """Return a history of (item, stars), one event a step."""
    stars = np.array([event[1] for event in events], np.float32)
    return History(
        np.array([event[0] for event in events], np.int32),
        stars,
        from_ratings(stars),
        start + step * np.arange(len(events), dtype=np.int64),
    )


def make_catalog(n_items: int, genres: Sequence[Sequence[str]] | None = None) -> Catalog:
    """Return a catalogue of numbered films, all of one genre unless told otherwise."""
    return Catalog(
        item_id=tuple(f"m{index}" for index in range(n_items)),
        title=tuple(f"Film {index}" for index in range(n_items)),
        year=(1950 + np.arange(n_items) % 70).astype(np.int32),
        genres=tuple(tuple(names) for names in genres) if genres else (("Drama",),) * n_items,
        director=(None,) * n_items,
        keywords=((),) * n_items,
        imdb_id=(None,) * n_items,
        tmdb_id=(None,) * n_items,
    )


def wrap(interactions: Interactions, catalog: Catalog, name: str = "toy") -> Dataset:
    """Return a data set as ingest would."""
    info = DatasetInfo(
        name=name,
        content_hash="c" * 64,
        simulated=True,
        licence="none",
        citation="",
        n_users=interactions.n_users,
        n_items=len(catalog),
        n_interactions=len(interactions),
        n_quarantined=0,
        now=int(interactions.timestamp.max(initial=0)),
    )
    return Dataset(info, tuple(f"u{index}" for index in range(interactions.n_users)), catalog, interactions)


def simulate_toy() -> tuple[Catalog, Interactions]:
    """Return 150 invented films and 160 simulated viewers; nobody knows the ``COLD`` films."""
    films = invent_films(N_FILMS, seed=3)
    config = AudienceConfig(seed=5, n_viewers=160, n_ratings=5_000, n_years=2, n_archetypes=5, min_ratings=8)
    events = simulate(films, config)
    return films, events.take(~np.isin(events.item_idx, COLD))


def coarsen(interactions: Interactions, seconds: int) -> Interactions:
    """Round timestamps down, so that many events of a viewer tie."""
    return replace(interactions, timestamp=interactions.timestamp // seconds * seconds)


def shuffle_ties(interactions: Interactions, seed: int) -> Interactions:
    """Reorder rows at random within equal (user, timestamp)."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(interactions)), interactions.timestamp, interactions.user_idx))
    return replace(
        interactions,
        user_idx=interactions.user_idx[order],
        item_idx=interactions.item_idx[order],
        rating=interactions.rating[order],
        confidence=interactions.confidence[order],
        timestamp=interactions.timestamp[order],
    )


def without_history(interactions: Interactions, users: Iterable[int]) -> Interactions:
    """Return the rows of everybody else."""
    return interactions.take(~np.isin(interactions.user_idx, list(users)))
