"""What else than this process may run the parts of a build that grow with the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from movierec.ranking.store import FeatureStore
from movierec.recall.base import RecallSource
from movierec.schema import Catalog, Interactions
from movierec.stages import RecallConfig

Receipt = Mapping[str, str | int | float | bool | None]


class Compute(Protocol):
    """Fits recall and computes the feature tables of a build."""

    @property
    def receipt(self) -> Receipt:
        """Engine, version and settings: part of a build's fingerprint, kept in the bundle's manifest."""

    def fit_sources(
        self, config: RecallConfig, interactions: Interactions, catalog: Catalog
    ) -> Mapping[str, RecallSource]:
        """Return every source fitted on all of these rows."""

    def aggregate(
        self, interactions: Interactions, catalog: Catalog, as_of: int, prior_strength: float
    ) -> FeatureStore:
        """Return every table of the feature store."""
