"""Films like a film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movierec.ranking.features import FeatureBuilder
from movierec.recall.base import top_n
from movierec.schema import Catalog


@dataclass(frozen=True, slots=True)
class Similar:
    """A neighbour of an item: cosine-like similarity in [0, 1] and, in words, what it rests on."""

    item_idx: int
    similarity: float
    basis: str


def find_similar(builder: FeatureBuilder, catalog: Catalog, item_idx: int, n: int) -> tuple[Similar, ...]:
    """Return the nearest items: by who likes them where enough people did, else by what they are."""
    behaviour = np.maximum(builder.factors @ builder.factors[item_idx], 0.0)
    content = builder.genre_unit @ builder.genre_unit[item_idx]
    years = np.abs(catalog.year - catalog.year[item_idx])
    content = content * np.exp(-np.minimum(years, 60) / 40.0)
    enough = np.sqrt(np.minimum(builder.item_columns[:, 0], 50.0) / 50.0)
    weight = enough * float(enough[item_idx])
    blend = (weight * behaviour + (1.0 - 0.7 * weight) * 0.5 * content).astype(np.float32)
    blend[item_idx] = -np.inf
    return tuple(
        Similar(
            int(other),
            float(np.clip(blend[other], 0.0, 1.0)),
            "liked by the same people"
            if weight[other] * behaviour[other] >= 0.5 * (1.0 - 0.7 * weight[other]) * content[other]
            else "same genres and era",
        )
        for other in top_n(blend, n)
    )
