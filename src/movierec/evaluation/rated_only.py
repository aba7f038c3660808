"""What figures of the rated-only protocol are worth, and where published ones stand beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from movierec.data.splits import Split
from movierec.evaluation.protocols import TEN_LIKED
from movierec.evaluation.results import PoolBounds, ProtocolReport
from movierec.evaluation.tables import format_interval, tabulate

NAME: Final = "rated-only"
PUBLISHED_FOR: Final = "ml-100k"
PUBLISHED: Final = {"auc": 0.71, "precision@10": 0.65, "ndcg@10": 0.78}
"""Published this way for ml-100k; neither their split nor the least number of held-out items is told."""

_WHY: Final = (
    "This protocol flatters. Only films somebody went on to rate are ordered, so nothing has to be found "
    "among thousands, and what people choose to watch they mostly like. It rewards grading (will they like "
    "it?) and is blind to finding (will they watch it?)."
)
_PRECISION: Final = (
    "Precision@10 is bounded by how many liked films each user has held out, and a split that keeps only "
    "users with many ratings moves the bound: the last column is of those for whom it is 1."
)


def bound_pools(splits: Sequence[Split], k: int) -> PoolBounds | None:
    """Return what an order by chance and the perfect one reach in lists of ``k``; None without pools.

    By chance every place holds a liked film with the share of liked ones among the user's pool.
    """
    if any(split.pool is None for split in splits):
        return None
    liked = np.concatenate([split.truth.n_relevant for split in splits])
    size = np.concatenate([split.pool.n_relevant for split in splits if split.pool is not None])
    gain = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))))
    share = liked / size
    return PoolBounds(
        chance={
            "auc": 0.5,
            f"precision@{k}": float((share * np.minimum(size, k) / k).mean()),
            f"ndcg@{k}": float((share * gain[np.minimum(size, k)] / gain[np.minimum(liked, k)]).mean()),
        },
        perfect={"auc": 1.0, f"precision@{k}": float((np.minimum(liked, k) / k).mean()), f"ndcg@{k}": 1.0},
    )


def describe_rated_only(report: ProtocolReport) -> list[str]:
    """Return why the protocol flatters and a table from chance to perfection, published figures between."""
    if report.receipt.protocol != NAME or report.bounds is None:
        return []
    known = {system.name for system in report.systems}
    best = max(report.systems, key=lambda system: system.metrics[report.metric].mean).name
    names = [name for name in dict.fromkeys(("v2", "v2-rating", best)) if name in known]
    bounds = report.bounds
    rows = [["by chance", *(f"{bounds.chance[metric]:.3f}" for metric in PUBLISHED), ""]]
    rows += [
        [
            name,
            *(format_interval(report.find(name).metrics[metric]) for metric in PUBLISHED),
            _read_ten_liked(report, name),
        ]
        for name in names
        if PUBLISHED.keys() <= report.find(name).metrics.keys()
    ]
    if report.receipt.dataset == PUBLISHED_FOR:
        rows.append(["published", *(f"{value:.2f}" for value in PUBLISHED.values()), ""])
    rows.append(["perfect order", *(f"{bounds.perfect[metric]:.3f}" for metric in PUBLISHED), "1.000"])
    return [
        "## What these figures are worth",
        f"{_WHY} {_PRECISION}",
        tabulate(["Order", "AUC", "Precision@10", "NDCG@10", "Precision@10, ten liked"], rows),
        "*v2-rating* is the same build asked for the best match first (`--aim rating`); the usual order of "
        "V2 is for finding what is watched, and is not meant to grade.",
    ]


def _read_ten_liked(report: ProtocolReport, name: str) -> str:
    found = [subset.metrics[name] for subset in report.subsets if subset.name == TEN_LIKED.name]
    return format_interval(found[0]["precision@10"]) if found and "precision@10" in found[0] else ""
