"""Exact contributions of features to a ranker score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.paths import TreePaths
from movierec.ranking.ranker import Ranker
from movierec.schema import Aim, FloatArray


@dataclass(frozen=True)
class Contributions:
    """Exact values on the log-odds scale: ``base + values.sum(axis=1)`` is the ranker's score.

    Attributes
    ----------
    base : float
    values : float64[n, n_features]
    """

    base: float
    values: NDArray[np.float64]


class Explainer:
    """Shapley values of the trees and the linear terms, blended as the score of an aim is.

    LambdaMART's own values are as exact and come from LightGBM.
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker

    @cached_property
    def _paths(self) -> TreePaths | None:
        if self.ranker.paths is not None or not len(self.ranker.models):
            return self.ranker.paths
        return TreePaths.of(self.ranker.models)

    def explain(self, rows: FloatArray, aim: Aim = Aim.BALANCED, wished: bool = False) -> Contributions:
        """Return the contributions of each row's features to its score, asked for in the same way."""
        base, values = 0.0, np.zeros(rows.shape)
        if self._paths is not None:
            base, values = self._paths.contribute(rows, self.ranker.shares(aim))
            if self.ranker.linear is not None:
                constant, added = self.ranker.linear.contribute(rows, self.ranker.linear_shares(aim))
                base, values = base + constant, values + added
        pairwise = self.ranker.lambdamart
        if pairwise is not None:
            theirs = pairwise.contribute(rows)
            share = 0.5 if self._paths is not None else 1.0
            values = (1.0 - share) * values + share * theirs[:, :-1]
            base = (1.0 - share) * base + share * (float(theirs[0, -1]) if len(rows) else 0.0)
        if self.ranker.lean is not None and self.ranker.leans(aim):
            values = values + self.ranker.lean.contribute(rows, wished)
        return Contributions(base, values)
