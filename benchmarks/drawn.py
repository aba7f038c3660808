"""A bundle of MovieLens shape whose sources are drawn instead of learnt, to measure what serving costs.

Viewers, films and ratings are those of ``scripts/generate_ratings.py``. Neighbour lists and factors are drawn
with the lengths, the popularity and the spread that fitted ones have; what everybody did is counted as in a
build; the trees are fitted to drawn labels, so that they have the shape of a real forest. Equal configs give
equal bundles. Nothing is said about quality.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from movierec.artifacts.manifest import BuildFacts
from movierec.artifacts.writer import write_bundle
from movierec.bundles import write_contents
from movierec.data.confidence import from_ratings
from movierec.data.population import PopulationConfig, draw_population
from movierec.engine import Engine
from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder
from movierec.ranking.lean import Lean
from movierec.ranking.match import MatchModel
from movierec.ranking.queries import POINTS, TIME_CUT
from movierec.ranking.ranker import Ranker
from movierec.ranking.store import FeatureStore
from movierec.ranking.training import TrainingRows
from movierec.recall.neighbours import Neighbours
from movierec.recall.sources import SOURCE_NAMES, make_sources
from movierec.schema import Catalog, Dataset, DatasetInfo, Interactions
from movierec.stages import BuildConfig

Progress = Callable[[str], None]

_ROUNDS = (POINTS, TIME_CUT, 0)
_SHARE_BELOW_ZERO = 0.3
"""Of the weights of EASE and of transitions."""


@dataclass(frozen=True)
class DrawnConfig:
    """What is drawn: ``queries`` lists, a round each in turn, are what the trees are fitted to."""

    population: PopulationConfig
    build: BuildConfig = field(default_factory=BuildConfig)
    queries: int = 60
    seed: int = 1


def write_drawn_bundle(config: DrawnConfig, home: Path, tell: Progress = lambda _: None) -> None:
    """Publish the bundle in a home folder, as a build does."""
    dataset = draw_dataset(config.population)
    tell(f"{len(dataset.interactions):,} ratings are drawn")
    engine, store = draw_engine(dataset, config)
    tell("sources are drawn, what everybody did is counted")
    rows = draw_rows(engine, dataset.interactions, config)
    ranker = replace(Ranker.fit(rows, config.build.ranker), lean=Lean())
    tell(f"trees are fitted to {len(rows):,} rows")
    engine = replace(engine, ranker=ranker, match=MatchModel.fit(rows))
    facts = BuildFacts(
        dataset=dataset.info,
        fingerprint=f"drawn with seed {config.seed}",
        feature_names=FEATURE_NAMES,
        source_names=SOURCE_NAMES,
    )
    with write_bundle(home / "bundles", facts) as writer:
        write_contents(writer, engine, dataset, store, config.build)
    tell("the bundle is written")


def draw_dataset(population: PopulationConfig) -> Dataset:
    """Return the ratings of ``scripts/generate_ratings.py`` as a data set."""
    films, chunks = draw_population(population)
    parts = []
    for frame in chunks:
        user = frame["userId"].to_numpy().astype(np.int32) - 1
        when = frame["timestamp"].to_numpy()
        order = np.lexsort((when, user))
        item = frame["movieId"].to_numpy().astype(np.int32) - 1
        stars = frame["rating"].to_numpy().astype(np.float32)
        parts.append((user[order], item[order], stars[order], when[order]))
    user, item, stars, when = (np.concatenate(column) for column in zip(*parts, strict=True))
    sizes = population.n_users, population.n_items
    interactions = Interactions(user, item, stars, from_ratings(stars), when, *sizes)
    info = DatasetInfo(
        name=f"drawn-{len(user)}",
        content_hash="0" * 64,
        simulated=True,
        licence="none",
        citation="",
        n_users=population.n_users,
        n_items=population.n_items,
        n_interactions=len(user),
        n_quarantined=0,
        now=int(when.max()),
    )
    user_id = tuple(str(number + 1) for number in range(population.n_users))
    return Dataset(info, user_id, _read_films(films), interactions)


def _read_films(films: pl.DataFrame) -> Catalog:
    title = films["title"].to_list()
    count = len(title)
    return Catalog(
        item_id=tuple(str(number) for number in films["movieId"].to_list()),
        title=tuple(name[:-7] for name in title),
        year=np.array([int(name[-5:-1]) for name in title], np.int32),
        genres=tuple(tuple(names.split("|")) for names in films["genres"].to_list()),
        director=(None,) * count,
        keywords=((),) * count,
        imdb_id=(None,) * count,
        tmdb_id=(None,) * count,
    )


def draw_engine(dataset: Dataset, config: DrawnConfig) -> tuple[Engine, FeatureStore]:
    """Return an engine without a ranker, and the feature store that goes into a bundle with it."""
    rng = np.random.default_rng(config.seed)
    interactions, recall = dataset.interactions, config.build.recall
    count = np.bincount(interactions.item_idx, minlength=interactions.n_items)
    sources = make_sources(recall)
    for name in ("popularity", "genre"):
        sources[name].fit(interactions, dataset.catalog)
    for name, als in (("als", recall.als), ("als_seen", recall.als_seen)):
        sources[name].restore({"item_factors": _draw_factors(count, als.factors, rng)})
    for name, own in (
        ("item_item", recall.item_item),
        ("co_seen", recall.co_seen),
        ("transition", recall.transition),
    ):
        lists = _draw_lists(count, own.neighbours, own.max_items, 1.0, rng)
        signs = rng.random(len(lists.data)) < _SHARE_BELOW_ZERO
        sources[name].restore(replace(lists, data=np.where(signs, -lists.data, lists.data)).state())
    for name, near, window in (
        ("sequence", recall.sequence, recall.sequence.window),
        ("next_step", recall.next_step, recall.next_step.window),
        ("lift", recall.lift, recall.lift.window),
        ("sitting", recall.sitting, recall.sitting.window),
    ):
        sources[name].restore(_draw_lists(count, near.neighbours, len(count), window, rng).state())
    store = FeatureStore.compute(interactions, dataset.catalog, dataset.info.now)
    builder = FeatureBuilder.fit(sources, interactions, dataset.catalog, store)
    return Engine(sources, recall.merge, builder, None, MatchModel.fit(None)), store


def _draw_factors(count: NDArray[np.int64], factors: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return factors as long as the item is popular, around one direction that all share."""
    length = np.sqrt(count / max(count.max(), 1))
    drawn = rng.normal(0.5, 1.0, (1, factors)) + rng.normal(0.0, 1.0, (len(count), factors))
    scaled: NDArray[np.float32] = (length[:, None] * drawn / factors**0.5).astype(np.float32)
    return scaled


