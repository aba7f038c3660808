"""What to expect of a build on its own data: a quick time split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.ranker import Ranker
from movierec.ranking.training import HeldOutQuery, TrainingRows
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import FloatArray
from movierec.stages import RankerConfig

CHECK_TREES = 80
CHECK_ROWS = 150_000
"""The check ranker is a smaller one: it judges the set-up, it is not served."""

CHECK_METRICS: Final = ("ndcg@10", "hit_rate@10", "recall@50")
CHECK_SYSTEMS: Final = ("v2", "v1.5", *(f"v1-{name}" for name in SOURCE_NAMES))
QUERIES: Final = "queries"
_RESAMPLES: Final = 1000


def check_ranker(rows: TrainingRows, config: RankerConfig) -> dict[str, float]:
    """Return what V2, the merge and every source alone achieve on everybody's last events.

    Recall was fitted on the first part of every timeline, see the first of
    :attr:`movierec.stages.TrainingConfig.shares`; the ranker asked here learns from rounds whose labels
    lie within that part. One query a viewer; films liked later are relevant, whether a source proposed
    them or not. With folds, neither has met the viewers who are asked.

    Returns
    -------
    ``queries``, and for every metric and system ``metric system`` with ``… low`` and ``… high``, the
    bounds of a 95 % bootstrap interval over viewers. Empty where nothing can be compared.
    """
    queries = [query for query in rows.held_out if query.closing and query.n_relevant]
    rest = rows.round > 0
    # Whole queries are left out, not single rows.
    rest &= rows.query % max(round(rest.sum() / CHECK_ROWS), 1) == 0
    if not queries or not (rows.rating[rest] > 0).any():
        return {}
    quick = config.model_copy(
        update={"max_iter": min(config.max_iter, CHECK_TREES), "seeds": config.seeds[:1]}
    )
    ranker = Ranker.fit(rows.take(rest), quick)
    scores = np.split(
        ranker.score(np.concatenate([query.features for query in queries])),
        np.cumsum([len(query.features) for query in queries])[:-1],
    )
    values = np.stack([_measure(query, own) for query, own in zip(queries, scores, strict=True)])
    return {QUERIES: float(len(queries)), **_name(values)}


def _measure(query: HeldOutQuery, score: FloatArray) -> NDArray[np.float64]:
    """Return float64[len(CHECK_SYSTEMS), len(CHECK_METRICS)] of one query."""
    merged = np.arange(len(score), dtype=np.float32)
    keys = [-score, merged, *query.source_rank.T]
    return np.array([_measure_list(query, key) for key in keys], np.float64)


def _measure_list(query: HeldOutQuery, key: FloatArray) -> Sequence[float]:
    """Return the metrics of candidates in ascending order of ``key``; NaN means not listed."""
    order = np.argsort(key, kind="stable")[:50]
    hit = query.relevant[order] & ~np.isnan(key[order])
    discount = 1.0 / np.log2(np.arange(2, 12))
    ndcg = hit[:10] @ discount[: len(hit[:10])] / discount[: min(10, query.n_relevant)].sum()
    return float(ndcg), float(hit[:10].any()), float(hit.sum() / query.n_relevant)


def _name(values: NDArray[np.float64]) -> dict[str, float]:
    """Turn float64[n_queries, n_systems, n_metrics] into named means with their bounds."""
    count = len(values)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1.0 / count), _RESAMPLES)
    draws = np.tensordot(drawn / count, values, axes=1)
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    mean = values.mean(axis=0)
    named: dict[str, float] = {}
    for column, metric in enumerate(CHECK_METRICS):
        for row, system in enumerate(CHECK_SYSTEMS):
            named[f"{metric} {system}"] = float(mean[row, column])
            named[f"{metric} {system} low"] = float(low[row, column])
            named[f"{metric} {system} high"] = float(high[row, column])
    return named
