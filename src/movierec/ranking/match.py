"""Match: the probability that a viewer likes an item if they watch it, as shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.training import TrainingRows
from movierec.recall.base import LIKED_RATING
from movierec.schema import FloatArray

INPUTS: Final = (
    "user_liked_share",
    "user_mean_rating",
    "item_liked_rate",
    "item_mean_rating",
    "genre_liked_share",
    "factor_match_all",
    "item_item_rank",
    "als_rank",
)
"""What liking depends on once somebody watches; ranks enter as logarithms."""

_OWN_LIKING: Final = ("user_liked_share", "user_mean_rating", "genre_liked_share")
_COLUMNS: Final = [FEATURE_NAMES.index(name) for name in INPUTS]
_PERSONAL: Final = [INPUTS.index(name) for name in _OWN_LIKING]
_N_EVENTS: Final = FEATURE_NAMES.index("user_interactions")
_RANKS: Final = [position for position, name in enumerate(INPUTS) if name.endswith("_rank")]
MIN_EXAMPLES: Final = 50

PRIOR_EVENTS: Final = 40.0
"""Imagined average events that shrink what is known of a viewer's own liking: three likes and nothing else
prove little. The experiment is in docs/quality.md."""


@dataclass(frozen=True)
class MatchModel:
    """Logistic regression on a few standardised features; plain arrays, no pickle.

    Attributes
    ----------
    centre, scale, weight : float64[len(INPUTS)]
    bias : float, log-odds of the average watched item
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float

    @classmethod
    def fit(cls, rows: TrainingRows | None) -> Self:
        """Learn from watched candidates whether they were liked; the base rate where there are few."""
        width = len(INPUTS)
        blank = cls(np.zeros(width), np.ones(width), np.zeros(width), 0.0)
        if rows is None:
            return blank
        watched = rows.rating >= 0
        liked = rows.rating[watched] >= LIKED_RATING
        if min(int(liked.sum()), int((~liked).sum())) < MIN_EXAMPLES:
            share = (liked.sum() + 1.0) / (len(liked) + 2.0)
            return cls(blank.centre, blank.scale, blank.weight, float(np.log(share / (1.0 - share))))
        from sklearn.linear_model import LogisticRegression

        features = rows.features[watched]
        inputs = _read_inputs(features)
        # By hand, because nanmean warns about an input that is unknown everywhere.
        known = ~np.isnan(inputs)
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.nan_to_num(inputs).sum(axis=0) / count
        deviation = np.where(known, inputs - centre, 0.0)
        scale = np.maximum(np.sqrt((deviation**2).sum(axis=0) / count), 1e-6)
        standard = cls(centre, scale, blank.weight, 0.0)._standardise(features)
        model = LogisticRegression(C=1.0, max_iter=200).fit(standard, liked)
        return cls(centre, scale, model.coef_[0].astype(np.float64), float(model.intercept_[0]))

    @property
    def base_rate(self) -> float:
        """Probability of liking the average watched item."""
        return float(1.0 / (1.0 + np.exp(-self.bias)))

    def predict(self, rows: FloatArray) -> FloatArray:
        """Return float32[n] probabilities; an unknown input counts as average."""
        chance: FloatArray = expit(self._standardise(rows) @ self.weight + self.bias).astype(np.float32)
        return chance

    def score(self, rows: FloatArray) -> FloatArray:
        """Return float32[n] log-odds of :meth:`predict`: the order of lists that ask for the best match."""
        # Not a matrix product: a row must score the same to the last bit in any batch.
        summed = np.einsum("ij,j->i", self._standardise(rows), self.weight)
        odds: FloatArray = (summed + self.bias).astype(np.float32)
        return odds

    def contribute(self, rows: FloatArray) -> NDArray[np.float64]:
        """Return float64[n, n_features]; with ``bias`` they add up to :meth:`score`."""
        values = np.zeros(rows.shape)
        values[:, _COLUMNS] = self._standardise(rows) * self.weight
        return values

    def _standardise(self, rows: FloatArray) -> NDArray[np.float64]:
        inputs: NDArray[np.float64] = np.nan_to_num((_read_inputs(rows) - self.centre) / self.scale)
        n_events = np.nan_to_num(rows[:, _N_EVENTS]).astype(np.float64)
        inputs[:, _PERSONAL] *= (n_events / (n_events + PRIOR_EVENTS))[:, None]
        return inputs

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "weight": self.weight,
            "bias": np.array([self.bias]),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(state["centre"], state["scale"], state["weight"], float(state["bias"][0]))


def _read_inputs(rows: FloatArray) -> NDArray[np.float64]:
    inputs = rows[:, _COLUMNS].astype(np.float64)
    inputs[:, _RANKS] = np.log(inputs[:, _RANKS])
    return inputs
