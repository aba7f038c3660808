"""The gate: what was learnt anew against what is served, on events that neither knows.

Two ways to keep the comparison free of leakage, tried in this order:

- ``bundle``: the newest part of the live events is held out, all of it later than anything the served
  bundle was trained on. The challenger learns from what lies before; the served bundle is asked as it is.
- ``configuration``: where that leaves too few viewers, the newest tenth of everything is held out. The served
  bundle knows a part of it, so a twin stands in for it: its settings fitted on its own events from before
  the window. The challenger learns from all events from before the window.

Both are asked with the same histories, which end where the window begins, and every pair of viewer and film
that the served bundle was trained on is taken out of what is to be found.

People answer what they are shown, and what they are shown the served bundle chose: it finds live likes again
better than any other bundle could, good or not. So where enough viewers both liked and disliked something in
a live window, what is compared is which of the two each bundle puts first: both were shown, whoever chose
them. Otherwise it is NDCG@10 over the whole catalogue, which errs on the side of what is served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from movierec.bundles import Contents
from movierec.data.confidence import NEUTRAL_RATING
from movierec.data.splits import RELEVANT_RATING, Split, Truth, divide_at
from movierec.data.tables import hash_tables
from movierec.engine import Engine
from movierec.evaluation.intervals import compare_paired, estimate_means
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, find_hits, ndcg
from movierec.pipeline import Fitted, fit
from movierec.published import Measured, MeasuredDifference, Part
from movierec.retraining.accrual import Accrued
from movierec.schema import Catalog, Dataset, History, IntArray, Interactions
from movierec.stages import BuildConfig

Progress = Callable[[str], None]

LIVE_SHARES: Final = (0.3, 0.6)
"""Of the live events the served bundle does not know, the newest so many are the window; the wider one only
where the narrow one has too few viewers with both likes and dislikes."""

WINDOW_SHARE: Final = 0.1
"""Of all events, where there are too few of those."""

MIN_VIEWERS: Final = 30
"""With fewer viewers to compare on, nothing can be said."""

MAX_VIEWERS: Final = 2_000
ORDER: Final = "order"
"""Chance that a viewer's liked film of the window is put before a disliked one."""

NDCG: Final = "ndcg@10"
_PLACES: Final = 10


class Against(StrEnum):
    """What the challenger was compared with; see the module."""

    BUNDLE = "bundle"
    CONFIGURATION = "configuration"


class Verdict(StrEnum):
    """What the gate found."""

    PASSED = "passed"
    WORSE = "worse"
    UNJUDGED = "unjudged"


class GateReport(Part):
    """The comparison behind a verdict.

    ``window_start`` is in seconds since the epoch, on the clock of the data. Numbers are None where there
    were too few viewers. ``difference`` is challenger minus served.
    """

    verdict: Verdict
    against: Against
    window_start: int
    window_events: int
    viewers: int
    metric: str
    served: Measured | None = None
    challenger: Measured | None = None
    difference: MeasuredDifference | None = None


@dataclass(frozen=True)
class Judgement:
    """A report, the challenger it is about (None if none was fitted) and what that was fitted on."""

    report: GateReport
    challenger: Fitted | None
    train: Dataset


@dataclass(frozen=True)
class Window:
    """What is held out, and what that lets the challenger be compared with."""

    against: Against
    split: Split
    start: int

    @property
    def metric(self) -> str:
        """``ORDER`` where there is a pool of liked and disliked films, else ``NDCG``."""
        return NDCG if self.split.pool is None else ORDER


