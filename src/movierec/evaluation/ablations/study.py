"""The study of one split: refit the ranker without a part, ask it about the same candidates, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from typing import Final

import numpy as np

from movierec.data.splits import Split
from movierec.evaluation import metrics
from movierec.evaluation.ablations.groups import find_source_columns, group_features
from movierec.evaluation.ablations.rows import (
    StudyRows,
    TestRows,
    collect_study_rows,
    collect_test_rows,
    standardise,
)
from movierec.evaluation.metrics import DoubleArray, Hits
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.proposer import Proposer
from movierec.ranking.queries import TIME_CUT
from movierec.ranking.ranker import Ranker
from movierec.ranking.training import TrainingRows
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import BoolArray, Catalog, FloatArray
from movierec.stages import BuildConfig, MergeConfig, RankerConfig

Progress = Callable[[str], None]

METRICS: Final = ("ndcg@10", "recall@50")
CEILING: Final = "ceiling"
LIST_LENGTHS: Final = (100, 300, 500, 1000)
ROUNDS: Final = (1, 2, 4)
SEEDS: Final = (0, 1, 2)
_DEPTH: Final = 50
_MERGE_SCORE: Final = FEATURE_NAMES.index("merge_score")


class Family(StrEnum):
    """What kind of change an outcome is about."""

    FULL = "full model"
    SOURCE = "without source"
    FEATURES = "without features"
    RANKER = "ranker"
    TRAINING = "training queries"
    WEIGHTS = "label weights"
    SEEDS = "seeds"
    CANDIDATES = "candidates"


@dataclass(frozen=True)
class Outcome:
    """One variant: float64[n_users] per metric, and the rows its ranker was fitted on."""

    family: Family
    name: str
    per_user: dict[str, DoubleArray]
    train_rows: int


@dataclass(frozen=True)
class Study:
    """One set of training rows and one of test rows, from which every variant is cut.

    Attributes
    ----------
    train : what the ranker learns from
    leaky : the same queries answered by recall that has seen their labels
    wide : test candidates beyond the usual cap
    test : those within the cap
    """

    train: StudyRows
    leaky: StudyRows
    wide: TestRows
    test: TestRows
    ranker: RankerConfig
    merge: MergeConfig

    @classmethod
    def prepare(
        cls, split: Split, catalog: Catalog, config: BuildConfig, most_users: int, progress: Progress
    ) -> Study:
        """Fit recall and collect all rows; at most ``most_users`` are asked about."""
        proposer = Proposer.fit(split.train, catalog, config)
        train = collect_study_rows(split.train, catalog, config, progress)
        leaky = collect_study_rows(split.train, catalog, config, lambda _: None, proposer)
        wide = collect_test_rows(proposer, split, most_users, config.training.seed)
        test = wide.head(config.recall.merge.cap)
        return cls(train, leaky, wide, test, config.ranker, config.recall.merge)

    def run(self, progress: Progress) -> Iterator[Outcome]:
        """Yield the full model first, then every variant."""
        rows = self.train.rows
        model = Ranker.fit(rows, self.ranker)
        full = model.score(self.test.features)
        yield self._measure(Family.FULL, "everything", full, len(rows))
        yield self._measure(Family.RANKER, "no ranker (V1.5)", -self.test.place.astype(np.float32), 0)
        for family in (
            self._vary_ranker(model, full),
            self._drop_sources(),
            self._drop_features(),
            self._vary_training(),
            self._vary_weights(),
            self._vary_seeds(full),
            self._vary_candidates(model),
        ):
            for outcome in family:
                progress(f"{outcome.family}: {outcome.name}")
                yield outcome

    def _measure(self, family: Family, name: str, score: FloatArray | DoubleArray, n_rows: int) -> Outcome:
        return Outcome(family, name, measure_lists(self.test, score), n_rows)

    def _refit(self, family: Family, name: str, rows: TrainingRows) -> Iterator[Outcome]:
        """Fit on other rows, ask about the same candidates; nothing where no positive is left."""
        if (rows.rating > self.ranker.watch_rating).any():
            score = Ranker.fit(rows, self.ranker).score(self.test.features)
            yield self._measure(family, name, score, len(rows))

    def _vary_ranker(self, model: Ranker, full: FloatArray) -> Iterator[Outcome]:
        if model.linear is not None:
            count, features = len(self.train.rows), self.test.features
            yield self._measure(
                Family.RANKER, "trees alone", replace(model, linear=None).score(features), count
            )
            plain = model.linear.score(features, model.linear_shares())
            yield self._measure(Family.RANKER, "linear part alone", plain, count)
        if self.ranker.later_seeds:
            single = self.ranker.model_copy(update={"later_seeds": ()})
            score = Ranker.fit(self.train.rows, single).score(self.test.features)
            yield self._measure(Family.RANKER, "first goal only", score, len(self.train.rows))
        if find_spec("lightgbm") is None:
            return
        rows = self.train.rows
        both = Ranker.fit(rows, self.ranker.model_copy(update={"kind": "average"}))
        pairwise = Ranker([], lambdamart=both.lambdamart).score(self.test.features)
        yield self._measure(Family.RANKER, "LambdaMART", pairwise, len(rows))
        yield self._measure(Family.RANKER, "average of both", (full + pairwise) / 2, len(rows))
        query, n_users = self.test.query, len(self.test.user_idx)
        within = standardise(full, query, n_users) + standardise(pairwise, query, n_users)
        yield self._measure(Family.RANKER, "average, standardised per list", within, len(rows))

    def _drop_sources(self) -> Iterator[Outcome]:
        for position, name in enumerate(SOURCE_NAMES):
            columns = find_source_columns(name, FEATURE_NAMES)
            kept = has_other_source(self.train.source_rank, position)
            rows = self.train.rows.take(kept)
            ranks = self.train.source_rank[kept]
            features = blank(rows.features, columns)
            features[:, _MERGE_SCORE] = fuse(ranks, self.merge, without=position)
            test = self.test.take(has_other_source(self.test.source_rank, position))
            asked = blank(test.features, columns)
            asked[:, _MERGE_SCORE] = fuse(test.source_rank, self.merge, without=position)
            if (rows.rating > self.ranker.watch_rating).any():
                score = Ranker.fit(replace(rows, features=features), self.ranker).score(asked)
                yield Outcome(Family.SOURCE, name, measure_lists(test, score), len(rows))

    def _drop_features(self) -> Iterator[Outcome]:
        rows = self.train.rows
        for name, columns in group_features(FEATURE_NAMES).items():
            ranker = Ranker.fit(replace(rows, features=blank(rows.features, columns)), self.ranker)
            score = ranker.score(blank(self.test.features, columns))
            yield self._measure(Family.FEATURES, name, score, len(rows))

    def _vary_training(self) -> Iterator[Outcome]:
        rows, turn = self.train.rows, self.train.turn
        calendar = rows.round == TIME_CUT
        for number in ROUNDS:
            if number <= turn.max():
                label = f"{number} cut{'s' if number > 1 else ''} of every timeline"
                yield from self._refit(Family.TRAINING, label, rows.take((turn < number) | calendar))
        if calendar.any() and not calendar.all():
            yield from self._refit(Family.TRAINING, "no calendar cuts", rows.take(~calendar))
        yield from self._refit(Family.TRAINING, "leaky recall", self.leaky.rows)

    def _vary_weights(self) -> Iterator[Outcome]:
        for name, weight in self.train.weights.items():
            if weight[self.train.rows.rating > self.ranker.watch_rating].any():
                yield from self._refit(Family.WEIGHTS, name, replace(self.train.rows, weight=weight))

    def _vary_seeds(self, full: FloatArray) -> Iterator[Outcome]:
        rows, scores = self.train.rows, [full]
        for other in SEEDS[1:]:
            # Far apart, so that no seed of one goal is drawn for the other.
            shifted = {
                name: tuple(seed + 100 * other for seed in getattr(self.ranker, name))
                for name in ("seeds", "later_seeds", "return_seeds")
            }
            config = self.ranker.model_copy(update=shifted)
            scores.append(Ranker.fit(rows, config).score(self.test.features))
            yield self._measure(Family.SEEDS, f"seed {other}", scores[-1], len(rows))
        mean = np.mean(scores, axis=0)
        yield self._measure(Family.SEEDS, f"average of {len(SEEDS)} seeds", mean, len(rows))

    def _vary_candidates(self, model: Ranker) -> Iterator[Outcome]:
        for length in LIST_LENGTHS:
            test = self.wide.head(length)
            found = measure_lists(test, model.score(test.features))
            yield Outcome(Family.CANDIDATES, f"up to {length}", found, len(self.train.rows))


def blank(features: FloatArray, columns: Sequence[int]) -> FloatArray:
    """Return a copy with 0 in ``columns``: a constant is never split on."""
    copy = features.copy()
    copy[:, list(columns)] = 0.0
    return copy


def has_other_source(source_rank: FloatArray, position: int) -> BoolArray:
    """Return which candidates a source other than the one at ``position`` proposed."""
    return np.asarray(~np.isnan(np.delete(source_rank, position, axis=1)).all(axis=1), np.bool_)


def fuse(source_rank: FloatArray, config: MergeConfig, without: int | None = None) -> FloatArray:
    """Return the merge's reciprocal rank fusion score, float32[n], leaving one source out."""
    weight = np.array([config.weight(name) for name in SOURCE_NAMES])
    if without is not None:
        weight[without] = 0.0
    score: FloatArray = np.nansum(weight / (config.constant + source_rank), axis=1).astype(np.float32)
    return score


def measure_lists(test: TestRows, score: FloatArray | DoubleArray) -> dict[str, DoubleArray]:
    """Return float64[n_users] of every metric and of the ceiling: the recall of all candidates together.

    Ties go to the smaller item index, as in the engine.
    """
    n_users = len(test.user_idx)
    order = np.lexsort((test.item_idx, -score, test.query))
    query = test.query[order]
    place = np.arange(len(query)) - np.searchsorted(query, query, side="left")
    top = place < _DEPTH
    relevant = np.zeros((n_users, _DEPTH), np.bool_)
    relevant[query[top], place[top]] = test.relevant[order[top]]
    hits = Hits(relevant, test.n_relevant)
    found = np.bincount(test.query[test.relevant], minlength=n_users)
    return {
        METRICS[0]: metrics.ndcg(hits, 10),
        METRICS[1]: metrics.recall(hits, 50),
        CEILING: found / test.n_relevant,
    }
