"""Ask a system for every scored user and turn its lists into numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from movierec.data.splits import Split, Truth
from movierec.errors import MovieRecError
from movierec.evaluation import metrics
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, Hits, find_hits
from movierec.evaluation.systems import Query, System
from movierec.schema import Catalog, IntArray, LongArray

ACCURACY: Final[Mapping[str, Callable[[Hits, int], DoubleArray]]] = {
    "ndcg": metrics.ndcg,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "hit_rate": metrics.hit_rate,
    "map": metrics.average_precision,
    "mrr": metrics.reciprocal_rank,
}
AUC_DEPTH: Final = 500
"""Places AUC looks at; what comes later counts as tied with everything else that is not listed."""

AUC_CELLS: Final = 50_000_000
"""Users times places up to which lists of that depth are kept."""


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
    list_milliseconds : mean time of a list, asked for together
    """

    per_user: dict[str, DoubleArray]
    overall: dict[str, float]
    list_milliseconds: float


def measure(
    system: System, split: Split, truth: Truth, crowd: Crowd, ks: tuple[int, ...], with_auc: bool
) -> Measured:
    """Ask ``system`` for lists of ``max(ks)`` places for every user of ``truth`` and measure them.

    ``with_auc`` looks deeper into the same ranking, to ``AUC_DEPTH`` places: the top of the list stays
    the one people get.

    Raises
    ------
    MovieRecError
        If the system lists an item that is seen, repeated or not in the catalogue.
    """
    n_items = len(crowd.catalog)
    longest = min(max(ks), n_items)
    depth = min(max(longest, AUC_DEPTH), n_items) if with_auc else longest
    queries = _ask(split, truth)
    seen = [np.unique(query.history.item_idx) for query in queries]
    start = perf_counter()
    found = system.recommend(queries, longest, depth)
    milliseconds = 1000 * (perf_counter() - start) / max(len(truth), 1)
    lists = np.full((len(truth), depth), NO_ITEM, np.int32)
    for row, (listed, known) in enumerate(zip(found, seen, strict=True)):
        _check_list(system, listed.item_idx, known, depth, n_items)
        lists[row, : len(listed)] = listed.item_idx
    hits = find_hits(lists, truth.offsets, truth.item_idx)
    genres = crowd.catalog.genre_matrix
    histories = [query.history.item_idx for query in queries]
    wanted = metrics.share_genres(
        np.cumsum([0, *map(len, histories)]), np.concatenate([np.empty(0, np.int32), *histories]), genres
    )
    per_user: dict[str, DoubleArray] = {}
    overall: dict[str, float] = {}
    for k in ks:
        per_user |= {f"{name}@{k}": metric(hits, k) for name, metric in ACCURACY.items()}
        per_user[f"novelty@{k}"] = metrics.novelty(lists, k, crowd.events, crowd.n_users)
        per_user[f"diversity@{k}"] = metrics.diversity(lists, k, genres)
        per_user[f"miscalibration@{k}"] = metrics.miscalibration(lists, k, wanted, genres)
        per_user[f"arp@{k}"] = metrics.average_popularity(lists, k, crowd.events)
        overall[f"coverage@{k}"] = metrics.coverage(lists, k, n_items)
        overall[f"gini@{k}"] = metrics.gini(lists, k, n_items)
    if with_auc:
        n_open = n_items - np.array([len(known) for known in seen], np.int64)
        per_user["auc"] = auc_of_lists(hits, (lists != NO_ITEM).sum(axis=1), n_open)
    return Measured(per_user, overall, milliseconds)


def measure_pool(system: System, split: Split, pool: Truth, ks: tuple[int, ...], seed: int) -> Measured:
    """Let ``system`` order each user's ``pool`` and measure the accuracy of that order.

    Equal scores, and so all items a system has no opinion on, are put in a random order drawn from
    ``seed`` which is the same for all systems.
    """
    lottery = np.random.default_rng(seed).permutation(split.train.n_items)
    queries = _ask(split, split.truth)
    depth = int(pool.n_relevant.max(initial=1))
    lists = np.full((len(queries), depth), NO_ITEM, np.int32)
    start = perf_counter()
    for row, query in enumerate(queries):
        items = pool.items(row)
        score = system.score_items(query, items)
        lists[row, : len(items)] = items[np.lexsort((lottery[items], -score))]
    milliseconds = 1000 * (perf_counter() - start) / max(len(queries), 1)
    hits = find_hits(lists, split.truth.offsets, split.truth.item_idx)
    per_user = {f"{name}@{k}": metric(hits, k) for k in ks for name, metric in ACCURACY.items()}
    per_user["auc"] = auc_of_lists(hits, pool.n_relevant, pool.n_relevant)
    return Measured(per_user, {}, milliseconds)


def auc_of_lists(hits: Hits, length: LongArray, n_open: LongArray) -> DoubleArray:
    """Return the chance that a relevant item is ranked above another one; unlisted items are tied at the end.

    Parameters
    ----------
    hits : of lists of up to ``depth`` places
    length : int64[n_users], places in use
    n_open : int64[n_users], how many items could have been listed, at least ``length``

    Returns
    -------
    float64[n_users] in [0, 1]; 0.5 where nothing open is irrelevant
    """
    found = hits.relevant.sum(axis=1)
    irrelevant = n_open - hits.n_relevant
    place = np.arange(hits.relevant.shape[1])
    above = place - np.cumsum(hits.relevant, axis=1) + 1
    below = ((irrelevant[:, None] - above) * hits.relevant).sum(axis=1)
    tied = 0.5 * (hits.n_relevant - found) * (irrelevant - (length - found))
    pairs = hits.n_relevant * irrelevant
    share: DoubleArray = np.divide(below + tied, pairs, out=np.full(len(pairs), 0.5), where=pairs > 0)
    return share


def pool_splits(parts: list[Measured]) -> Measured:
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


def _ask(split: Split, truth: Truth) -> list[Query]:
    return [Query(int(user), split.history(int(user))) for user in truth.user_idx]


def _check_list(system: System, listed: IntArray, seen: IntArray, k: int, n_items: int) -> None:
    known = int(np.isin(listed, seen).sum())
    outside = int(np.count_nonzero((listed < 0) | (listed >= n_items)))
    repeated = len(listed) - len(np.unique(listed))
    if known or outside or repeated or len(listed) > k:
        raise MovieRecError(
            f"{system.name} must list up to {k} distinct unseen items, got {len(listed)} with "
            f"{known} seen, {repeated} repeated and {outside} outside the catalogue"
        )
