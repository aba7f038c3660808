"""Training rows: candidates of recall that never saw the labels, for the queries of every round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from movierec.ranking.features import FEATURE_NAMES, STANDARDISED
from movierec.ranking.proposer import Proposer
from movierec.ranking.queries import TIME_CUT, Query, Round, ask, limit_moments, plan_rounds, sample_viewers
from movierec.recall.base import LIKED_RATING, liked
from movierec.schema import BoolArray, Catalog, FloatArray, History, IntArray, Interactions, LongArray
from movierec.stages import BuildConfig, TrainingConfig

WATCH_AHEAD_RATING = 2.5
"""Stars above which a later event is a positive label; leave-one-out calls the same events relevant."""

_COUNTED: Final = [
    position
    for position, name in enumerate(FEATURE_NAMES)
    if name in ("item_interactions", "item_conf_sum", "item_conf_decay_sum", "then_activity_count")
    or (re.fullmatch(r"(then|now)_activity_\d+d", name) and position not in STANDARDISED)
]
"""Features that grow with the number of viewers."""

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
    round : int64[n], the number of its round, see :class:`movierec.ranking.queries.Round`
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
    """One query of round 0 with all its candidates, for checking a ranker that never saw its labels.

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


def collect_rows(
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig,
    progress: Callable[[str], None] | None = None,
    keeper: RoundKeeper | None = None,
) -> TrainingRows | None:
    """Return the rows of every round, or None where no query has a positive.

    ``interactions`` is all the ranker may learn from; nothing later may be in it. Rounds that ``keeper``
    has from a build that was stopped are taken over, the others are given to it.
    """
    tell = progress or (lambda _: None)
    rng = np.random.default_rng(config.training.seed)
    shown, share = sample_viewers(interactions, config.training)
    if share < 1.0:
        config = config.model_copy(update={"training": limit_moments(config.training)})
        tell(f"training queries: {len(shown):,} events of a sample of viewers, {share:.0%} of all")
    rounds = plan_rounds(shown, config.training, rng)
    found = list(_take_over(rounds, keeper, rng, tell))
    for number, (turn, proposer) in enumerate(
        _fit_ahead(rounds[len(found) :], shown, catalog, config), start=len(found)
    ):
        queries = ask(turn, shown, config.training, rng)
        part = None if proposer is None else _collect(proposer, queries, config, rng, turn, share)
        if keeper is not None:
            keeper.keep(number, part, rng)
        found.append(part)
        tell(f"training queries, {turn.label}: {0 if part is None else len(part):,} rows")
    parts = [part for part in found if part is not None]
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


class RoundKeeper(Protocol):
    """Where finished rounds are kept; they come back with the generator as it was after them."""

    def find(self, number: int, rng: np.random.Generator) -> tuple[TrainingRows | None] | None:
        """Return the rows of a round, None in place of the rows where it had none, or None if not kept."""

    def keep(self, number: int, rows: TrainingRows | None, rng: np.random.Generator) -> None:
        """Keep the rows of a finished round."""


def _take_over(
    rounds: list[Round], keeper: RoundKeeper | None, rng: np.random.Generator, tell: Callable[[str], None]
) -> Iterator[TrainingRows | None]:
    """Yield the first rounds as far as they are kept: later ones depend on what the earlier ones drew."""
    for number, turn in enumerate(rounds):
        kept = keeper.find(number, rng) if keeper is not None else None
        if kept is None:
            return
        tell(f"training queries, {turn.label}: taken over")
        yield kept[0]


def _fit_ahead(
    rounds: list[Round], interactions: Interactions, catalog: Catalog, config: BuildConfig
) -> Iterator[tuple[Round, Proposer | None]]:
    """Yield every round with its recall, while that of the next one is being fitted; None without rows."""

    def fit(turn: Round) -> Proposer | None:
        past = interactions.take(turn.visible)
        if not len(past) or not len(turn.viewers):
            return None
        return Proposer.fit(past, catalog, config)

    # Sums of matrix products may depend on the number of threads: one from beginning to end, since a fit
    # in the background sets it for all.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(1) as pool:
        coming = [pool.submit(fit, turn) for turn in rounds[:1]]
        try:
            for number, turn in enumerate(rounds):
                proposer = coming.pop().result()
                if number + 1 < len(rounds):
                    coming.append(pool.submit(fit, rounds[number + 1]))
                yield turn, proposer
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _collect(
    proposer: Proposer,
    queries: list[Query],
    config: BuildConfig,
    rng: np.random.Generator,
    turn: Round,
    share: float,
) -> TrainingRows | None:
    fusion, builder = proposer.fusion, proposer.builder
    number, training = turn.number, thin(config.training, turn)
    checked = _choose_checked(len(queries), training) if number == 0 else set()
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    held_out: list[HeldOutQuery] = []
    for place, query in enumerate(queries):
        scores = fusion.score(query.past)
        merged = fusion.merge(query.past, scores)
        label, step = label_candidates(merged.item_idx, query.future)
        n_relevant = int(liked(query.future.rating, query.future.confidence).sum())
        if not (label > config.ranker.watch_rating).any():
            if place in checked and query.closing and n_relevant:
                # Nothing to learn from, but a check without recall's misses would flatter.
                none = slice(0, 0)
                empty = np.empty((0, len(FEATURE_NAMES)), np.float32)
                held_out.append(HeldOutQuery(empty, merged.source_rank[none], label[none] > 0, n_relevant))
            continue
        kept, importance = sample_rows(label, step, training, rng, config.ranker.watch_rating)
        rows = builder.build(query.past, merged.item_idx, scores, merged.score)
        rows = count_everybody(rows, share)
        parts.append((rows[kept], label[kept], importance[kept]))
        if place in checked:
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


def count_everybody(rows: FloatArray, share: float) -> FloatArray:
    """Return rows whose counts of a sample's events are told as those of all would be, as serving counts."""
    if share < 1.0:
        rows[:, _COUNTED] /= share
    return rows


def thin(config: TrainingConfig, turn: Round) -> TrainingConfig:
    """Return the config with the rates at which negatives of a round are kept.

    A moment of the calendar often gives few queries, then more of each can stay: on inner cuts of ml-100k
    the trees gain .016 by it.
    """
    if turn.number != TIME_CUT or turn.is_plentiful:
        return config
    rates = {"hard_rate": config.return_hard_rate, "negative_rate": config.return_negative_rate}
    return config.model_copy(update=rates)


def _choose_checked(n_queries: int, config: TrainingConfig) -> set[int]:
    """Return which queries of a round are kept whole."""
    chosen = np.random.default_rng(config.seed).permutation(n_queries)
    return set(chosen[: config.check_queries].tolist())


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
