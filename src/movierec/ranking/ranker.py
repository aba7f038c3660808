"""The ranker: HistGradientBoosting over candidate rows, LambdaMART where asked for, seeds averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from movierec.errors import IncompatibleBundleError
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.lambdamart import LambdaMart, measure_spread
from movierec.ranking.training import WATCH_AHEAD_RATING, TrainingRows
from movierec.recall.base import LIKED_RATING
from movierec.schema import BoolArray, FloatArray
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
        known = values[~np.isnan(values)]
        if len(np.unique(known)) <= DISTINCT_VALUES:
            continue
        levels = np.unique(np.quantile(known, np.linspace(0.0, 1.0, DISTINCT_VALUES), method="lower"))
        slot = np.clip(np.searchsorted(levels, values, side="right") - 1, 0, len(levels) - 1)
        snapped[:, column] = np.where(np.isnan(values), values, levels[slot])
    return snapped


def fill_unknown_columns(features: FloatArray) -> FloatArray:
    """Return the features with 0 in the columns nobody has a value in: scikit-learn 1.9 cannot bin those.

    Such columns arise from the data, as where nothing was ever rated low; a constant is never split on.
    """
    unknown = np.isnan(features).all(axis=0)
    return np.where(unknown, np.float32(0.0), features) if unknown.any() else features


@dataclass
class Ranker:
    """Orders candidates by the log-odds that the viewer picks and likes them next.

    Attributes
    ----------
    models : one fitted classifier per seed and goal; none where LambdaMART ranks alone
    feature_names : the list the models were fitted with
    lambdamart : ranks instead of the classifiers, or is averaged with them
    shares : float64[len(models)], weight of each in the score, one in all; equal ones unless given
    """

    models: Sequence[HistGradientBoostingClassifier]
    feature_names: tuple[str, ...] = FEATURE_NAMES
    lambdamart: LambdaMart | None = None
    shares: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if not len(self.shares):
            self.shares = np.full(len(self.models), 1.0 / max(len(self.models), 1))

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
            return cls._fit_goals(rows, config)
        pairwise = LambdaMart.fit(rows, config)
        if config.kind == "lambdamart":
            return cls([], lambdamart=pairwise)
        ranker = cls._fit_goals(rows, config)
        spread = measure_spread(pairwise.score(rows.features), rows)
        target = measure_spread(ranker.score(rows.features).astype(np.float64), rows)
        ranker.lambdamart = replace(pairwise, scale=target / spread if spread > 0 else 0.0)
        return ranker

    @classmethod
    def _fit_goals(cls, rows: TrainingRows, config: RankerConfig) -> Self:
        """Fit the classifiers of both goals."""
        features = _prepare(rows.features)
        watched, liked = rows.rating > WATCH_AHEAD_RATING, rows.rating >= LIKED_RATING
        later_seeds = config.later_seeds if liked.any() else ()
        next_share = 1.0 - config.later_share if later_seeds else 1.0
        models = _fit_classifiers(features, watched, rows.weight, config, config.seeds)
        # A label's distance weighs only where the goal is what comes next.
        flat = np.where(watched, np.float32(1.0), rows.weight)
        models += _fit_classifiers(features, liked, flat, config, later_seeds)
        share = [next_share / max(len(config.seeds), 1)] * len(config.seeds)
        share += [(1.0 - next_share) / max(len(later_seeds), 1)] * len(later_seeds)
        return cls(models, shares=np.array(share))

    def score(self, rows: FloatArray) -> FloatArray:
        """Return float32[n]: blended log-odds of the models, or LambdaMART's score, or the mean of both.

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
        if self.models:
            with threadpool_limits(limits=1, user_api="openmp"):
                parts.append(self.shares @ np.stack([model.decision_function(rows) for model in self.models]))
        if self.lambdamart is not None:
            parts.append(self.lambdamart.score(rows))
        mean: FloatArray = (np.sum(parts, axis=0) / len(parts)).astype(np.float32)
        return mean


def _prepare(features: FloatArray) -> FloatArray:
    features = fill_unknown_columns(features)
    return snap_to_quantiles(features) if len(features) <= SUBSAMPLED_ROWS else features


def _fit_classifiers(
    features: FloatArray,
    label: BoolArray,
    weight: FloatArray,
    config: RankerConfig,
    seeds: Sequence[int],
) -> list[HistGradientBoostingClassifier]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return [
        HistGradientBoostingClassifier(
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
        for seed in seeds
    ]
