"""Evaluation splits: what a model may learn from, what it is asked, what it should find.

Every function is pure: the same interactions, in any row order that keeps ties, give the same split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from movierec.errors import ConfigError
from movierec.schema import BoolArray, History, IntArray, Interactions, LongArray

RELEVANT_RATING: Final = 4.0
"""Stars from which a held-out rating is something to find."""

MIN_EVENTS: Final = 2
"""Users with fewer events have nothing to hold out; they stay in train."""


@dataclass(frozen=True)
class Truth:
    """Held-out items of the users that are scored: the relevant ones, or what is to be ordered.

    Attributes
    ----------
    user_idx : int32[n], ascending, each with at least one item
    offsets : int64[n + 1], user ``user_idx[i]`` owns ``item_idx[offsets[i]:offsets[i + 1]]``
    item_idx : int32[m], ascending and distinct within a user, never in the user's history
    """

    user_idx: IntArray
    offsets: LongArray
    item_idx: IntArray

    def __len__(self) -> int:
        return len(self.user_idx)

    @property
    def n_relevant(self) -> LongArray:
        """int64[n]: number of relevant items per user."""
        return np.diff(self.offsets)

    def items(self, position: int) -> IntArray:
        """Return the items of the user at ``position``."""
        return self.item_idx[int(self.offsets[position]) : int(self.offsets[position + 1])]

    def take(self, mask: BoolArray) -> Truth:
        """Return the users where ``mask`` is true."""
        counts = self.n_relevant[mask]
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Truth(self.user_idx[mask], offsets, self.item_idx[np.repeat(mask, self.n_relevant)])


@dataclass(frozen=True)
class Split:
    """One division of a data set.

    ``train`` is what models are fitted on, ``query`` holds the histories they are asked with (the same
    rows, except under strong generalisation), ``held_out`` all other events, relevant or not. ``truth``
    are the users with a history, ``cold`` those without. ``pool`` is what is ranked for each user of
    ``truth``, relevant or not; None stands for the whole catalogue without the history.
    """

    name: str
    params: Mapping[str, float]
    train: Interactions
    query: Interactions
    held_out: Interactions
    truth: Truth
    cold: Truth
    pool: Truth | None = None

    def history(self, user_idx: int) -> History:
        """Return what models may know of a user when asked."""
        return self.query.history(user_idx)

    def sample(self, most: int | None, seed: int) -> Split:
        """Return the split with at most so many scored users, drawn at random; train stays whole."""
        if most is None:
            return self
        kept, cold = (_draw(len(truth), most, seed) for truth in (self.truth, self.cold))
        pool = self.pool.take(kept) if self.pool is not None else None
        return replace(self, truth=self.truth.take(kept), cold=self.cold.take(cold), pool=pool)


def leave_one_out(interactions: Interactions, above_rating: float = 2.5) -> Split:
    """Hold out everybody's last event; relevant if rated above ``above_rating``.

    The timelines of other users run on past it, so the future leaks; it compares, it does not forecast.
    """
    ordered = _sort(interactions)
    held_out = _last_events(ordered, np.ones(ordered.n_users, np.int64))
    unrated = np.isnan(ordered.rating)
    relevant = np.where(unrated, ordered.confidence > 0, ordered.rating > above_rating)
    return _divide("leave-one-out", {"above_rating": above_rating}, ordered, held_out, relevant)


def user_timeline(
    interactions: Interactions, share: float = 0.2, min_rating: float = RELEVANT_RATING
) -> Split:
    """Hold out the last ``ceil(share * n)`` of each user's n events; relevant if ``min_rating`` or more."""
    _check_share("share", share)
    ordered = _sort(interactions)
    params = {"share": share, "min_rating": min_rating}
    held_out = _last_events(ordered, _count_share(ordered, share))
    return _divide("user-timeline", params, ordered, held_out, _relevant(ordered, min_rating))


