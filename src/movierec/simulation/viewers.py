"""Simulated viewers in front of a list: what they look at, what they like, what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from scipy.special import ndtr

from movierec.data.sample import AudienceConfig, draw_audience
from movierec.data.tables import hash_tables
from movierec.schema import Catalog, Dataset, DatasetInfo, FloatArray, IntArray

LIKED: Final = 1
DISLIKED: Final = -1

# Ratings come in halves, so what is above 3.75 is rounded to 4 stars.
_LIKED_FROM: Final = 3.75
_DISLIKED_BELOW: Final = 2.25
_SAYS_DISLIKE: Final = 0.3
"""Chance that somebody who disliked a film says so; likes are always said."""


@dataclass(frozen=True)
class Viewers:
    """An audience whose taste is known.

    Attributes
    ----------
    dataset : what they rated before the simulation begins
    stars : float32[n_viewers, n_films], what each would rate each film on average
    noise : standard deviation of one rating
    position_bias : the place k is looked at with chance k ** -position_bias
    """

    dataset: Dataset
    stars: FloatArray
    noise: float
    position_bias: float = 0.7

    @classmethod
    def draw(cls, films: Catalog, config: AudienceConfig) -> Self:
        """Draw an audience of the sample's generator."""
        audience = draw_audience(films, config)
        rows = audience.interactions
        user_id = tuple(str(number) for number in range(1, rows.n_users + 1))
        info = DatasetInfo(
            name="simulated-viewers",
            content_hash=hash_tables(user_id, films, rows),
            simulated=True,
            licence="none needed: the audience is simulated",
            citation="",
            n_users=rows.n_users,
            n_items=len(films),
            n_interactions=len(rows),
            n_quarantined=0,
            now=int(rows.timestamp.max(initial=0)),
        )
        return cls(Dataset(info, user_id, films, rows), audience.stars, audience.noise)

    def __len__(self) -> int:
        return len(self.stars)

    @cached_property
    def like_chance(self) -> FloatArray:
        """float32[n_viewers, n_films]: the true chance of 4 stars or more, once a film is watched."""
        chance: FloatArray = ndtr((self.stars - np.float32(_LIKED_FROM)) / np.float32(self.noise))
        return chance

    def examine_chance(self, n_places: int) -> FloatArray:
        """Return float32[n_places]: how likely each place is looked at."""
        places = np.arange(1, n_places + 1, dtype=np.float32)
        chance: FloatArray = places ** np.float32(-self.position_bias)
        return chance

    def satisfaction(self, viewer: IntArray, lists: IntArray) -> FloatArray:
        """Return float32[n]: the share of each list (int32[n, k]) its viewer would truly like."""
        return np.asarray(self.like_chance[viewer[:, None], lists].mean(axis=1), np.float32)

    def best_satisfaction(self, viewer: int, seen: IntArray, n_places: int) -> float:
        """Return the satisfaction of the best list of unseen films, made by who knows the taste."""
        chance = self.like_chance[viewer].copy()
        chance[seen] = 0.0
        return float(np.sort(chance)[-n_places:].mean())

    def respond(self, viewer: IntArray, lists: IntArray, rng: np.random.Generator) -> IntArray:
        """Return int32[n, k]: ``LIKED``, ``DISLIKED`` or 0 (nothing said) for every place of every list."""
        examined = rng.random(lists.shape, np.float32) < self.examine_chance(lists.shape[1])
        given = self.stars[viewer[:, None], lists] + self.noise * rng.standard_normal(lists.shape, np.float32)
        speaks = rng.random(lists.shape, np.float32) < _SAYS_DISLIKE
        said = np.where(given >= _LIKED_FROM, LIKED, 0)
        said = np.where((given < _DISLIKED_BELOW) & speaks, DISLIKED, said)
        return np.where(examined, said, 0).astype(np.int32)