def judge(
    accrued: Accrued,
    served: Contents,
    served_config: BuildConfig,
    config: BuildConfig,
    progress: Progress,
    seed: int = 0,
) -> Judgement:
    """Fit the challenger without the newest window and compare it with what is served.

    Parameters
    ----------
    accrued : everything known by now
    served, served_config : the bundle in use and the settings it was built with
    config : settings of the challenger
    seed : of the bootstrap, and of the sample where more than ``MAX_VIEWERS`` could be asked
    """
    window = choose_window(accrued, served, seed)
    split = window.split
    dataset = _restrict(accrued.dataset, split.train)
    if len(split.truth) < MIN_VIEWERS:
        report = GateReport(
            verdict=Verdict.UNJUDGED,
            against=window.against,
            window_start=window.start,
            window_events=len(split.held_out),
            viewers=len(split.truth),
            metric=window.metric,
        )
        return Judgement(report, None, dataset)
    progress(f"gate: fitting on the {len(split.train):,} events before the window")
    challenger = fit(split.train, dataset.catalog, config, progress, check=False)
    rival = served.engine
    if window.against is Against.CONFIGURATION:
        progress("gate: fitting what is served on its own events before the window")
        known = served.interactions
        before = known.take(known.timestamp < window.start)
        rival = fit(before, served.catalog, served_config, progress, check=False).engine
    progress(f"gate: comparing on {len(split.truth):,} viewers")
    gained = _measure(challenger.engine, dataset.catalog, split, dataset.catalog)
    kept = _measure(rival, served.catalog, split, dataset.catalog)
    return Judgement(compare(gained, kept, window, seed), challenger, dataset)


def compare(challenger: DoubleArray, served: DoubleArray, window: Window, seed: int) -> GateReport:
    """Return the report on one number per viewer of the window's truth (float64[n] each).

    The challenger is worse where the whole 95 % interval of the paired difference lies below 0.
    """
    viewers = window.split.truth.user_idx
    difference = compare_paired(challenger, served, viewers, seed)
    means = estimate_means(np.column_stack((challenger, served)), viewers, seed)
    first, second = (Measured(mean=each.mean, low=each.low, high=each.high) for each in means)
    return GateReport(
        verdict=Verdict.WORSE if difference.high < 0 else Verdict.PASSED,
        against=window.against,
        window_start=window.start,
        window_events=len(window.split.held_out),
        viewers=len(viewers),
        metric=window.metric,
        challenger=first,
        served=second,
        difference=MeasuredDifference(
            mean=difference.mean, low=difference.low, high=difference.high, p_value=difference.p_value
        ),
    )


def choose_window(accrued: Accrued, served: Contents, seed: int) -> Window:
    """Return the newest window that is free of leakage; see the module."""
    rows = accrued.dataset.interactions
    known_until = int(served.interactions.timestamp.max(initial=0))
    fresh = rows.timestamp[accrued.live & (rows.timestamp > known_until)]
    if len(fresh):
        windows = []
        for share in LIVE_SHARES:
            start = int(np.quantile(fresh, 1 - share, method="inverted_cdf")) + 1
            windows.append(_cut(Against.BUNDLE, accrued.dataset, served, start, seed))
            if windows[-1].metric == ORDER:
                return windows[-1]
        if len(windows[0].split.truth) >= MIN_VIEWERS:
            return windows[0]
    start = int(np.quantile(rows.timestamp, 1 - WINDOW_SHARE, method="inverted_cdf")) + 1
    return _cut(Against.CONFIGURATION, accrued.dataset, served, start, seed)


def _cut(against: Against, dataset: Dataset, served: Contents, start: int, seed: int) -> Window:
    split = divide_at(dataset.interactions, start, RELEVANT_RATING)
    if against is Against.BUNDLE:
        trained = _list_trained(dataset, served)
        split = replace(split, truth=_forget(split.truth, trained, split.train.n_items))
        split = _oppose(split) or split
    return Window(against, split.sample(MAX_VIEWERS, seed), start)


