"""Exact contributions of features to a ranker score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """TreeSHAP (Lundberg et al., 2020) of every classifier and the linear terms, blended as the score is.

    ``shap`` is imported on first use. LambdaMART's own values are as exact and come from LightGBM.
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker
        self._explainers: list[object] = []

    def explain(self, rows: FloatArray, aim: Aim = Aim.BALANCED) -> Contributions:
        """Return the contributions of each row's features to its score under an aim."""
        if self.ranker.models and not self._explainers:
            import shap

            self._explainers = [shap.TreeExplainer(model) for model in self.ranker.models]
        count = len(self._explainers)
        values = np.zeros(rows.shape, np.float64)
        base = 0.0
        for weight, explainer in zip(self.ranker.shares(aim), self._explainers, strict=True):
            if not weight:
                continue
            # The additivity check of shap is redone by our tests on the mean of the seeds.
            values += weight * np.asarray(explainer.shap_values(rows, check_additivity=False))  # type: ignore[attr-defined]
            base += weight * float(np.ravel(explainer.expected_value)[0])  # type: ignore[attr-defined]
        if self.ranker.linear is not None and count:
            constant, added = self.ranker.linear.contribute(rows, self.ranker.linear_shares(aim))
            values += added
            base += constant
        pairwise = self.ranker.lambdamart
        if pairwise is not None:
            theirs = pairwise.contribute(rows)
            share = 0.5 if count else 1.0
            values = (1.0 - share) * values + share * theirs[:, :-1]
            base = (1.0 - share) * base + share * (float(theirs[0, -1]) if len(rows) else 0.0)
        return Contributions(base, values)
