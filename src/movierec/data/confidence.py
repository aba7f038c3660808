"""How strongly an event speaks for an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from movierec.schema import FloatArray

NEUTRAL_RATING: Final = 2.5
DEFAULT_EVENT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {"watch": 1.0, "like": 2.0, "complete": 3.0}
)


@dataclass(frozen=True)
class ConfidenceConfig:
    """The mapping from events to confidence.

    Attributes
    ----------
    neutral_rating : stars that say nothing either way; what lies above counts
    event_weights : confidence of one event of each kind; several per pair are summed
    """

    neutral_rating: float = NEUTRAL_RATING
    event_weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_EVENT_WEIGHTS)


def from_ratings(rating: ArrayLike, neutral: float = NEUTRAL_RATING) -> FloatArray:
    """Turn stars into confidence: what lies above neutral, never below 0.

    Parameters
    ----------
    rating : stars from 0.5 to 5, any shape; NaN (no rating) gives 0
    neutral : stars that say nothing either way

    Returns
    -------
    float32 of the shape of ``rating``
    """
    stars = np.asarray(rating, np.float32)
    above: FloatArray = np.maximum(stars - np.float32(neutral), np.float32(0))
    return np.where(np.isnan(above), np.float32(0), above)
