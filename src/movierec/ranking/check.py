"""A quick check of every build: the ranker against what it is fed, on viewers it has not seen."""

from __future__ import annotations

import numpy as np

from movierec.ranking.ranker import Ranker
from movierec.ranking.training import TrainingRows
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import BoolArray, FloatArray
from movierec.stages import RankerConfig

CHECK_TREES = 80
CHECK_ROWS = 150_000
"""The check ranker is a smaller one: it judges the set-up, it is not served."""


def check_ranker(rows: TrainingRows, config: RankerConfig) -> dict[str, float]:
    """Return mean NDCG@10 of V2, the merge and every source on the held-out queries.

    A ranker is fitted without the first fold and asked about it. Empty where nothing can be compared.
    """
    queries = [query for query in rows.held_out if query.n_relevant]
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
    metrics = {
        "ndcg@10 v2": _mean(
            [_ndcg(q.relevant, -s, q.n_relevant) for q, s in zip(queries, scores, strict=True)]
        ),
        "ndcg@10 v1.5": _mean(
            [_ndcg(q.relevant, np.arange(len(q.relevant), dtype=np.float32), q.n_relevant) for q in queries]
        ),
    }
    for column, name in enumerate(SOURCE_NAMES):
        metrics[f"ndcg@10 v1-{name}"] = _mean(
            [_ndcg(q.relevant, q.source_rank[:, column], q.n_relevant) for q in queries]
        )
    return metrics


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _ndcg(relevant: BoolArray, key: FloatArray, n_relevant: int, k: int = 10) -> float:
    """Return NDCG@k of candidates in ascending order of ``key``; NaN means not listed."""
    order = np.argsort(key, kind="stable")[:k]
    hit = relevant[order] & ~np.isnan(key[order])
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    return float(hit @ discount[: len(hit)] / discount[: min(k, n_relevant)].sum())
