"""A smaller run: fewer users and a small engine, to see in seconds that everything works."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from movierec.schema import Dataset
from movierec.stages import AlsConfig, BuildConfig, MergeConfig, RankerConfig, RecallConfig, TrainingConfig


@dataclass(frozen=True, slots=True)
class Limits:
    """How many people take part: at most ``users`` of the data, of whom ``scored`` in each split."""

    users: int
    scored: int

    def shrink(self, dataset: Dataset, seed: int) -> Dataset:
        """Return the data set with the events of a random part of its users; indices stay."""
        n_users = dataset.interactions.n_users
        kept = np.zeros(n_users, bool)
        kept[np.random.default_rng(seed).permutation(n_users)[: self.users]] = True
        interactions = dataset.interactions
        return replace(dataset, interactions=interactions.take(kept[interactions.user_idx]))

    def describe(self) -> dict[str, int]:
        """Return the limits by name, for the receipt."""
        return asdict(self)


QUICK_LIMITS: Final = Limits(users=250, scored=60)

QUICK_CONFIG: Final = BuildConfig(
    recall=RecallConfig(als=AlsConfig(factors=16, iterations=5), merge=MergeConfig(per_source=100, cap=200)),
    training=TrainingConfig(
        shares=(0.8, 0.6), points=1, cuts=2, time_quantiles=(0.9,), max_queries=200, newcomers=0
    ),
    ranker=RankerConfig(max_iter=40, return_max_iter=40, seeds=(0,)),
)
