"""LambdaMART, an optional ranker: trees grown on pairs of one list rather than on single rows.

LightGBM's own ``lambdarank`` multiplies a row's gradient by its weight after the pairs are made, so thinned
negatives neither count as often nor take as many places as they stand for. The gradients are ours, see
:mod:`movierec.ranking.pairwise`; the trees are LightGBM's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.errors import ConfigError, IncompatibleBundleError
from movierec.ranking.pairwise import DoubleArray, add_lambdas
from movierec.ranking.training import TrainingRows
from movierec.recall.base import LIKED_RATING
from movierec.schema import FloatArray
from movierec.stages import RankerConfig

if TYPE_CHECKING:
    from lightgbm import Booster

TRUNCATION: Final = 200.0
"""Pairs wholly below this place do not count: nobody scrolls there."""

WEAK_GAIN: Final = 1.0
LIKED_GAIN: Final = 3.0
"""Graded relevance ``2^grade - 1``: a positive below four stars is grade 1, a liked one grade 2."""

REMEDY: Final = "install it: pip install 'movierec[lightgbm]'"


def import_lightgbm() -> ModuleType:
    """Return LightGBM; raises ``ConfigError`` with the remedy where the extra is not installed."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: its OpenMP library is missing
        raise ConfigError(f"this ranker needs LightGBM, which cannot be imported; {REMEDY}") from error
    # Named, because without LightGBM its import has no type.
    module: ModuleType = lightgbm
    return module


@dataclass(frozen=True)
class LambdaMart:
    """Fitted trees, one booster per seed.

    Attributes
    ----------
    boosters : the seeds, averaged
    scale : what the mean is multiplied with, so that it can be averaged with log-odds
    """

    boosters: Sequence[Booster]
    scale: float = 1.0

    @classmethod
    def fit(cls, rows: TrainingRows, config: RankerConfig) -> Self:
        """Fit one booster per seed; rows of a query must stand together.

        Raises
        ------
        ConfigError
            If LightGBM is not installed.
        """
        lightgbm = import_lightgbm()
        boosters = []
        for seed in config.seeds:
            params = {
                "objective": _Objective(rows, config.watch_rating),
                "learning_rate": config.learning_rate,
                "num_leaves": config.max_leaf_nodes,
                "min_data_in_leaf": config.min_samples_leaf,
                "lambda_l2": config.l2_regularization,
                "feature_fraction_bynode": config.max_features,
                "seed": seed,
                "deterministic": True,
                "force_row_wise": True,
                "verbose": -1,
            }
            data = lightgbm.Dataset(rows.features, params=params)
            boosters.append(lightgbm.train(params, data, config.max_iter))
        return cls(boosters)

    def score(self, rows: FloatArray) -> DoubleArray:
        """Return float64[n]: scaled mean of the seeds; only differences within a list mean anything."""
        total: DoubleArray = np.sum([one.predict(rows, num_threads=1) for one in self.boosters], axis=0)
        return total * (self.scale / len(self.boosters))

    def contribute(self, rows: FloatArray) -> NDArray[np.float64]:
        """Return float64[n, n_features + 1]: exact TreeSHAP values of the score, the base value last."""
        values = np.sum(
            [one.predict(rows, pred_contrib=True, num_threads=1) for one in self.boosters], axis=0
        )
        scaled: NDArray[np.float64] = np.asarray(values, np.float64) * (self.scale / len(self.boosters))
        return scaled

    def texts(self) -> list[str]:
        """Return every booster in LightGBM's text format."""
        return [booster.model_to_string() for booster in self.boosters]

    @classmethod
    def from_texts(cls, texts: Sequence[str], scale: float) -> Self:
        """Inverse of :meth:`texts`.

        Raises
        ------
        IncompatibleBundleError
            If LightGBM is not installed.
        """
        try:
            lightgbm = import_lightgbm()
        except ConfigError as error:
            raise IncompatibleBundleError(
                f"the bundle's ranker needs LightGBM, which cannot be imported; {REMEDY}, or build "
                "without it: movierec build"
            ) from error
        return cls([lightgbm.Booster(model_str=text) for text in texts], scale)


class _Objective:
    """Gradient and hessian of the loss, as LightGBM asks for them."""

    def __init__(self, rows: TrainingRows, watch_rating: float) -> None:
        stop = np.flatnonzero(np.diff(rows.query)) + 1
        self.offsets = np.concatenate(([0], stop, [len(rows)])).astype(np.int64)
        liked = rows.rating >= LIKED_RATING
        self.gain = np.where(liked, LIKED_GAIN, np.where(rows.rating > watch_rating, WEAK_GAIN, 0.0))
        self.gain = self.gain.astype(np.float32)
        # Weighing near positives more, as rows do, measured no better on held-out queries.
        self.weight = np.where(self.gain > 0.0, np.float32(1.0), rows.weight)
        self.gradient = np.empty(len(rows))
        self.hessian = np.empty(len(rows))

    def __call__(self, score: NDArray[Any], _: object) -> tuple[DoubleArray, DoubleArray]:
        add_lambdas(
            np.asarray(score, np.float64),
            self.gain,
            self.weight,
            self.offsets,
            TRUNCATION,
            self.gradient,
            self.hessian,
        )
        # The mean hessian of a row becomes 1, so that the regularisation means the same on any data.
        unit = 1.0 / max(float(self.hessian.mean()), 1e-12)
        return self.gradient * unit, self.hessian * unit


def measure_spread(score: DoubleArray, rows: TrainingRows) -> float:
    """Return the standard deviation of a score within queries, thinned rows weighed up."""
    _, query = np.unique(rows.query, return_inverse=True)
    weight = np.bincount(query, rows.weight)
    mean = np.bincount(query, rows.weight * score) / np.maximum(weight, 1e-12)
    return float(np.sqrt(np.average((score - mean[query]) ** 2, weights=rows.weight)))
