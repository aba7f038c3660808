"""Training rows: honest candidates of recall that never saw the labels.

Two kinds of query, because people meet a recommender in two situations:

* *Go on*: viewers are split into groups; recall is fitted without a group, then asked at several
  points of the group's timelines. The labels are what those viewers did next.
* *Come back*: recall is fitted on everything before a moment of the calendar; the labels are what
  each viewer did after it.

A build can have another goal: to find what is *missing* from a history with gaps, whenever it was seen.
Then the labels are random events taken out of the timelines of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder
from movierec.ranking.store import FeatureStore
from movierec.recall.base import LIKED_RATING, liked
from movierec.recall.fusion import Fusion
from movierec.recall.sources import fit_sources
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import BuildConfig, TrainingConfig

WATCH_AHEAD_RATING = 2.5
"""Stars above which a later event is a positive label; leave-one-out calls the same events relevant."""

TIME_CUT = -1

POSITIVE_CONFIDENCE_RATING = 5.0
"""Unrated positive events (watch, like) are labelled like five stars."""


@dataclass(frozen=True)
class TrainingRows:
    """Sampled candidates of all queries.

    Attributes
    ----------
    features : float32[n, len(FEATURE_NAMES)]
    rating : float32[n], stars the viewer gave within the window; -1 where they did not get to the item
    weight : float32[n]
    query : int64[n], which query a row belongs to
    round : int64[n], the fold it comes from; -1 for time cuts
    held_out : full candidate lists of queries of round 0
    """

    features: FloatArray
    rating: FloatArray
    weight: FloatArray
    query: LongArray
    round: LongArray
    held_out: tuple[HeldOutQuery, ...]

    def __len__(self) -> int:
        return len(self.rating)

    def take(self, mask: BoolArray) -> TrainingRows:
        """Return the rows where ``mask`` is true."""
        return TrainingRows(
            self.features[mask],
            self.rating[mask],
            self.weight[mask],
            self.query[mask],
            self.round[mask],
            self.held_out,
        )


@dataclass(frozen=True)
class HeldOutQuery:
    """One query of the first fold with all its candidates, for checking a ranker that never saw it.

    Attributes
    ----------
    features : float32[n, len(FEATURE_NAMES)], in merged order
    source_rank : float32[n, n_sources], NaN where a source did not propose the item
    relevant : bool[n], liked within the window
    n_relevant : liked items of the window, proposed or not
    closing : whether the window is the viewer's last events; one such query a viewer
    """

    features: FloatArray
    source_rank: FloatArray
    relevant: BoolArray
    n_relevant: int
    closing: bool = True


@dataclass(frozen=True)
class Query:
    """One moment of one viewer: what they had done, and what they did next."""

    past: History
    future: History
    closing: bool = False


def collect_rows(
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig,
    progress: Callable[[str], None] | None = None,
) -> TrainingRows | None:
    """Return the rows of every fold and time cut, or None where no query has a positive.

    ``interactions`` is all the ranker may learn from; nothing later may be in it.
    """
    tell = progress or (lambda _: None)
    rng = np.random.default_rng(config.training.seed)
    parts: list[TrainingRows] = []
    for number, (label, past, queries) in enumerate(iterate_rounds(interactions, config.training, rng)):
        fold = number if label.startswith("fold") else TIME_CUT
        part = _collect(past, queries, catalog, config, rng, fold)
        if part is not None:
            parts.append(part)
        tell(f"training queries, {label}: {0 if part is None else len(part):,} rows")
    if not parts:
        return None
    shift = np.cumsum([0, *(int(part.query[-1]) + 1 for part in parts[:-1])])
    return TrainingRows(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.rating for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.query + offset for part, offset in zip(parts, shift, strict=True)]),
        np.concatenate([part.round for part in parts]),
        tuple(query for part in parts for query in part.held_out),
    )


def iterate_rounds(
    interactions: Interactions, config: TrainingConfig, rng: np.random.Generator
) -> Iterator[tuple[str, Interactions, list[Query]]]:
    """Yield (label, rows recall may see, queries) for every fold, then for every time cut."""
    active = np.flatnonzero(np.diff(interactions.offsets) > config.min_history)
    folds = min(config.folds, len(active))
    budget = config.max_queries / max(len(active) * config.cuts, 1)
    group = rng.permutation(len(active)) % max(folds, 1)
    for fold in range(folds if folds > 1 else 0):
        members = active[group == fold]
        if budget < 1:
            members = members[rng.random(len(members)) < budget]
        hidden = np.zeros(interactions.n_users, np.bool_)
        hidden[active[group == fold]] = True
        ask = take_out if config.goal == "missing" else cut_timeline
        queries = [query for user in members for query in ask(interactions.history(int(user)), config, rng)]
        yield f"fold {fold + 1} of {folds}", interactions.take(~hidden[interactions.user_idx]), queries
    for quantile in config.time_quantiles:
        if len(interactions):
            moment = int(np.quantile(interactions.timestamp, quantile))
            before = interactions.timestamp <= moment
            yield (
                f"time cut {quantile:g}",
                interactions.take(before),
                _return_visits(interactions, before, config, rng),
            )


def cut_timeline(history: History, config: TrainingConfig, rng: np.random.Generator) -> list[Query]:
    """Return queries at the last event, at the window's start and at random points, oldest first."""
    count, least = len(history), config.min_history
    window = max(config.window_min, int(np.ceil(config.window_share * count)))
    closing = max(least, count - int(np.ceil(config.window_share * count)))
    cuts = {count - 1, closing}
    while len(cuts) < min(config.cuts, count - least):
        low = least if rng.random() < 0.6 else max(least, count - 8)
        cuts.add(int(rng.integers(low, count)))
    return [
        Query(history.take(slice(0, cut)), history.take(slice(cut, cut + window)), cut == closing)
        for cut in sorted(cuts)
    ]


