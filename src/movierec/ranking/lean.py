"""How far the order of a short history leans on what everybody likes.

The ranker learns from timelines of some length; asked with one or two titles it follows them too far. So
a multiple of each film's crowd term is added to its score, the larger the shorter the history, and
nothing from :data:`ENOUGH` events on. It is a function of the row alone, as all of the score, so that
batches equal single rows and contributions stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.features import FEATURE_NAMES
from movierec.schema import FloatArray

Doubles = NDArray[np.float64]

STEPS: Final = (0, 1, 3, 5, 10)
"""Numbers of events at which the multiple is set; straight lines between them."""

ENOUGH: Final = 15
"""Events from which on the ranker's word stands alone."""

USUAL: Final = (4.0, 4.0, 3.0, 3.0, 1.0)
"""Multiples at ``STEPS`` where a data set has too few viewers to learn from; what ml-latest-small's inner
viewers give, where 2 to 6 are alike."""

WISH: Final = 0.25
"""Weight of the genre source beside the crowd where genres were wished for: on ml-latest-small's inner
viewers .93 to .99 of the first ten are then of those genres (.54 to .79 without, all films with 1)."""

_N_EVENTS: Final = FEATURE_NAMES.index("user_interactions")
_CROWD: Final = FEATURE_NAMES.index("item_conf_sum")
_GENRE: Final = FEATURE_NAMES.index("genre_score")


@dataclass(frozen=True)
class Lean:
    """The multiples: float64[len(STEPS)] at ``STEPS`` events."""

    weight: tuple[float, ...] = USUAL

    def at(self, n_events: NDArray[Any]) -> Doubles:
        """Return the multiple for histories of so many events; any shape."""
        known = np.asarray(n_events, np.float64)
        return np.interp(known, (*STEPS, ENOUGH), (*self.weight, 0.0))

    def score(self, rows: FloatArray, wished: bool = False) -> Doubles:
        """Return float64[n], what is added to the scores of ``rows``, float32[n, len(FEATURE_NAMES)].

        ``wished`` says that the person named genres, which then count beside the crowd.
        """
        term = read_crowd(rows)
        if wished:
            term = term + WISH * rows[:, _GENRE].astype(np.float64)
        return self.at(rows[:, _N_EVENTS]) * term

    def contribute(self, rows: FloatArray, wished: bool = False) -> Doubles:
        """Return float64[n, len(FEATURE_NAMES)]; rows add up to :meth:`score`."""
        values = np.zeros(rows.shape)
        multiple = self.at(rows[:, _N_EVENTS])
        values[:, _CROWD] = multiple * read_crowd(rows)
        if wished:
            values[:, _GENRE] = multiple * WISH * rows[:, _GENRE]
        return values

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the multiples under a stable name."""
        return {"weight": np.array(self.weight)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Inverse of :meth:`state`."""
        return cls(tuple(state["weight"].tolist()))


def read_crowd(rows: FloatArray) -> Doubles:
    """Return float64[n]: log(1 + confidence that all viewers together have in the film).

    Confidence and not events: on inner viewers it finds as much on ml-latest-small (.257 and .261 with
    nothing known) and far more on ml-100k (.294 and .231). Recent activity alone finds less on both.
    """
    return np.log1p(np.maximum(np.nan_to_num(rows[:, _CROWD].astype(np.float64)), 0.0))
