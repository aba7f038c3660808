"""Recall fitted on a part of the data, and the ranker's rows for whoever is asked about that part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from movierec.ranking.features import FeatureBuilder
from movierec.ranking.store import FeatureStore
from movierec.recall.fusion import Fusion
from movierec.recall.merge import Merged
from movierec.recall.sources import fit_sources
from movierec.schema import Catalog, FloatArray, History, Interactions
from movierec.stages import BuildConfig


@dataclass(frozen=True)
class Proposer:
    """Recall and features fitted on the same rows."""

    fusion: Fusion
    builder: FeatureBuilder

    @classmethod
    def fit(cls, past: Interactions, catalog: Catalog, config: BuildConfig) -> Self:
        """Fit every source and what the features need; ``past`` has at least one event."""
        sources = fit_sources(config.recall, past, catalog)
        # The builder reads no other table of the store.
        store = FeatureStore.compute(past, catalog, int(past.timestamp.max()), names=["item_features"])
        return cls(Fusion(sources, config.recall.merge), FeatureBuilder.fit(sources, past, catalog, store))

    def propose(self, history: History) -> tuple[Merged, FloatArray]:
        """Return the merged candidates and their rows, float32[n, len(FEATURE_NAMES)]."""
        scores = self.fusion.score(history)
        merged = self.fusion.merge(history, scores)
        return merged, self.builder.build(history, merged.item_idx, scores, merged.score)
