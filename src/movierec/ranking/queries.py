"""Training queries: who is asked what, and what recall may have seen when it answers.

Four kinds of round, because people meet a recommender in several situations:

* *Shares*: every timeline is cut where it has reached one share of its length; recall is fitted on what
  comes before, the labels are what comes after, up to the next larger share.
* *Points*: the same, but every viewer is cut at a random point of their own.
* *Time cuts*: everybody is cut at one moment of the calendar; the labels are what those do who come back.
* *Folds*: recall is fitted without a group of viewers, who are then asked; for people it has never met.

Where the goal is to find what is *missing* from a history, whenever it was seen, points and folds take
random events out instead of cutting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from movierec.schema import BoolArray, History, Interactions, LongArray
from movierec.stages import TrainingConfig

TIME_CUT: Final = -1
POINTS: Final = -2
"""What :attr:`Round.number` is in rounds that are not counted from 0: their labels may lie at any time."""

EARLY_SHARE: Final = 0.2
"""Of the viewers of a round of points, so many are cut early: short histories must be met, too."""

LEAST_TIME_CUTS: Final = 4
"""Moments of the calendar that are asked however many viewers come back after each."""

POINT_RANGE: Final = (0.35, 0.97)
"""Shares of a timeline between which the others are cut."""


@dataclass(frozen=True)
class Query:
    """One moment of one viewer: what they had done, and what they did next."""

    past: History
    future: History
    closing: bool = False


@dataclass(frozen=True)
class Round:
    """One fit of recall and the viewers asked about.

    Attributes
    ----------
    number : from 0 for shares and folds, else ``TIME_CUT`` or ``POINTS``
    visible : bool[n_interactions], the rows recall may see
    viewers : those with something to ask, before they are sampled down
    labels : bool[n_interactions], what the viewers did later, as far as it is asked for; None in folds,
        where each viewer is asked several times
    share : of the viewers to ask
    most : viewers to ask at most
    closing : whether the labels are everybody's last events
    """

    label: str
    number: int
    visible: BoolArray
    viewers: LongArray
    labels: BoolArray | None
    share: float = 1.0
    most: int | None = None
    closing: bool = False

    @property
    def is_plentiful(self) -> bool:
        """Whether there are more viewers than are asked."""
        return self.most is not None and len(self.viewers) > self.most


def sample_viewers(interactions: Interactions, config: TrainingConfig) -> tuple[Interactions, float]:
    """Return whole timelines of about ``max_events`` events, and the share of all events that they are.

    Data within the limit is returned as it is. Viewers keep their indices.
    """
    if len(interactions) <= config.max_events:
        return interactions, 1.0
    # A generator of its own: what is drawn later must not depend on how much data there is.
    order = np.random.default_rng(config.seed).permutation(interactions.n_users)
    counts = np.diff(interactions.offsets)[order]
    chosen = np.zeros(interactions.n_users, np.bool_)
    chosen[order[np.cumsum(counts) <= config.max_events]] = True
    shown = interactions.take(chosen[interactions.user_idx])
    return shown, len(shown) / len(interactions)


def limit_moments(config: TrainingConfig) -> TrainingConfig:
    """Return the config with at most ``max_moments`` time cuts, evenly chosen: each costs a fit of recall.

    Large data has many viewers who come back after any moment, so that few moments give as many queries.
    """
    quantiles = config.time_quantiles
    if len(quantiles) <= config.max_moments:
        return config
    places = np.linspace(0, len(quantiles) - 1, config.max_moments).round().astype(int)
    return config.model_copy(update={"time_quantiles": tuple(quantiles[place] for place in places)})


def plan_rounds(interactions: Interactions, config: TrainingConfig, rng: np.random.Generator) -> list[Round]:
    """Return folds, shares, points and time cuts, as many of each as the config asks for."""
    counts = np.diff(interactions.offsets)
    active = np.flatnonzero(counts > config.min_history)
    if not len(active):
        return []
    ahead = [] if config.goal == "missing" else list(_plan_shares(interactions, config))
    together = len(ahead) + config.points
    budget = config.max_queries / max(len(active) * (together + min(config.folds, 1) * config.cuts), 1)
    rounds = [*_plan_folds(interactions, active, config, rng), *ahead]
    rounds += [_plan_points(interactions, config, rng, number + 1) for number in range(config.points)]
    rounds = [replace(turn, share=min(budget, 1.0)) for turn in rounds]
    return [*rounds, *_plan_time_cuts(interactions, config)]


def iterate_rounds(
    interactions: Interactions, config: TrainingConfig, rng: np.random.Generator
) -> Iterator[tuple[Round, Interactions, list[Query]]]:
    """Yield every round with the rows recall may see and its queries."""
    for turn in plan_rounds(interactions, config, rng):
        yield turn, interactions.take(turn.visible), ask(turn, interactions, config, rng)


def ask(
    turn: Round, interactions: Interactions, config: TrainingConfig, rng: np.random.Generator
) -> list[Query]:
    """Return the queries of a round; rounds must be asked in their order, since all share a generator."""
    viewers = turn.viewers
    if turn.share < 1:
        viewers = viewers[rng.random(len(viewers)) < turn.share]
    if turn.is_plentiful:
        viewers = np.sort(rng.choice(viewers, turn.most, replace=False))
    queries: list[Query] = []
    for user in viewers.tolist():
        history = interactions.history(user)
        if turn.labels is None:
            queries += take_out(history, config, rng)
            continue
        rows = slice(int(interactions.offsets[user]), int(interactions.offsets[user + 1]))
        future = history.take(turn.labels[rows])
        if config.goal == "missing":
            future = _forget_when(future, history)
        queries.append(Query(history.take(turn.visible[rows]), future, turn.closing))
    return queries


def take_out(history: History, config: TrainingConfig, rng: np.random.Generator) -> list[Query]:
    """Return queries that miss a random share of the history; all that is missing is equally far away."""
    queries: list[Query] = []
    for number in range(config.cuts):
        out = np.zeros(len(history), np.bool_)
        out[rng.choice(len(history), _count_missing(len(history), config), replace=False)] = True
        missing = _forget_when(history.take(out), history)
        queries.append(Query(history.take(~out), missing, closing=number == 0))
    return queries


def _plan_folds(
    interactions: Interactions, active: LongArray, config: TrainingConfig, rng: np.random.Generator
) -> Iterator[Round]:
    folds = min(config.folds, len(active))
    group = rng.permutation(len(active)) % max(folds, 1)
    for fold in range(folds if folds > 1 else 0):
        members = active[group == fold]
        hidden = np.zeros(interactions.n_users, np.bool_)
        hidden[members] = True
        label = f"fold {fold + 1} of {folds}"
        yield Round(label, fold, ~hidden[interactions.user_idx], members, None)


def _plan_shares(interactions: Interactions, config: TrainingConfig) -> Iterator[Round]:
    counts = np.diff(interactions.offsets)
    end = counts
    for number, share in enumerate(config.shares):
        # Rounded first: 0.2 * 15 is 3.0000000000000004 in floating point, and its ceiling 4.
        cut = counts - np.ceil(np.round((1.0 - share) * counts, 9)).astype(np.int64)
        label = f"first {share:.0%} of every timeline"
        yield _cut(interactions, config, label, number, cut, end, closing=number == 0)
        end = cut


def _plan_points(
    interactions: Interactions, config: TrainingConfig, rng: np.random.Generator, number: int
) -> Round:
    counts = np.diff(interactions.offsets)
    label = f"points, {number} of {config.points}"
    if config.goal == "missing":
        place = np.lexsort((rng.random(len(interactions)), interactions.user_idx))
        labels = np.zeros(len(interactions), np.bool_)
        wanted = np.array([_count_missing(int(count), config) for count in counts])
        labels[place] = (
            np.arange(len(interactions)) - interactions.offsets[interactions.user_idx]
            < (wanted[interactions.user_idx])
        )
        left = counts - wanted
        viewers = np.flatnonzero((left >= config.min_history) & (wanted > 0))
        return Round(label, POINTS, ~labels, viewers, labels)
    share = rng.uniform(*POINT_RANGE, len(counts))
    early = rng.random(len(counts)) < EARLY_SHARE
    first = np.minimum(config.min_history / np.maximum(counts, 1), POINT_RANGE[0])
    share = np.where(early, first + (POINT_RANGE[0] - first) * rng.random(len(counts)), share)
    cut = np.clip(np.round(share * counts).astype(np.int64), np.minimum(counts, 1), np.maximum(counts - 1, 0))
    window = np.maximum(config.window_min, np.ceil(config.window_share * counts).astype(np.int64))
    return _cut(interactions, config, label, POINTS, cut, np.minimum(cut + window, counts))


def _plan_time_cuts(interactions: Interactions, config: TrainingConfig) -> list[Round]:
    """Return the time cuts; where many come back, only as many as give enough queries, evenly spread."""
    counts, wanted = np.diff(interactions.offsets), max(config.max_queries // 2, 1)
    rounds: list[Round] = []
    for quantile in config.time_quantiles:
        visible = interactions.timestamp <= int(np.quantile(interactions.timestamp, quantile))
        past = np.bincount(interactions.user_idx[visible], minlength=interactions.n_users)
        both = np.flatnonzero((past >= config.min_history) & (counts > past))
        rounds.append(Round(f"time cut {quantile:g}", TIME_CUT, visible, both, ~visible))
    step = sum(len(turn.viewers) for turn in rounds) // wanted
    kept = rounds[:: min(max(step, 1), max(len(rounds) // LEAST_TIME_CUTS, 1))]
    most = max(wanted // max(len(kept), 1), 1)
    return [replace(turn, most=most) for turn in kept]


def _cut(
    interactions: Interactions,
    config: TrainingConfig,
    label: str,
    number: int,
    cut: LongArray,
    end: LongArray,
    closing: bool = False,
) -> Round:
    """Cut every viewer's timeline after ``cut`` events; the labels are those before ``end``."""
    place = np.arange(len(interactions)) - interactions.offsets[interactions.user_idx]
    visible = place < cut[interactions.user_idx]
    labels = ~visible & (place < end[interactions.user_idx])
    viewers = np.flatnonzero((cut >= config.min_history) & (end > cut))
    return Round(label, number, visible, viewers, labels, closing=closing)


def _count_missing(count: int, config: TrainingConfig) -> int:
    return max(min(int(np.ceil(config.missing_share * count)), count - 1), 0)


def _forget_when(missing: History, history: History) -> History:
    return replace(missing, timestamp=np.full_like(missing.timestamp, history.timestamp[-1]))