def take_out(history: History, config: TrainingConfig, rng: np.random.Generator) -> list[Query]:
    """Return queries that miss a random share of the history; all that is missing is equally far away."""
    queries: list[Query] = []
    for number in range(config.cuts):
        out = np.zeros(len(history), np.bool_)
        count = min(int(np.ceil(config.missing_share * len(history))), len(history) - 1)
        out[rng.choice(len(history), count, replace=False)] = True
        missing = history.take(out)
        missing = replace(missing, timestamp=np.full_like(missing.timestamp, history.timestamp[-1]))
        queries.append(Query(history.take(~out), missing, closing=number == 0))
    return queries


def _return_visits(
    interactions: Interactions, before: BoolArray, config: TrainingConfig, rng: np.random.Generator
) -> list[Query]:
    past, future = interactions.take(before), interactions.take(~before)
    both = np.flatnonzero((np.diff(past.offsets) >= config.min_history) & (np.diff(future.offsets) > 0))
    most = max(config.max_queries // (2 * len(config.time_quantiles)), 1)
    if len(both) > most:
        both = np.sort(rng.choice(both, most, replace=False))
    return [
        Query(past.history(int(user)), future.history(int(user)).take(slice(0, config.time_window)))
        for user in both
    ]


def _collect(
    past: Interactions,
    queries: list[Query],
    catalog: Catalog,
    config: BuildConfig,
    rng: np.random.Generator,
    number: int,
) -> TrainingRows | None:
    if not len(past) or not queries:
        return None
    sources = fit_sources(config.recall, past, catalog)
    # The builder reads no other table of the store.
    store = FeatureStore.compute(past, catalog, int(past.timestamp.max()), names=["item_features"])
    builder = FeatureBuilder.fit(sources, past, catalog, store)
    fusion = Fusion(sources, config.recall.merge)
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    held_out: list[HeldOutQuery] = []
    for query in queries:
        scores = fusion.score(query.past)
        merged = fusion.merge(query.past, scores)
        label, step = label_candidates(merged.item_idx, query.future)
        n_relevant = int(liked(query.future.rating, query.future.confidence).sum())
        if not (label > config.ranker.watch_rating).any():
            if number == 0 and query.closing and n_relevant:
                # Nothing to learn from, but a check without recall's misses would flatter.
                none = slice(0, 0)
                empty = np.empty((0, len(FEATURE_NAMES)), np.float32)
                held_out.append(HeldOutQuery(empty, merged.source_rank[none], label[none] > 0, n_relevant))
            continue
        kept, importance = sample_rows(label, step, config.training, rng, config.ranker.watch_rating)
        rows = builder.build(query.past, merged.item_idx, scores, merged.score)
        parts.append((rows[kept], label[kept], importance[kept]))
        if number == 0 and (query.closing or len(held_out) < config.training.check_queries):
            relevant = label >= LIKED_RATING
            held_out.append(HeldOutQuery(rows, merged.source_rank, relevant, n_relevant, query.closing))
    if not parts:
        return None
    sizes = [len(part[1]) for part in parts]
    return TrainingRows(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        np.repeat(np.arange(len(parts)), sizes),
        np.full(sum(sizes), number, np.int64),
        tuple(held_out),
    )


def label_candidates(candidates: IntArray, future: History) -> tuple[FloatArray, FloatArray]:
    """Return float32[n] stars given within the window (-1: not reached) and float32[n] steps to it.

    Tied events are equally far, so that the order of rows in a file is not learnt.
    """
    order = np.argsort(future.item_idx, kind="stable")
    items = future.item_idx[order]
    slot = np.minimum(np.searchsorted(items, candidates), len(items) - 1)
    hit = items[slot] == candidates
    stars = np.where(
        np.isnan(future.rating),
        np.where(future.confidence > 0, POSITIVE_CONFIDENCE_RATING, 1.0),
        future.rating,
    )
    steps = np.searchsorted(future.timestamp, future.timestamp, side="left")
    label = np.where(hit, stars[order][slot], -1.0).astype(np.float32)
    return label, np.where(hit, steps[order][slot], -1).astype(np.float32)


def sample_rows(
    label: FloatArray,
    step: FloatArray,
    config: TrainingConfig,
    rng: np.random.Generator,
    watch_rating: float = WATCH_AHEAD_RATING,
) -> tuple[BoolArray, FloatArray]:
    """Return which rows are kept and how much each weighs.

    All reached items stay; the others are thinned and weighed up, the best merged candidates least. A
    positive weighs less the further away it was, and less below four stars.
    """
    reached = label >= 0
    hard = np.arange(len(label)) < config.hard_negatives
    rate = np.where(reached, 1.0, np.where(hard, config.hard_rate, config.negative_rate))
    kept = rng.random(len(label)) < rate
    weight = 1.0 / rate
    positive = label > watch_rating
    weight = np.where(positive, config.label_decay / (1.0 + np.maximum(step, 0.0)), weight)
    weight = np.where(positive & (label < LIKED_RATING), weight * config.weak_weight, weight)
    return kept, weight.astype(np.float32)