def rated_only(interactions: Interactions, share: float = 0.2, min_rating: float = RELEVANT_RATING) -> Split:
    """Order the events of :func:`user_timeline` by liking: only a user's own held-out items are ranked.

    Train is the same to the last row. Scored are users with both relevant and irrelevant held-out items;
    an item held out several times is relevant if it is so once.
    """
    split = user_timeline(interactions, share, min_rating)
    rest = split.held_out
    pool, _ = _find_truth(split.query, rest, np.ones(len(rest), bool))
    pool = pool.take(np.isin(pool.user_idx, split.truth.user_idx))
    mixed = pool.n_relevant > split.truth.n_relevant
    no_one = split.cold.take(np.zeros(len(split.cold), bool))
    return replace(
        split, name="rated-only", truth=split.truth.take(mixed), cold=no_one, pool=pool.take(mixed)
    )


def find_untied(split: Split) -> BoolArray:
    """Return bool[len(truth)]: whose first held-out event is later than the last event of the history.

    Where the two share a second, the order of the rows in the file decided which one is held out.
    """
    first = np.full(split.held_out.n_users, np.iinfo(np.int64).max)
    np.minimum.at(first, split.held_out.user_idx, split.held_out.timestamp)
    last = np.full(split.query.n_users, np.iinfo(np.int64).min)
    np.maximum.at(last, split.query.user_idx, split.query.timestamp)
    users = split.truth.user_idx
    return np.asarray(first[users] > last[users])


def global_timeline(
    interactions: Interactions, quantile: float = 0.8, min_rating: float = RELEVANT_RATING
) -> Split:
    """Cut everybody's timeline at one moment: the ``quantile`` of all timestamps.

    The only protocol in which nothing of the future is known. Users who begin after the cut are ``cold``.
    """
    _check_share("quantile", quantile)
    ordered = _sort(interactions)
    params = {"quantile": quantile, "min_rating": min_rating}
    if not len(ordered):
        return _divide("global-timeline", params, ordered, np.zeros(0, bool), np.zeros(0, bool))
    cut = np.quantile(ordered.timestamp, quantile, method="inverted_cdf")
    held_out = ordered.timestamp > cut
    return _divide("global-timeline", params, ordered, held_out, _relevant(ordered, min_rating))


def divide_at(interactions: Interactions, start: int, min_rating: float = RELEVANT_RATING) -> Split:
    """Hold out everything from ``start`` (seconds since the epoch) on; relevant if ``min_rating`` or more."""
    ordered = _sort(interactions)
    held_out = ordered.timestamp >= start
    params = {"start": float(start), "min_rating": min_rating}
    return _divide("newest-window", params, ordered, held_out, _relevant(ordered, min_rating))


def random_per_user(
    interactions: Interactions, share: float = 0.25, min_rating: float | None = None, seed: int = 0
) -> Split:
    """Hold out a random ``share`` of each user's events; every one is relevant unless ``min_rating`` is set.

    Ignores time, so it flatters whatever looks at what came next; kept for comparison with the literature.
    """
    _check_share("share", share)
    ordered = _sort(interactions)
    held_out = _random_events(ordered, _count_share(ordered, share), seed)
    params = {"share": share, "seed": float(seed)}
    if min_rating is None:
        return _divide("random", params, ordered, held_out, np.ones(len(ordered), bool))
    return _divide(
        "random", {**params, "min_rating": min_rating}, ordered, held_out, _relevant(ordered, min_rating)
    )


def strong_generalisation(
    interactions: Interactions,
    user_share: float = 0.1,
    share: float = 0.2,
    min_rating: float = RELEVANT_RATING,
    min_events: int = 5,
    seed: int = 0,
) -> Split:
    """Keep a random ``user_share`` of the users out of train altogether (Liang et al., WWW 2018).

    As there, only events from ``min_rating`` stars and users with ``min_events`` of them take part. A random
    ``share`` of a held-out user's events is to be found from the others; items unknown to train count not.
    """
    _check_share("user_share", user_share)
    _check_share("share", share)
    positive = _sort(interactions.take(_relevant(interactions, min_rating)))
    enough = np.diff(positive.offsets) >= min_events
    ordered = positive.take(enough[positive.user_idx])
    users = np.flatnonzero(enough)
    rng = np.random.default_rng(seed)
    chosen = np.zeros(ordered.n_users, bool)
    chosen[rng.choice(users, size=int(np.ceil(user_share * len(users))), replace=False)] = True
    apart = chosen[ordered.user_idx]
    held_out = apart & _random_events(ordered, _count_share(ordered, share), seed)
    train = ordered.take(~apart)
    known = np.zeros(ordered.n_items, bool)
    known[train.item_idx] = True
    query = ordered.take(apart & ~held_out)
    params = {
        "user_share": user_share,
        "share": share,
        "min_rating": min_rating,
        "min_events": float(min_events),
        "seed": float(seed),
    }
    rest = ordered.take(held_out)
    truth, cold = _find_truth(query, rest, known[rest.item_idx])
    return Split("strong-generalisation", params, train, query, rest, truth, cold)


