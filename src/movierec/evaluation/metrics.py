"""Ranking metrics as published, vectorised: one float64 per user, an empty list counts 0.

Accuracy follows trec_eval: NDCG is divided by the ideal of everything relevant (not of the hits found,
which inflates it), average precision by the number of relevant items. Reach, novelty and diversity look
at the lists alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import rel_entr
from scipy.stats import rankdata

from movierec.schema import BoolArray, FloatArray, IntArray, LongArray

DoubleArray = NDArray[np.float64]

NO_ITEM = -1
"""Fills the lists that are shorter than the others."""

GENRE_SMOOTHING = 0.01
"""Share of the wanted genres mixed into those of a list, so that a missing genre costs much, not all."""


@dataclass(frozen=True)
class Hits:
    """Ranked lists compared with the truth.

    Attributes
    ----------
    relevant : bool[n_users, depth], whether the item at each place is relevant
    n_relevant : int64[n_users], number of relevant items, found or not; at least 1
    """

    relevant: BoolArray
    n_relevant: LongArray


def find_hits(lists: IntArray, offsets: LongArray, item_idx: IntArray) -> Hits:
    """Compare lists with relevant items.

    Parameters
    ----------
    lists : int32[n_users, depth], best first, ``NO_ITEM`` after the end of short lists
    offsets : int64[n_users + 1], bounds of each user's part of ``item_idx``
    item_idx : int32[m], relevant items, distinct within a user
    """
    n_users = len(lists)
    counts = np.diff(offsets)
    width = int(max(lists.max(initial=0), item_idx.max(initial=0))) + 1
    truth = np.repeat(np.arange(n_users), counts) * width + item_idx
    pairs = np.arange(n_users)[:, None] * width + lists
    return Hits(np.isin(pairs, truth) & (lists != NO_ITEM), counts.astype(np.int64))


def recall(hits: Hits, k: int) -> DoubleArray:
    """Return the share of the relevant items that is in the first k."""
    return _count(hits, k) / hits.n_relevant


def precision(hits: Hits, k: int) -> DoubleArray:
    """Return the share of the k places that holds a relevant item."""
    return _count(hits, k) / k


def hit_rate(hits: Hits, k: int) -> DoubleArray:
    """Return 1 where any of the first k is relevant."""
    return (_count(hits, k) > 0).astype(np.float64)


def ndcg(hits: Hits, k: int) -> DoubleArray:
    """Return binary discounted cumulative gain over that of ``min(k, n_relevant)`` hits at the top."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    found = hits.relevant[:, :k]
    gain = found @ discount[: found.shape[1]]
    ideal = np.cumsum(discount)[np.minimum(hits.n_relevant, k) - 1]
    return np.asarray(gain / ideal, np.float64)


def average_precision(hits: Hits, k: int) -> DoubleArray:
    """Return the mean, over all relevant items, of the precision at the place of each one found."""
    found = hits.relevant[:, :k]
    at_place = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    return np.asarray((at_place * found).sum(axis=1) / hits.n_relevant, np.float64)


def reciprocal_rank(hits: Hits, k: int) -> DoubleArray:
    """Return one over the place of the first relevant item, 0 if none is in the first k."""
    found = hits.relevant[:, :k]
    if not found.shape[1]:
        return np.zeros(len(found))
    return np.where(found.any(axis=1), 1.0 / (found.argmax(axis=1) + 1.0), 0.0)