def _oppose(split: Split) -> Split | None:
    """Return the split of who both liked and disliked in the window, its pool; None if they are too few."""
    rest = split.held_out
    disliked = rest.take(rest.rating < NEUTRAL_RATING)
    pairs = np.unique(disliked.user_idx.astype(np.int64) * rest.n_items + disliked.item_idx)
    both = np.isin(split.truth.user_idx, pairs // rest.n_items)
    if np.count_nonzero(both) < MIN_VIEWERS:
        return None
    truth = split.truth.take(both)
    liked = np.repeat(truth.user_idx, truth.n_relevant).astype(np.int64) * rest.n_items + truth.item_idx
    pool = np.union1d(liked, pairs[np.isin(pairs // rest.n_items, truth.user_idx)])
    counts = np.bincount(np.searchsorted(truth.user_idx, pool // rest.n_items), minlength=len(truth))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    listed = Truth(truth.user_idx, offsets, (pool % rest.n_items).astype(np.int32))
    return replace(split, truth=truth, pool=listed)


def _list_trained(dataset: Dataset, served: Contents) -> np.ndarray:
    """Return int64: the pairs the served bundle was trained on, with the indices of ``dataset``."""
    user = _translate(served.user_id, dataset.user_id)[served.interactions.user_idx]
    item = _translate(served.catalog.item_id, dataset.catalog.item_id)[served.interactions.item_idx]
    both = (user >= 0) & (item >= 0)
    return user[both].astype(np.int64) * dataset.interactions.n_items + item[both]


def _forget(truth: Truth, trained: np.ndarray, n_items: int) -> Truth:
    owner = np.repeat(truth.user_idx, truth.n_relevant).astype(np.int64)
    kept = ~np.isin(owner * n_items + truth.item_idx, trained)
    counts = np.bincount(np.repeat(np.arange(len(truth)), truth.n_relevant)[kept], minlength=len(truth))
    some = counts > 0
    offsets = np.concatenate(([0], np.cumsum(counts[some]))).astype(np.int64)
    return Truth(truth.user_idx[some], offsets, truth.item_idx[kept])


def _measure(engine: Engine, catalog: Catalog, split: Split, asked: Catalog) -> DoubleArray:
    """Return the metric per viewer; histories and lists pass between the indices of two catalogues."""
    inward = _translate(asked.item_id, catalog.item_id)
    outward = _translate(catalog.item_id, asked.item_id)
    histories = [_rename(split.history(int(user)), inward) for user in split.truth.user_idx]
    if split.pool is not None:
        return np.array(
            [
                order_of(engine, history, inward[split.pool.items(row)], inward[split.truth.items(row)])
                for row, history in enumerate(histories)
            ]
        )
    lists = np.full((len(histories), _PLACES), NO_ITEM, np.int32)
    for row, found in enumerate(engine.recommend_batch(histories, _PLACES)):
        lists[row, : len(found.item_idx)] = outward[found.item_idx]
    return ndcg(find_hits(lists, split.truth.offsets, split.truth.item_idx), _PLACES)


def order_of(engine: Engine, history: History, pool: IntArray, liked: IntArray) -> float:
    """Return how many pairs of a liked and another film of the pool are in order; ties count half."""
    score = engine.score_items(history, np.maximum(pool, 0)).astype(np.float64)
    score[pool < 0] = -np.inf  # a film the bundle does not know is put last
    wanted = np.isin(pool, liked)
    above = score[wanted][:, None] - score[~wanted][None, :]
    return float((np.sign(np.nan_to_num(above)) + 1).mean() / 2)


def _rename(history: History, position: IntArray) -> History:
    item_idx = position[history.item_idx]
    return replace(history, item_idx=item_idx).take(item_idx >= 0)


def _translate(ids: tuple[str, ...], others: tuple[str, ...]) -> IntArray:
    """Return int32[len(ids)]: where each id stands among ``others``, -1 where it does not."""
    position = {name: index for index, name in enumerate(others)}
    return np.array([position.get(name, -1) for name in ids], np.int32)


def _restrict(dataset: Dataset, train: Interactions) -> Dataset:
    info = replace(
        dataset.info,
        content_hash=hash_tables(dataset.user_id, dataset.catalog, train),
        n_interactions=len(train),
        now=int(train.timestamp.max(initial=0)),
    )
    return replace(dataset, info=info, interactions=train)
