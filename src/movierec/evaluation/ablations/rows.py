"""Rows of a study: what the ranker is fitted on and asked about, built once and then cut down.

Building candidates and features costs far more than fitting a small ranker, so every ablation that can
be had by leaving out columns, candidates or queries shares these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.data.splits import Split
from movierec.errors import DataError
from movierec.ranking.features import FEATURE_NAMES, STANDARDISED
from movierec.ranking.proposer import Proposer
from movierec.ranking.queries import TIME_CUT, Query, iterate_rounds
from movierec.ranking.training import TrainingRows, label_candidates, sample_rows, thin
from movierec.schema import BoolArray, Catalog, FloatArray, IntArray, Interactions, LongArray
from movierec.stages import BuildConfig, TrainingConfig

MOST_CANDIDATES: Final = 1000
"""Test lists are built this long, so that shorter ones are their heads."""

RANK_COLUMNS: Final = tuple(column for column, name in enumerate(FEATURE_NAMES) if name.endswith("_rank"))
"""Features that count from 1 among the candidates of a query, each number once."""

_ANY_STEP: Final = "positives alike at any step"
_ONE: Final = "positives weigh one"
_UNTHINNED: Final = "thinning ignored"
_WEIGHTINGS: Final[Mapping[str, Mapping[str, float]]] = {
    _ANY_STEP: {},
    _ONE: {"label_decay": 1.0, "weak_weight": 1.0},
    "below four stars in full": {"weak_weight": 1.0},
    "below four stars ignored": {"weak_weight": 0.0},
    _UNTHINNED: {"negative_rate": 1.0, "hard_rate": 1.0},
}
WEIGHTING_NAMES: Final = tuple(_WEIGHTINGS)


@dataclass(frozen=True)
class StudyRows:
    """Training rows with what tells ablations apart.

    Attributes
    ----------
    rows : as the ranker takes them
    source_rank : float32[n, n_sources], NaN where a source did not propose the item
    turn : int64[n], how many rounds of shares, points or folds went before; 0 in time cuts
    weights : other ways to weigh the rows, float32[n] each, by name
    """

    rows: TrainingRows
    source_rank: FloatArray
    turn: LongArray
    weights: Mapping[str, FloatArray]


@dataclass(frozen=True)
class TestRows:
    """The candidates of everybody who is scored, in merged order.

    Attributes
    ----------
    features : float32[n, len(FEATURE_NAMES)]
    item_idx : int32[n]
    source_rank : float32[n, n_sources], NaN where a source did not propose the item
    query : int64[n], position of the user among the scored
    place : int64[n], from 0, place in the merged list
    relevant : bool[n]
    n_relevant : int64[n_queries], relevant items, proposed or not
    user_idx : int32[n_queries]
    """

    __test__ = False  # pytest would take the name for a test

    features: FloatArray
    item_idx: IntArray
    source_rank: FloatArray
    query: LongArray
    place: LongArray
    relevant: BoolArray
    n_relevant: LongArray
    user_idx: IntArray

    def take(self, mask: BoolArray) -> TestRows:
        """Return the candidates where ``mask`` is true; the queries stay."""
        return replace(
            self,
            features=self.features[mask],
            item_idx=self.item_idx[mask],
            source_rank=self.source_rank[mask],
            query=self.query[mask],
            place=self.place[mask],
            relevant=self.relevant[mask],
        )

    def head(self, n: int) -> TestRows:
        """Return the first ``n`` candidates of each query, ranked and standardised among themselves."""
        kept = self.place < n
        short = self.take(kept)
        if kept.all():
            return short
        features = short.features
        depth = int(self.place.max()) + 1
        for column in RANK_COLUMNS:
            rank = self.features[:, column].astype(np.int64) - 1
            taken = np.zeros((len(self.n_relevant), depth), np.int32)
            taken[self.query[kept], rank[kept]] = 1
            features[:, column] = np.cumsum(taken, axis=1)[short.query, rank[kept]]
        for column in STANDARDISED:
            features[:, column] = standardise(features[:, column], short.query, len(self.n_relevant))
        return short


def standardise(score: FloatArray, query: LongArray, n_queries: int) -> NDArray[np.float64]:
    """Return the score with mean 0 and deviation 1 within every query; 0 where none stands out."""
    count = np.maximum(np.bincount(query, minlength=n_queries), 1)
    exact = score.astype(np.float64)
    apart = exact - (np.bincount(query, exact, n_queries) / count)[query]
    deviation = np.sqrt(np.bincount(query, apart**2, n_queries) / count)[query]
    return np.divide(apart, deviation, out=np.zeros_like(apart), where=deviation > 1e-12)


def collect_study_rows(
    train: Interactions,
    catalog: Catalog,
    config: BuildConfig,
    progress: Callable[[str], None],
    leaky: Proposer | None = None,
) -> StudyRows:
    """Return the training rows of every round.

    The queries and labels are those of :func:`movierec.ranking.training.collect_rows`. With ``leaky``,
    its recall, which may have seen the labels, answers instead of one fitted without them.

    Raises
    ------
    DataError
        If nobody has enough history for a training query.
    """
    rng = np.random.default_rng(config.training.seed)
    parts: list[StudyRows] = []
    first = 0
    for number, (turn, past, queries) in enumerate(iterate_rounds(train, config.training, rng)):
        if not len(past) or not queries:
            continue
        proposer = leaky or Proposer.fit(past, catalog, config)
        training = thin(config.training, turn)
        for query in queries:
            part = _sample_query(proposer, query, training, config.ranker.watch_rating, rng)
            if part is None:
                continue
            n = len(part.rows)
            rows = replace(
                part.rows, query=np.full(n, first, np.int64), round=np.full(n, turn.number, np.int64)
            )
            before = 0 if turn.number == TIME_CUT else number
            parts.append(replace(part, rows=rows, turn=np.full(n, before, np.int64)))
            first += 1
        progress(f"training queries, {turn.label}: {first:,} so far")
    if not parts:
        raise DataError("nobody has enough history for a training query; choose more data")
    return _join(parts)


def _sample_query(
    proposer: Proposer, query: Query, config: TrainingConfig, watch_rating: float, rng: np.random.Generator
) -> StudyRows | None:
    merged, features = proposer.propose(query.past)
    label, step = label_candidates(merged.item_idx, query.future)
    if not (label > watch_rating).any():
        return None
    kept, weight = sample_rows(label, step, config, rng, watch_rating)
    zeros = np.zeros(int(kept.sum()), np.int64)
    # The stage's own rule with other settings: how it weighs is not repeated here.
    weights = {
        name: sample_rows(
            label,
            np.minimum(step, 0.0) if name in (_ANY_STEP, _ONE) else step,
            config.model_copy(update=dict(update)),
            np.random.default_rng(0),
            watch_rating,
        )[1][kept]
        for name, update in _WEIGHTINGS.items()
    }
    rows = TrainingRows(features[kept], label[kept], weight[kept], zeros, zeros, ())
    return StudyRows(rows, merged.source_rank[kept], zeros, weights)


def _join(parts: list[StudyRows]) -> StudyRows:
    fields = ("features", "rating", "weight", "query", "round")
    joined = {name: np.concatenate([getattr(part.rows, name) for part in parts]) for name in fields}
    return StudyRows(
        TrainingRows(**joined, held_out=()),
        np.concatenate([part.source_rank for part in parts]),
        np.concatenate([part.turn for part in parts]),
        {name: np.concatenate([part.weights[name] for part in parts]) for name in WEIGHTING_NAMES},
    )


def collect_test_rows(proposer: Proposer, split: Split, most_users: int, seed: int) -> TestRows:
    """Return the candidates of everybody in ``split.truth``, or of a random ``most_users`` of them.

    Up to ``MOST_CANDIDATES`` each: the sources' own lists keep their length, only the cap of the merge is
    lifted.
    """
    config = proposer.fusion.config.model_copy(update={"cap": MOST_CANDIDATES})
    wide = replace(proposer, fusion=replace(proposer.fusion, config=config))
    truth, chosen = split.truth, np.arange(len(split.truth))
    if len(truth) > most_users:
        chosen = np.sort(np.random.default_rng(seed).choice(len(truth), most_users, replace=False))
    found = [wide.propose(split.history(int(user))) for user in truth.user_idx[chosen]]
    sizes = [len(merged) for merged, _ in found]
    return TestRows(
        np.concatenate([features for _, features in found]),
        np.concatenate([merged.item_idx for merged, _ in found]),
        np.concatenate([merged.source_rank for merged, _ in found]),
        np.repeat(np.arange(len(found)), sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        np.concatenate(
            [
                np.isin(merged.item_idx, truth.items(int(row)))
                for row, (merged, _) in zip(chosen, found, strict=True)
            ]
        ),
        truth.n_relevant[chosen],
        truth.user_idx[chosen],
    )
