"""The ranker: HistGradientBoosting and a linear part over candidate rows, LambdaMART where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from movierec.errors import IncompatibleBundleError
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.lambdamart import LambdaMart, measure_spread
from movierec.ranking.lean import Lean
from movierec.ranking.linear import PENALTY_INVERSE, Examples, LinearPart
from movierec.ranking.paths import TreePaths
from movierec.ranking.queries import POINTS, TIME_CUT
from movierec.ranking.training import TrainingRows
from movierec.ranking.trees import Forest
from movierec.recall.base import LIKED_RATING
from movierec.schema import Aim, BoolArray, FloatArray
from movierec.stages import RankerConfig

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


SUBSAMPLED_ROWS = 200_000
"""Rows above which scikit-learn bins a weighted resample instead of every row."""

DISTINCT_VALUES = 250
"""Fewer than scikit-learn's 255 bins: such columns need no percentiles."""


def snap_to_quantiles(features: FloatArray) -> FloatArray:
    """Return a copy with at most ``DISTINCT_VALUES`` values per column, each a quantile of its column.

    With sample weights scikit-learn 1.9 takes a weighted percentile per bin and feature, half a second a
    feature at 100,000 rows; columns of few values skip that and lose nothing the bins would keep.
    """
    snapped = features.copy()
    for column in range(features.shape[1]):
        values = features[:, column]
        # Sorted once for both: the distinct values, and the quantiles, which are those at places next below.
        known = np.sort(values[~np.isnan(values)])
        if np.count_nonzero(known[1:] != known[:-1]) < DISTINCT_VALUES:
            continue
        places = np.floor(np.linspace(0.0, 1.0, DISTINCT_VALUES) * (len(known) - 1)).astype(np.int64)
        levels = np.unique(known[places])
        slot = np.clip(np.searchsorted(levels, values, side="right") - 1, 0, len(levels) - 1)
        snapped[:, column] = np.where(np.isnan(values), values, levels[slot])
    return snapped


def fill_unknown_columns(features: FloatArray) -> FloatArray:
    """Return the features with 0 in the columns nobody has a value in: scikit-learn 1.9 cannot bin those.

    Such columns arise from the data, as where nothing was ever rated low; a constant is never split on.
    """
    unknown = np.isnan(features).all(axis=0)
    return np.where(unknown, np.float32(0.0), features) if unknown.any() else features


class Head(StrEnum):
    """What one classifier of the ranker has learnt; see :class:`movierec.stages.RankerConfig`."""

    NEXT = "next"
    LATER = "later"
    RETURN = "return"


BLENDS: Final[Mapping[Aim, Mapping[Head, float]]] = {
    Aim.BALANCED: {Head.NEXT: 0.65, Head.LATER: 0.25, Head.RETURN: 0.1},
    Aim.NEXT: {Head.NEXT: 0.85, Head.LATER: 0.15},
    Aim.LATER: {Head.NEXT: 0.3, Head.LATER: 0.7},
    Aim.RETURN: {Head.LATER: 0.1, Head.RETURN: 0.9},
    # The nearest the heads have; the engine orders by its match model instead.
    Aim.RATING: {Head.LATER: 1.0},
}
"""Shares of the heads, from inner splits. The next head alone is best for leave-one-out and costs user
timeline on ml-latest-small a tenth (.163; .171 with 30 % later, .181 with 70 %). What people want who come
back is another matter: there the return head finds .179 on ml-100k and .189 on ml-latest-small, with a fifth
of the later head .174 and .196, with a tenth .178 and .192; the balanced order .143 and .129. No order serves
all, so the balanced one leans to what comes next."""

RETURN_LEAF: Final = 20
"""Least rows of a leaf of the return head: a moment of the calendar gives few queries."""

RETURN_PENALTY_INVERSE: Final = 0.005
"""C of its linear part; .001 to .005 are alike, .02 costs .007."""


