"""Ask a system for every scored user and turn its lists into numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Final

import numpy as np

from movierec.data.splits import Split, Truth
from movierec.errors import MovieRecError
from movierec.evaluation import metrics
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, Hits, find_hits
from movierec.evaluation.systems import System
from movierec.schema import Catalog, History, IntArray, LongArray

ACCURACY: Final[Mapping[str, Callable[[Hits, int], DoubleArray]]] = {
    "ndcg": metrics.ndcg,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "hit_rate": metrics.hit_rate,
    "map": metrics.average_precision,
    "mrr": metrics.reciprocal_rank,
}
AUC_CELLS: Final = 50_000_000
"""Users times items up to which whole catalogues are ranked for AUC."""


@dataclass(frozen=True)
class Crowd:
    """What lists are compared with besides the truth: the catalogue and what train users know."""

    catalog: Catalog
    events: LongArray
    n_users: int

    @classmethod
    def of(cls, split: Split, catalog: Catalog) -> Crowd:
        """Count the events of train."""
        train = split.train
        events = np.bincount(train.item_idx, minlength=train.n_items)
        return cls(catalog, events, len(np.unique(train.user_idx)))


@dataclass(frozen=True)
class Measured:
    """The numbers of one system on one split.

    Attributes
    ----------
    per_user : "metric@k" (or "auc") → float64[n_users]
    overall : "metric@k" → one number for all lists together
    list_milliseconds : mean time of a list of ``max(ks)`` places
    """

    per_user: dict[str, DoubleArray]
    overall: dict[str, float]
    list_milliseconds: float


def measure(
    system: System, split: Split, truth: Truth, crowd: Crowd, ks: tuple[int, ...], with_auc: bool
) -> Measured:
    """Ask ``system`` for lists of ``max(ks)`` places for every user of ``truth`` and measure them.

    ``with_auc`` asks it once more, for the whole catalogue: a pipeline may widen its candidates for that,
    and the top of the list must be the one people get.

    Raises
    ------
    MovieRecError
        If the system lists an item that is seen, repeated or not in the catalogue.
    """
    n_items = len(crowd.catalog)
    depth = min(max(ks), n_items)
    asked = [Asked(system, split.history(int(user)), n_items) for user in truth.user_idx]
    lists = np.full((len(truth), depth), NO_ITEM, np.int32)
    start = perf_counter()
    for row, one in enumerate(asked):
        found = one.list_items(depth)
        lists[row, : len(found)] = found
    milliseconds = 1000 * (perf_counter() - start) / max(len(truth), 1)
    hits = find_hits(lists, truth.offsets, truth.item_idx)
    genres = crowd.catalog.genre_matrix
    per_user: dict[str, DoubleArray] = {}
    overall: dict[str, float] = {}
    for k in ks:
        per_user |= {f"{name}@{k}": metric(hits, k) for name, metric in ACCURACY.items()}
        per_user[f"novelty@{k}"] = metrics.novelty(lists, k, crowd.events, crowd.n_users)
        per_user[f"diversity@{k}"] = metrics.diversity(lists, k, genres)
        per_user[f"arp@{k}"] = metrics.average_popularity(lists, k, crowd.events)
        overall[f"coverage@{k}"] = metrics.coverage(lists, k, n_items)
        overall[f"gini@{k}"] = metrics.gini(lists, k, n_items)
    if with_auc:
        per_user["auc"] = np.array([one.auc(truth.items(row)) for row, one in enumerate(asked)], np.float64)
    return Measured(per_user, overall, milliseconds)


def pool(parts: list[Measured]) -> Measured:
    """Return the users of several splits together; overall numbers are averaged."""
    per_user = {
        name: np.concatenate([part.per_user[name] for part in parts])
        for name in parts[0].per_user
        if all(name in part.per_user for part in parts)
    }
    overall = {name: float(np.mean([part.overall[name] for part in parts])) for name in parts[0].overall}
    times = [part.list_milliseconds for part in parts]
    rows = [len(next(iter(part.per_user.values()))) for part in parts]
    return Measured(per_user, overall, float(np.average(times, weights=rows)))


@dataclass(frozen=True)
class Asked:
    """One system asked with one history; what it answers is checked."""

    system: System
    history: History
    n_items: int

    @cached_property
    def seen(self) -> IntArray:
        """Return the distinct items of the history."""
        return np.unique(self.history.item_idx)

    def list_items(self, k: int) -> IntArray:
        """Return up to ``k`` items, best first."""
        listed = self.system.recommend(self.history, k).item_idx
        known = len(np.intersect1d(listed, self.seen))
        outside = int(np.count_nonzero((listed < 0) | (listed >= self.n_items)))
        repeated = len(listed) - len(np.unique(listed))
        if known or outside or repeated or len(listed) > k:
            raise MovieRecError(
                f"{self.system.name} must list up to {k} distinct unseen items, got {len(listed)} with "
                f"{known} seen, {repeated} repeated and {outside} outside the catalogue"
            )
        return listed

    def auc(self, relevant: IntArray) -> float:
        """Return the AUC of the ranking of everything unseen; what is not listed ties at the end."""
        listed = self.list_items(self.n_items)
        score = np.full(self.n_items, -np.inf, np.float32)
        score[listed] = -np.arange(len(listed), dtype=np.float32)
        return metrics.auc(score, self.seen, relevant)
