"""Taste: what a history leans to, beside what everybody watches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from movierec.recall.base import liked
from movierec.schema import Catalog, FloatArray, History, Interactions

MAX_DIRECTORS = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a viewer's liked titles beside everybody's."""

    name: str
    share: float
    everyone: float


@dataclass(frozen=True, slots=True)
class Taste:
    """A profile of one history."""

    n_events: int
    mean_rating: float | None
    genres: tuple[Share, ...]
    eras: tuple[Share, ...]
    directors: tuple[Share, ...]


@dataclass(frozen=True)
class TasteMeter:
    """Compares histories with everybody's likes in one data set."""

    catalog: Catalog
    interactions: Interactions

    @cached_property
    def _everyone(self) -> FloatArray:
        """float32[n_items]: likes per item, the weights of everybody's shares."""
        positive = liked(self.interactions.rating, self.interactions.confidence)
        counts = np.bincount(self.interactions.item_idx[positive], minlength=len(self.catalog))
        return counts.astype(np.float32)

    @cached_property
    def _usual(self) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        items = np.flatnonzero(self._everyone)
        return self._shares(items, self._everyone[items])

    def measure(self, history: History) -> Taste:
        """Return genre, era and director shares of the liked events, largest first."""
        positive = liked(history.rating, history.confidence)
        items = history.item_idx[positive]
        own = self._shares(items, np.ones(len(items), np.float32))
        rated = history.rating[~np.isnan(history.rating)]
        genres, eras, directors = (
            _compare(mine, usual) for mine, usual in zip(own, self._usual, strict=True)
        )
        return Taste(
            len(history),
            float(rated.mean()) if len(rated) else None,
            tuple(genres),
            tuple(sorted(eras, key=lambda share: share.name)),
            tuple(directors[:MAX_DIRECTORS]),
        )

    def _shares(
        self, items: Iterable[int] | NDArray[np.int64], weights: FloatArray
    ) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        genres: dict[str, float] = defaultdict(float)
        eras: dict[str, float] = defaultdict(float)
        directors: dict[str, float] = defaultdict(float)
        for item, weight in zip(items, weights.tolist(), strict=True):
            own = self.catalog.genres[item]
            for genre in own:
                genres[genre] += weight / len(own)
            year = int(self.catalog.year[item])
            if year:
                eras[f"{year // 10 * 10}s"] += weight
            director = self.catalog.director[item]
            if director:
                directors[director] += weight
        return _normalise(genres), _normalise(eras), _normalise(directors)


def _normalise(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {name: amount / total for name, amount in amounts.items()} if total else {}


def _compare(mine: Mapping[str, float], usual: Mapping[str, float]) -> list[Share]:
    shares = [Share(name, share, usual.get(name, 0.0)) for name, share in mine.items()]
    return sorted(shares, key=lambda share: (-share.share, share.name))