@dataclass
class Ranker:
    """Orders candidates by the log-odds that the viewer picks and likes them.

    Attributes
    ----------
    models : one fitted classifier per seed and head; none where LambdaMART ranks alone
    feature_names : the list the models were fitted with
    lambdamart : ranks instead of the classifiers, or is averaged with them
    heads : what each model has learnt; all the first head unless given
    linear : blended with the models, head by head; None where it was not wanted
    paths : the models' trees as contributions need them; copied from the models where asked for
    lean : what is added for short histories; nothing where it is None
    forest : the models' trees as plain arrays, copied from the models unless given; None where they do not
        fit that form, then scikit-learn scores
    """

    models: Sequence[HistGradientBoostingClassifier]
    feature_names: tuple[str, ...] = FEATURE_NAMES
    lambdamart: LambdaMart | None = None
    heads: tuple[Head, ...] = ()
    forest: Forest | None = None
    linear: LinearPart | None = None
    paths: TreePaths | None = None
    lean: Lean | None = None

    def __post_init__(self) -> None:
        if not self.heads:
            self.heads = (Head.NEXT,) * len(self.models)
        if self.forest is None and len(self.models):
            self.forest = Forest.of(self.models)

    @classmethod
    def fit(cls, rows: TrainingRows, config: RankerConfig) -> Self:
        """Fit what ``config.kind`` names, every seed on the same rows.

        For the average, LambdaMART's scores are scaled to the spread that the log-odds have within the
        lists of training. The scale is a constant, so that a row scores the same in any list.

        Raises
        ------
        ConfigError
            If the kind needs LightGBM and it is not installed.
        """
        if config.kind == "hist_gradient_boosting":
            return cls._fit_heads(rows, config)
        pairwise = LambdaMart.fit(rows, config)
        if config.kind == "lambdamart":
            return cls([], lambdamart=pairwise)
        ranker = cls._fit_heads(rows, config)
        spread = measure_spread(pairwise.score(rows.features), rows)
        target = measure_spread(ranker.score(rows.features).astype(np.float64), rows)
        ranker.lambdamart = replace(pairwise, scale=target / spread if spread > 0 else 0.0)
        return ranker

    @classmethod
    def _fit_heads(cls, rows: TrainingRows, config: RankerConfig) -> Self:
        """Fit the classifiers of every head that has something to learn from."""
        models: list[HistGradientBoostingClassifier] = []
        heads: list[Head] = []
        examples: list[Examples] = []
        back = rows.round == TIME_CUT
        onwards = ~back if not back.all() else back
        watched, liked = rows.rating > config.watch_rating, rows.rating >= LIKED_RATING
        # A label's distance weighs only where the goal is what comes next.
        flat = np.where(watched, np.float32(1.0), rows.weight)
        ahead = (
            (Head.NEXT, watched, rows.weight, config.seeds),
            (Head.LATER, liked, flat, config.later_seeds),
        )
        returning = ((Head.RETURN, watched, flat, config.return_seeds),)
        returns = config.model_copy(
            update={
                "max_iter": config.return_max_iter,
                "min_samples_leaf": min(RETURN_LEAF, config.min_samples_leaf),
            }
        )
        halves = _halve(onwards, rows.round == POINTS, watched & liked)
        for parts, plans, shape, penalty in (
            (halves, ahead, config, PENALTY_INVERSE),
            ((back,), returning, returns, RETURN_PENALTY_INVERSE),
        ):
            whole = np.logical_or.reduce(parts)
            prepared = [_prepare(rows.features[part]) for part in parts]
            for head, label, weight, seeds in plans:
                if len(np.unique(label[whole])) < 2 or not seeds:
                    continue
                for number, seed in enumerate(seeds):
                    turn = number % len(parts)
                    part = parts[turn]
                    models.append(_fit_classifier(prepared[turn], label[part], weight[part], shape, seed))
                heads += [head] * len(seeds)
                examples.append(Examples(rows.features[whole], label[whole], weight[whole], penalty))
        linear = LinearPart.fit(config.linear_share, examples) if examples and config.linear_share else None
        return cls(models, heads=tuple(heads), linear=linear)

    def blend(self, aim: Aim = Aim.BALANCED) -> dict[Head, float]:
        """Return the share of every head there is under an aim, one in all.

        Heads that are missing, for want of data, leave their share to the others; without any of those
        the aim asks for, all models count alike.
        """
        wanted = BLENDS[aim]
        known = dict.fromkeys(self.heads)
        share = {head: wanted.get(head, 0.0) for head in known}
        if not any(share.values()):
            share = {head: float(self.heads.count(head)) for head in known}
        total = max(sum(share.values()), 1e-12)
        return {head: value / total for head, value in share.items()}

    def shares(self, aim: Aim = Aim.BALANCED) -> NDArray[np.float64]:
        """Return float64[len(models)]: the weight of each model; with that of the linear part one in all."""
        blend = self.blend(aim)
        trees = 1.0 - (self.linear.share if self.linear is not None else 0.0)
        return np.array([trees * blend[head] / self.heads.count(head) for head in self.heads])

    def linear_shares(self, aim: Aim = Aim.BALANCED) -> NDArray[np.float64]:
        """Return float64[n_heads]: the weight of each head of the linear part; 0 without one."""
        share = self.linear.share if self.linear is not None else 0.0
        return share * np.array(list(self.blend(aim).values()))

    def leans(self, aim: Aim) -> bool:
        """Return whether short histories lean on everybody; who comes back is told apart by other things."""
        return self.lean is not None and aim is not Aim.RETURN

    def score(self, rows: FloatArray, aim: Aim = Aim.BALANCED, wished: bool = False) -> FloatArray:
        """Return float32[n]: blended log-odds of trees and linear part, LambdaMART's score, or the mean.

        Short histories lean on everybody as far as the ranker has learnt; ``wished`` says that the person
        named genres, which then count as well.

        Raises
        ------
        IncompatibleBundleError
            If the rows are not of the list the ranker was fitted with.
        """
        if rows.shape[1] != len(self.feature_names) or self.feature_names != FEATURE_NAMES:
            raise IncompatibleBundleError(
                f"the ranker was fitted with {len(self.feature_names)} features of another list than "
                f"the {rows.shape[1]} it was given; run: movierec build"
            )
        if not len(rows):
            return np.empty(0, np.float32)
        parts: list[NDArray[np.float64]] = []
        if self.forest is not None:
            parts.append(self.forest.score(rows, self.shares(aim)))
        elif self.models:
            parts.append(self._score_by_library(rows, aim))
        if self.linear is not None and parts:
            parts[0] = parts[0] + self.linear.score(rows, self.linear_shares(aim))
        if self.lambdamart is not None:
            parts.append(self.lambdamart.score(rows))
        mean: FloatArray = (np.sum(parts, axis=0) / len(parts)).astype(np.float32)
        if self.lean is not None and self.leans(aim):
            mean = (mean + self.lean.score(rows, wished)).astype(np.float32)
        return mean

    def _score_by_library(self, rows: FloatArray, aim: Aim) -> NDArray[np.float64]:
        """Return what the forest does, several times slower: its reference, and for trees it cannot hold."""
        blended = np.zeros(len(rows))
        with threadpool_limits(limits=1, user_api="openmp"):
            for share, model in zip(self.shares(aim), self.models, strict=True):
                if share:
                    blended += share * model.decision_function(rows)
        return blended


def _prepare(features: FloatArray) -> FloatArray:
    features = fill_unknown_columns(features)
    return snap_to_quantiles(features) if len(features) <= SUBSAMPLED_ROWS else features


def _halve(onwards: BoolArray, points: BoolArray, positive: BoolArray) -> tuple[BoolArray, ...]:
    """Return the rows of rounds of points and the others, or all together where one half lacks a label."""
    halves = (onwards & ~points, onwards & points)
    return halves if all(len(np.unique(positive[half])) == 2 for half in halves) else (onwards,)


def _fit_classifier(
    features: FloatArray,
    label: BoolArray,
    weight: FloatArray,
    config: RankerConfig,
    seed: int,
) -> HistGradientBoostingClassifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=config.max_iter,
        learning_rate=config.learning_rate,
        max_leaf_nodes=config.max_leaf_nodes,
        min_samples_leaf=config.min_samples_leaf,
        l2_regularization=config.l2_regularization,
        max_features=config.max_features,
        # SHAP is silently wrong with categorical splits, so every feature is numeric.
        categorical_features=None,
        early_stopping=False,
        random_state=seed,
    ).fit(features, label, sample_weight=weight)
