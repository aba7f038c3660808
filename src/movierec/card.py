"""The model card: what a bundle was made from, how well it should do, and where it will not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from movierec.ranking.check import CHECK_METRICS, CHECK_SYSTEMS, QUERIES
from movierec.ranking.features import FEATURE_NAMES
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Dataset
from movierec.stages import BuildConfig

FEW_QUERIES: Final = 50
"""Viewers below which a card warns: a 95 % interval of the hit rate is then wider than a quarter."""

_RANKERS: Final = {
    "hist_gradient_boosting": "HistGradientBoosting",
    "lambdamart": "LambdaMART",
    "average": "HistGradientBoosting and LambdaMART averaged",
}
_LABELS: Final = {"ndcg@10": "NDCG@10", "hit_rate@10": "Hit rate@10", "recall@50": "Recall@50"}


def write_card(dataset: Dataset, config: BuildConfig, metrics: Mapping[str, float], has_ranker: bool) -> str:
    """Return the card as Markdown; it depends on data and config only, never on the clock."""
    info = dataset.info
    audience = "**simulated** (a seeded generator, not real people)" if info.simulated else "real"
    lines = [
        f"# Model card: {info.name}",
        "",
        "## Data",
        f"- {info.n_users:,} viewers ({audience}), {info.n_items:,} films, "
        f"{info.n_interactions:,} interactions, {info.n_quarantined:,} rows set aside as unusable",
        f"- content hash `{info.content_hash[:16]}`, licence: {info.licence}",
        "",
        "## Model",
        f"- Recall: {', '.join(SOURCE_NAMES)}; merged by reciprocal rank fusion to at most "
        f"{config.recall.merge.cap} candidates",
        f"- Ranker: {_RANKERS[config.ranker.kind]}, {config.ranker.max_iter} trees for "
        f"each seed of two heads and {config.ranker.return_max_iter} for the third, of at most "
        f"{config.ranker.max_leaf_nodes} leaves; {len(FEATURE_NAMES)} features; "
        f"{config.ranker.linear_share:.0%} of the score is linear in the sources' scores"
        if has_ranker
        else "- Ranker: none, no viewer has enough history; lists follow the merge",
        f"- Training: timelines cut at {', '.join(f'{share:.0%}' for share in config.training.shares)} of "
        f"their length and {config.training.points} times at a point of their own, "
        f"{len(config.training.time_quantiles)} cuts of the calendar; recall is fitted without the labels, "
        "then refitted on everything",
        "",
        "## Expected quality",
        *_list_metrics(metrics),
        "",
        "## Limits",
        "- The expected quality is that of a smaller ranker with a part of the training rows, and recall "
        "knew a fifth less of everybody. It says how the stages compare on this data set, not how people "
        "will like the product.",
        "- Scores order one list and mean nothing across viewers; the match percentage is the modelled "
        "chance that the viewer likes the film once they watch it.",
        "- Films nobody has rated are reached through genres and back-fill only.",
        "",
    ]
    return "\n".join(lines)


def _list_metrics(metrics: Mapping[str, float]) -> list[str]:
    if not metrics:
        return ["- not measured: too few viewers for a check"]
    count = int(metrics.get(QUERIES, 0))
    present = [name for name in CHECK_METRICS if any(key.startswith(f"{name} ") for key in metrics)]
    rows = [
        f"| {system} | {' | '.join(_format(metrics, f'{name} {system}') for name in present)} |"
        for system in CHECK_SYSTEMS
        if any(f"{name} {system}" in metrics for name in present)
    ]
    caution = [
        "",
        f"**{count} viewers are too few for more than a hint:** read the intervals, not the means.",
    ]
    return [
        f"Measured on this data set, on {count:,} viewers: the last fifth of every timeline was hidden from "
        "recall and ranker, and what a viewer liked in it was to be found among everything they had not "
        "watched yet. Brackets are 95 % bootstrap intervals over these viewers.",
        *(caution if count < FEW_QUERIES else []),
        "",
        f"| | {' | '.join(_LABELS[name] for name in present)} |",
        "|---|" + "---:|" * len(present),
        *rows,
        "",
        "NDCG@10 is 1 where the ten places hold nothing but films the viewer went on to like, and counts a "
        "film less the lower it stands; hit rate@10 is the share of viewers with at least one such film in "
        "the first ten; recall@50 is the share of those films found in the first fifty.",
    ]


def _format(metrics: Mapping[str, float], name: str) -> str:
    if name not in metrics:
        return ""
    if f"{name} low" not in metrics:
        return f"{metrics[name]:.3f}"
    return f"{metrics[name]:.3f} [{metrics[f'{name} low']:.3f}, {metrics[f'{name} high']:.3f}]"
