"""Item pace: at which step of their timelines people get to an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from movierec.schema import SECONDS_PER_DAY, FloatArray, Interactions

_SPREAD_FLOOR = 0.2
_PRIOR_EVENTS = 5.0


@dataclass(frozen=True)
class ItemPace:
    """Averages over everybody who rated the item.

    Attributes
    ----------
    step, spread : float32[n_items], mean and deviation of log(1 + events before it)
    place : float32[n_items], mean position as a share of the timeline, drawn towards one half
    days_in : float32[n_items], mean log(1 + days since the person's first event)
    """

    step: FloatArray
    spread: FloatArray
    place: FloatArray
    days_in: FloatArray

    @classmethod
    def fit(cls, interactions: Interactions) -> Self:
        """Average positions per item; tied events share the count of strictly earlier ones."""
        user, item = interactions.user_idx, interactions.item_idx
        start = interactions.offsets[:-1][user]
        total = np.diff(interactions.offsets)[user]
        row = np.arange(len(interactions))
        fresh = np.ones(len(interactions), np.bool_)
        fresh[1:] = (user[1:] != user[:-1]) | (interactions.timestamp[1:] != interactions.timestamp[:-1])
        position = np.maximum.accumulate(np.where(fresh, row, 0)) - start
        first = interactions.timestamp[start] if len(interactions) else interactions.timestamp
        days = np.log1p((interactions.timestamp - first) / SECONDS_PER_DAY)

        def total_of(weight: NDArray[Any]) -> NDArray[np.float64]:
            return np.bincount(item, weights=weight, minlength=interactions.n_items).astype(np.float64)

        events = np.bincount(item, minlength=interactions.n_items)
        count = np.maximum(events, 1)
        step = np.log1p(position)
        mean = total_of(step) / count
        variance = np.maximum(total_of(step**2) / count - mean**2, 0.0)
        place = (total_of(position / np.maximum(total, 1)) + 0.5 * _PRIOR_EVENTS) / (events + _PRIOR_EVENTS)
        return cls(
            mean.astype(np.float32),
            np.sqrt(variance + _SPREAD_FLOOR).astype(np.float32),
            place.astype(np.float32),
            (total_of(days) / count).astype(np.float32),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under stable names."""
        return {"step": self.step, "spread": self.spread, "place": self.place, "days_in": self.days_in}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(state["step"], state["spread"], state["place"], state["days_in"])
