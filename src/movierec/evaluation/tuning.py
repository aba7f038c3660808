"""Settings of the peers, chosen on inner splits of train by the protocol's own rules; never on test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from movierec.data.splits import Split, Truth
from movierec.evaluation.grids import GridPoint, PeerTuning
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, find_hits, ndcg
from movierec.evaluation.peers import Peer
from movierec.schema import Catalog, History, IntArray, Interactions

K: Final = 10
"""Settings are chosen by NDCG at this length."""
MAX_USERS: Final = 1_000
"""Users asked, all inner splits together; with half of them noise often chose the winner of ml-100k."""
_DIGITS: Final = 5

InnerSplit = Callable[[Interactions], Iterable[Split]]
"""Divides train again, as the protocol divides everything; the users of several splits are pooled."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class TunedPeer:
    """A peer at its best settings, and how they were found; None where there was nothing to choose."""

    peer: Peer
    tuning: PeerTuning | None

    def renew(self) -> Peer:
        """Return an unfitted copy, so that one choice serves several splits."""
        return deepcopy(self.peer)

    def fit(self, train: Interactions, catalog: Catalog) -> Peer:
        """Return a fitted copy."""
        return self.renew().fit(train, catalog)


@dataclass(frozen=True)
class _Inner:
    """What peers are tuned on: an inner split with the users drawn from it."""

    train: Interactions
    user_idx: IntArray
    histories: tuple[History, ...]
    truth: Truth

    @classmethod
    def of(cls, split: Split, max_users: int, seed: int) -> _Inner:
        truth = _draw(split.truth, max_users, seed)
        histories = tuple(split.history(int(user)) for user in truth.user_idx)
        return cls(split.train, truth.user_idx, histories, truth)


def choose_settings(
    train: Interactions,
    catalog: Catalog,
    inner_split: InnerSplit,
    peers: Iterable[Peer],
    progress: Progress | None = None,
    max_users: int = MAX_USERS,
    seed: int = 0,
) -> tuple[TunedPeer, ...]:
    """Search the grid of every peer on inner splits of ``train``; the winners are returned unfitted.

    Variants that differ only in how they are asked share a fit (:attr:`Peer.asked_settings`).

    Parameters
    ----------
    train : the rows of the outer train; nothing else is looked at
    catalog : of all items
    inner_split : divides ``train`` by the rules of the protocol; splits without anybody to score are left
        out, and where none remains the peers keep their settings
    peers : unfitted; those whose grid is a single point are passed on as they are
    progress : receives one line per peer
    max_users : drawn from all inner splits together
    seed : of that draw
    """
    tuned: list[TunedPeer] = []
    inner: list[_Inner] | None = None
    for peer in peers:
        grid = peer.grid
        if len(grid) < 2:
            tuned.append(TunedPeer(peer, None))
            continue
        if inner is None:
            inner = _prepare(inner_split(train), max_users, seed)
        if not inner:
            tuned.append(TunedPeer(peer, None))
            continue
        start = perf_counter()
        found = _search(grid, inner, catalog)
        best = int(np.argmax(found))
        tuning = PeerTuning(
            name=peer.name,
            points=tuple(
                GridPoint(params=dict(variant.params), ndcg=round(float(value), _DIGITS))
                for variant, value in zip(grid, found, strict=True)
            ),
            winner=dict(grid[best].params),
            rows=sum(len(one.histories) for one in inner),
            seconds=round(perf_counter() - start, 1),
        )
        if progress:
            progress(f"tuned {peer.name}: {len(grid)} settings in {tuning.seconds:.1f} s")
        tuned.append(TunedPeer(grid[best], tuning))
    return tuple(tuned)


def tune_peers(
    train: Interactions,
    catalog: Catalog,
    inner_split: InnerSplit,
    peers: Iterable[Peer],
    progress: Progress | None = None,
    max_users: int = MAX_USERS,
    seed: int = 0,
) -> tuple[TunedPeer, ...]:
    """Return every peer at its best settings (:func:`choose_settings`), fitted on all of ``train``."""
    chosen = choose_settings(train, catalog, inner_split, peers, progress, max_users, seed)
    return tuple(TunedPeer(entry.fit(train, catalog), entry.tuning) for entry in chosen)


def _prepare(splits: Iterable[Split], max_users: int, seed: int) -> list[_Inner]:
    usable = [split for split in splits if len(split.truth) and len(split.train)]
    total = sum(len(split.truth) for split in usable)
    share = min(1.0, max_users / max(total, 1))
    return [_Inner.of(split, max(round(share * len(split.truth)), 1), seed) for split in usable]


def _draw(truth: Truth, n: int, seed: int) -> Truth:
    """Return ``n`` random users of a truth, ascending."""
    if n >= len(truth):
        return truth
    rows = np.sort(np.random.default_rng(seed).choice(len(truth), size=n, replace=False))
    items = [truth.items(int(row)) for row in rows]
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in items]))).astype(np.int64)
    return Truth(truth.user_idx[rows], offsets, np.concatenate(items))


def _search(grid: tuple[Peer, ...], inner: list[_Inner], catalog: Catalog) -> DoubleArray:
    """Return float64[len(grid)]: mean NDCG@10 over the users of all inner splits."""
    values: list[list[DoubleArray]] = [[] for _ in grid]
    for part in inner:
        fitted: Peer | None = None
        # Alike ones after each other, so that no more than one fit is held in memory.
        for position in _order(grid):
            variant = grid[position]
            if fitted is None or not variant.shares_fit_with(fitted):
                fitted = copy(variant).fit(part.train, catalog)
            values[position].append(_measure(variant.borrow(fitted), part))
    return np.array([np.concatenate(parts).mean() for parts in values])


def _order(grid: tuple[Peer, ...]) -> list[int]:
    """Return the positions of the grid with those that share a fit next to each other."""
    groups: list[list[int]] = []
    for position, variant in enumerate(grid):
        group = next((group for group in groups if variant.shares_fit_with(grid[group[0]])), None)
        if group is None:
            groups.append([position])
        else:
            group.append(position)
    return [position for group in groups for position in group]


def _measure(peer: Peer, part: _Inner) -> DoubleArray:
    """Return the NDCG@10 of every user, with the lists the peer would be measured by on test."""
    lists = np.full((len(part.histories), K), NO_ITEM, np.int32)
    for row, found in enumerate(peer.recommend_batch(part.histories, part.user_idx.tolist(), K)):
        lists[row, : len(found)] = found.item_idx
    return ndcg(find_hits(lists, part.truth.offsets, part.truth.item_idx), K)
