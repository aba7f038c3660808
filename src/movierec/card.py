"""The model card: what a bundle was made from, how well it should do, and where it will not."""

from __future__ import annotations

from movierec.ranking.features import FEATURE_NAMES
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Dataset
from movierec.stages import BuildConfig


def write_card(dataset: Dataset, config: BuildConfig, metrics: dict[str, float], has_ranker: bool) -> str:
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
        f"- Ranker: HistGradientBoosting, {config.ranker.max_iter} trees of at most "
        f"{config.ranker.max_leaf_nodes} leaves, {len(FEATURE_NAMES)} features, seeds {config.ranker.seeds}"
        if has_ranker
        else "- Ranker: none, no viewer has enough history; lists follow the merge",
        f"- Training: {config.training.folds} viewer folds, up to {config.training.cuts} cuts per timeline, "
        f"time cuts at {', '.join(f'{quantile:g}' for quantile in config.training.time_quantiles)}; recall "
        "is fitted without the labels, then refitted on everything",
        "",
        "## Expected quality",
        *_list_metrics(metrics),
        "",
        "## Limits",
        "- The check uses one fold of viewers whose timelines were hidden from recall and ranker; it says "
        "how the stages compare on this data set, not how people will like the product.",
        "- Scores order one list and mean nothing across viewers; the match percentage is the modelled "
        "chance that the viewer likes the film once they watch it.",
        "- Films nobody has rated are reached through genres and back-fill only.",
        "",
    ]
    return "\n".join(lines)


def _list_metrics(metrics: dict[str, float]) -> list[str]:
    if not metrics:
        return ["- not measured: too few viewers for a check"]
    rows = [f"| {name.removeprefix('ndcg@10 ')} | {value:.3f} |" for name, value in metrics.items()]
    return [
        "NDCG@10, films liked in the following window, viewers not seen in training:",
        "",
        "| | |",
        "|---|---|",
        *rows,
    ]