def auc(score: FloatArray, seen: IntArray, relevant: IntArray) -> float:
    """Return the chance that a relevant item scores above another unseen one; ties count half.

    Parameters
    ----------
    score : float[n_items], ``-inf`` where the model has no opinion
    seen : item indices left out
    relevant : unseen item indices, at least one

    Returns
    -------
    float in [0, 1]; 0.5 where nothing unseen is irrelevant
    """
    open_items = np.ones(len(score), bool)
    open_items[seen] = False
    positive = np.zeros(len(score), bool)
    positive[relevant] = True
    positive = positive[open_items]
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_negative:
        return 0.5
    ranks = rankdata(score[open_items])[positive].sum()
    return float((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def coverage(lists: IntArray, k: int, n_items: int) -> float:
    """Return the share of the catalogue that is in anybody's first k."""
    return float(np.count_nonzero(_exposure(lists, k, n_items)) / n_items)


def gini(lists: IntArray, k: int, n_items: int) -> float:
    """Return how unequally the places are shared out: 0 all items alike, towards 1 one item has all."""
    exposure = np.sort(_exposure(lists, k, n_items)).astype(np.float64)
    total = exposure.sum()
    if total == 0:
        return 0.0
    place = np.arange(1, n_items + 1)
    return float(((2 * place - n_items - 1) @ exposure) / (n_items * total))


def novelty(lists: IntArray, k: int, events: LongArray, n_users: int) -> DoubleArray:
    """Return the mean self-information of the first k, in bits: ``-log2(share of users who know it)``.

    Parameters
    ----------
    lists : int32[n_users, depth]
    k : places looked at
    events : int64[n_items], how many train users know each item; unknown ones count as known to one
    n_users : how many train users there are
    """
    known = np.clip(events, 1, max(n_users, 1)) / max(n_users, 1)
    return _mean_over_list(lists, k, -np.log2(known) + 0.0)


def average_popularity(lists: IntArray, k: int, events: LongArray) -> DoubleArray:
    """Return the mean number of train events of the first k (ARP)."""
    return _mean_over_list(lists, k, events.astype(np.float64))


def diversity(lists: IntArray, k: int, genre_matrix: FloatArray) -> DoubleArray:
    """Return the mean genre distance (1 - cosine) over all pairs of the first k; 0 with fewer than two.

    ``genre_matrix`` is float32[n_items, n_genres]; an item without genres is at distance 1 from all.
    """
    length = np.sqrt(np.square(genre_matrix, dtype=np.float64).sum(axis=1, keepdims=True))
    unit = np.divide(genre_matrix, length, out=np.zeros(genre_matrix.shape), where=length > 0)
    shown = lists[:, :k]
    present = shown != NO_ITEM
    size = present.sum(axis=1)
    # The squared length of a sum of unit vectors counts every pair twice and each item with itself once.
    total = np.zeros((len(shown), unit.shape[1]))
    own = np.zeros(len(shown))
    for place in range(shown.shape[1]):
        vectors = unit[shown[:, place]] * present[:, [place]]
        total += vectors
        own += np.square(vectors).sum(axis=1)
    pairs = size * (size - 1)
    twice = np.square(total).sum(axis=1) - own
    similarity = np.divide(twice, pairs, out=np.ones(len(shown)), where=pairs > 0)
    distance: DoubleArray = np.clip(1.0 - similarity, 0.0, 1.0)
    return distance


def share_genres(offsets: LongArray, item_idx: IntArray, genre_matrix: FloatArray) -> DoubleArray:
    """Return what share each genre has in each user's items: p(g|u) of Steck (RecSys 2018).

    Every item counts alike and is shared equally among its genres; items without genres count not.

    Parameters
    ----------
    offsets : int64[n_users + 1], bounds of each user's part of ``item_idx``
    item_idx : int32[m]
    genre_matrix : float32[n_items, n_genres], 1 where the item has the genre

    Returns
    -------
    float64[n_users, n_genres], rows that sum to 1, or to 0 where no genre is known
    """
    shape = (len(offsets) - 1, len(genre_matrix))
    owned = sparse.csr_matrix((np.ones(len(item_idx)), item_idx, offsets), shape=shape)
    return _normalise(owned @ _normalise(genre_matrix))


def miscalibration(lists: IntArray, k: int, wanted: DoubleArray, genre_matrix: FloatArray) -> DoubleArray:
    """Return how far the genres of the first k are from the wanted ones: Steck's C_KL, in nats.

    The Kullback-Leibler divergence of the list's genres from ``wanted``, the former smoothed with 1 % of
    the latter: 0 for the same mixture, ``ln(100) = 4.6`` for a list without any wanted genre (or an empty
    one). 0 where nothing is wanted.

    Parameters
    ----------
    wanted : float64[n_users, n_genres], usually :func:`share_genres` of the histories
    """
    shown = lists[:, :k]
    share = _normalise(genre_matrix)
    total = np.zeros(wanted.shape)
    for place in range(shown.shape[1]):
        total += share[shown[:, place]] * (shown[:, [place]] != NO_ITEM)
    smoothed = (1.0 - GENRE_SMOOTHING) * _normalise(total) + GENRE_SMOOTHING * wanted
    divergence = rel_entr(wanted, smoothed).sum(axis=1)
    return np.asarray(np.maximum(divergence, 0.0), np.float64)


def _normalise(rows: FloatArray | DoubleArray) -> DoubleArray:
    rows = np.asarray(rows, np.float64)
    total = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rows, total, out=np.zeros(rows.shape), where=total > 0), np.float64)


def _count(hits: Hits, k: int) -> DoubleArray:
    return np.asarray(hits.relevant[:, :k].sum(axis=1), np.float64)


def _exposure(lists: IntArray, k: int, n_items: int) -> LongArray:
    shown = lists[:, :k]
    return np.bincount(shown[shown != NO_ITEM], minlength=n_items)


def _mean_over_list(lists: IntArray, k: int, value: DoubleArray) -> DoubleArray:
    shown = lists[:, :k]
    present = shown != NO_ITEM
    total = np.where(present, value[shown], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(present.sum(axis=1), 1), np.float64)
