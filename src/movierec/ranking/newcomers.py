"""Learning the lean: viewers whom recall has not met are asked for with their first few likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.lean import STEPS, Lean, read_crowd
from movierec.ranking.proposer import Proposer
from movierec.ranking.queries import sample_viewers
from movierec.ranking.ranker import Ranker
from movierec.ranking.training import count_everybody
from movierec.recall.base import liked
from movierec.schema import Catalog, History, IntArray, Interactions
from movierec.stages import BuildConfig

GRID: Final = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 16.0, 30.0, 100.0)
SLACK: Final = 0.002
"""Of two multiples about as good the smaller is taken, which leaves more to the viewer's own titles."""

LEAST: Final = 40
"""Fewer viewers than this say less than other data sets did."""

SHARE: Final = 0.25
"""Of the viewers with enough likes, at most so many are held out."""

DEPTH: Final = 10


def fit_lean(
    ranker: Ranker,
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig,
    progress: Callable[[str], None] | None = None,
) -> Lean:
    """Choose the multiples that find most of what held-out viewers liked later, NDCG@10.

    The usual ones stand where fewer than :data:`LEAST` viewers can be asked, and where the build's goal is
    not what comes next.
    """
    interactions, share = sample_viewers(interactions, config.training)
    rng = np.random.default_rng(config.training.seed)
    viewers = _draw_viewers(interactions, config.training.newcomers, rng)
    if len(viewers) < LEAST or config.training.goal != "next":
        return Lean()
    hidden = np.zeros(interactions.n_users, np.bool_)
    hidden[viewers] = True
    past = interactions.take(~hidden[interactions.user_idx])
    proposer = Proposer.fit(past, catalog, config)
    found = np.zeros((len(STEPS), len(GRID)))
    for user in viewers:
        likes = list_likes(interactions.history(int(user)))
        wanted = np.setdiff1d(likes.item_idx[STEPS[-1] :], likes.item_idx[: STEPS[-1]])
        for step, n_known in enumerate(STEPS):
            merged, rows = proposer.propose(likes.take(slice(0, n_known)))
            rows = count_everybody(rows, share)
            own, crowd = ranker.score(rows).astype(np.float64), read_crowd(rows)
            for place, multiple in enumerate(GRID):
                best = np.lexsort((merged.item_idx, -(own + multiple * crowd)))[:DEPTH]
                found[step, place] += _ndcg(merged.item_idx[best], wanted)
    weight = choose(found / len(viewers))
    if progress is not None:
        named = ", ".join(f"{multiple:g} at {step}" for step, multiple in zip(STEPS, weight, strict=True))
        progress(f"newcomers: {len(viewers)} viewers asked, lean on everybody by events known: {named}")
    return Lean(weight)


def list_likes(history: History) -> History:
    """Return the liked events of a history, oldest first."""
    return history.take(liked(history.rating, history.confidence))


def choose(found: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the multiple of every step from mean NDCG, float64[len(STEPS), len(GRID)].

    The smallest about as good as the best; never larger than for a shorter history.
    """
    good = found >= found.max(axis=1, keepdims=True) - SLACK
    first = np.argmax(good, axis=1)
    # From the longest history backwards: a longer one says more, so a shorter one leans at least as much.
    steady = np.maximum.accumulate(first[::-1])[::-1]
    return tuple(GRID[int(place)] for place in steady)


def _draw_viewers(interactions: Interactions, most: int, rng: np.random.Generator) -> IntArray:
    """Return viewers who liked more than the longest step reveals, in random order."""
    positive = liked(interactions.rating, interactions.confidence)
    likes = np.bincount(interactions.user_idx[positive], minlength=interactions.n_users)
    enough = np.flatnonzero(likes > STEPS[-1]).astype(np.int32)
    chosen: IntArray = rng.permutation(enough)[: min(most, int(SHARE * len(enough)))]
    return chosen


def _ndcg(shown: IntArray, wanted: IntArray) -> float:
    """Return NDCG of one list with binary relevance (Järvelin and Kekäläinen, TOIS 2002)."""
    if not len(wanted):
        return 0.0
    discount = 1.0 / np.log2(np.arange(2, DEPTH + 2))
    gain = discount[: len(shown)][np.isin(shown, wanted)].sum()
    return float(gain / discount[: min(len(wanted), DEPTH)].sum())