def _draw_lists(
    count: NDArray[np.int64], keep: int, max_items: int, pairs_each: float, rng: np.random.Generator
) -> Neighbours:
    """Return lists among the ``max_items`` most popular: popular neighbours more often and more strongly.

    An item with few events has met few others, ``pairs_each`` for each event; a dense model's lists are full.
    """
    n_items = len(count)
    items = np.sort(np.argsort(-count, kind="stable")[:max_items])
    met = np.full(len(items), keep) if max_items < n_items else np.minimum(keep, count[items] * pairs_each)
    drawn = np.ceil(1.5 * met).astype(np.int64)
    share = np.cumsum(count[items] + 1.0)
    source = np.repeat(items, drawn)
    place = np.searchsorted(share, rng.random(len(source)) * share[-1], side="right")
    target = items[np.minimum(place, len(items) - 1)]
    weight = rng.lognormal(0.0, 1.0, len(source)) * (1.0 + count[target]) ** 0.3
    apart = source != target
    matrix = sparse.coo_matrix(
        (weight[apart].astype(np.float32), (source[apart], target[apart])), shape=(n_items, n_items)
    ).tocsr()
    return Neighbours.from_matrix(matrix, keep)


def draw_rows(engine: Engine, interactions: Interactions, config: DrawnConfig) -> TrainingRows:
    """Return the candidates of some viewers, with labels that popularity and the sources make likelier."""
    rng = np.random.default_rng(config.seed + 1)
    features, query, turn = [], [], []
    for number, user in enumerate(rng.choice(interactions.n_users, config.queries, replace=False)):
        history = interactions.history(int(user))
        scores = engine.fusion.score(history)
        merged = engine.fusion.merge(history, scores)
        features.append(engine.builder.build(history, merged.item_idx, scores, merged.score))
        query.append(np.full(len(merged), number))
        turn.append(np.full(len(merged), _ROUNDS[number % len(_ROUNDS)]))
    rows = np.concatenate(features)
    named = [
        FEATURE_NAMES.index(name) for name in ("merge_score", "lift_score", "als_score", "factor_match_all")
    ]
    told = np.nan_to_num(rows[:, named].astype(np.float64))
    pull = ((told - told.mean(axis=0)) / np.maximum(told.std(axis=0), 1e-9)).sum(axis=1)
    watched = rng.random(len(rows)) < 1.0 / (1.0 + np.exp(2.5 - 0.5 * pull))
    stars = np.where(watched, rng.integers(1, 11, len(rows)) / 2.0, -1.0).astype(np.float32)
    weight = np.ones(len(rows), np.float32)
    return TrainingRows(rows, stars, weight, np.concatenate(query), np.concatenate(turn), ())