def _divide(
    name: str, params: Mapping[str, float], ordered: Interactions, held_out: BoolArray, relevant: BoolArray
) -> Split:
    train, rest = ordered.take(~held_out), ordered.take(held_out)
    truth, cold = _find_truth(train, rest, relevant[held_out])
    return Split(name, params, train, train, rest, truth, cold)


def _find_truth(query: Interactions, held_out: Interactions, relevant: BoolArray) -> tuple[Truth, Truth]:
    """Return the truth of users with and without a history; what a history holds is nothing to find."""
    n_items = max(query.n_items, 1)
    seen = query.user_idx.astype(np.int64) * n_items + query.item_idx
    pairs = held_out.user_idx[relevant].astype(np.int64) * n_items + held_out.item_idx[relevant]
    pairs = np.setdiff1d(pairs, seen)
    warm = np.diff(query.offsets)[pairs // n_items] > 0
    return _group(pairs[warm], n_items), _group(pairs[~warm], n_items)


def _group(pairs: LongArray, n_items: int) -> Truth:
    users, counts = np.unique(pairs // n_items, return_counts=True)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Truth(users.astype(np.int32), offsets, (pairs % n_items).astype(np.int32))


def _draw(n: int, most: int, seed: int) -> BoolArray:
    mask = np.zeros(n, bool)
    mask[np.random.default_rng(seed).permutation(n)[:most]] = True
    return mask


def _sort(interactions: Interactions) -> Interactions:
    """Sort stably by (user, time): tied events keep the order of the input."""
    order = np.lexsort((interactions.timestamp, interactions.user_idx))
    return replace(
        interactions,
        user_idx=interactions.user_idx[order],
        item_idx=interactions.item_idx[order],
        rating=interactions.rating[order],
        confidence=interactions.confidence[order],
        timestamp=interactions.timestamp[order],
    )


def _relevant(interactions: Interactions, min_rating: float) -> BoolArray:
    unrated = np.isnan(interactions.rating)
    return np.where(unrated, interactions.confidence > 0, interactions.rating >= min_rating)


def _count_share(ordered: Interactions, share: float) -> LongArray:
    """Return int64[n_users]: ``ceil(share * n)``, but never the whole history."""
    counts = np.diff(ordered.offsets)
    # Rounded first: 0.2 * 15 is 3.0000000000000004 in floating point, and its ceiling 4.
    wanted = np.ceil(np.round(share * counts, 9)).astype(np.int64)
    spared: LongArray = np.minimum(wanted, np.maximum(counts - 1, 0))
    return spared


def _last_events(ordered: Interactions, count: LongArray) -> BoolArray:
    """Mark the last ``count`` events of every user who has at least ``MIN_EVENTS``."""
    counts = np.diff(ordered.offsets)
    count = np.where(counts >= MIN_EVENTS, count, 0)
    first = ordered.offsets[1:] - count
    return np.arange(len(ordered)) >= first[ordered.user_idx]


def _random_events(ordered: Interactions, count: LongArray, seed: int) -> BoolArray:
    """Mark ``count`` random events of every user who has at least ``MIN_EVENTS``."""
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(ordered)), ordered.user_idx))
    held_out = np.zeros(len(ordered), bool)
    # Shuffled within users, rows stay grouped by user, so the last ones are a random sample.
    held_out[shuffled] = _last_events(ordered, count)
    return held_out


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ConfigError(f"{name} must lie between 0 and 1, got {value}; for a fifth give 0.2")
