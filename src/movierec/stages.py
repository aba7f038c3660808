"""Configs of the pipeline's stages: data, separate from the components that read them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class StageConfig(BaseModel):
    """Frozen and closed, so that a config can be hashed into a bundle's fingerprint."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PopularityConfig(StageConfig):
    """Confidence summed over time with exponential decay."""

    half_life_days: float = Field(30.0, gt=0)


class ItemItemConfig(StageConfig):
    """EASE^R on events rated at least ``min_rating``, cut to the strongest neighbours."""

    min_rating: float = 4.0
    regularization: float = Field(300.0, gt=0)
    max_items: int = Field(4000, ge=1, description="Most-rated items that take part; memory is its square.")
    neighbours: int = Field(400, ge=1)
    recency: float = Field(10.0, gt=0, description="History weight is exp(-age rank / recency).")


class AlsConfig(StageConfig):
    """Implicit-feedback matrix factorisation."""

    min_rating: float = 4.0
    factors: int = Field(64, ge=1)
    regularization: float = Field(10.0, gt=0)
    alpha: float = Field(2.0, gt=0)
    iterations: int = Field(15, ge=1)
    seed: int = 7


class SequenceConfig(StageConfig):
    """Ordered co-visitation within a window of each timeline."""

    window: int = Field(20, ge=1)
    backward: float = Field(
        0.5, ge=0, le=1, description="Weight of what came before, next to what came after."
    )
    damping: float = Field(0.0, ge=0, le=1, description="Power of item popularity that divides a score.")
    recency: float = Field(2.0, gt=0)
    last_events: int = Field(20, ge=1)
    neighbours: int = Field(400, ge=1)


class LiftConfig(SequenceConfig):
    """Co-visitation over what popularity explains; on inner splits the best single source of all."""

    window: int = Field(50, ge=1)
    recency: float = Field(5.0, gt=0)
    last_events: int = Field(40, ge=1)
    prior: float = Field(2.0, gt=0, description="Imagined co-visits expected of any pair.")


class TransitionConfig(StageConfig):
    """Ridge regression of the next events on the recent ones."""

    recency: float = Field(10.0, gt=0, description="Past events weigh exp(-age rank / recency).")
    ahead: float = Field(3.0, gt=0, description="Events ahead weigh exp(-steps / ahead).")
    window: int = Field(40, ge=1, description="Events looked at on either side of a point.")
    regularization: float = Field(300.0, gt=0)
    max_items: int = Field(2000, ge=1, description="Most-rated items that take part; memory is its square.")
    max_events: int = Field(2_000_000, ge=1, description="Points of all timelines; more are thinned evenly.")
    neighbours: int = Field(400, ge=1)


class SittingConfig(StageConfig):
    """Co-visitation by the clock."""

    seconds: float = Field(60.0, gt=0, description="Pairs weigh exp(-gap / seconds).")
    window: int = Field(60, ge=1, description="Events looked at after each.")
    neighbours: int = Field(400, ge=1)


class GenreConfig(StageConfig):
    """Genre affinity times Bayesian genre-item priors."""

    prior_strength: float = Field(20.0, gt=0, description="m of the weighted rating, in events.")
    recency: float = Field(20.0, gt=0)


class MergeConfig(StageConfig):
    """Union of the sources' lists by reciprocal rank fusion."""

    per_source: int = Field(300, ge=1, description="Items asked of each source.")
    cap: int = Field(500, ge=1, description="Candidates handed to the ranker.")
    constant: float = Field(20.0, gt=0)
    weights: tuple[tuple[str, float], ...] = (
        ("popularity", 0.5),
        ("als_seen", 0.5),
        ("next_step", 0.5),
        ("sitting", 0.25),
        ("genre", 0.25),
    )

    def weight(self, source: str) -> float:
        """Return the weight of a source; 1 unless listed."""
        return dict(self.weights).get(source, 1.0)


class RecallConfig(StageConfig):
    """All sources and their merge."""

    popularity: PopularityConfig = PopularityConfig()
    item_item: ItemItemConfig = ItemItemConfig()
    co_seen: ItemItemConfig = ItemItemConfig(min_rating=0.5, regularization=500.0)
    als: AlsConfig = AlsConfig()
    als_seen: AlsConfig = AlsConfig(min_rating=0.5, factors=32, alpha=1.0)
    sequence: SequenceConfig = SequenceConfig()
    next_step: SequenceConfig = SequenceConfig(window=3, backward=0.0)
    lift: LiftConfig = LiftConfig()
    transition: TransitionConfig = TransitionConfig()
    sitting: SittingConfig = SittingConfig()
    genre: GenreConfig = GenreConfig()
    merge: MergeConfig = MergeConfig()


class TrainingConfig(StageConfig):
    """Where the ranker's rows come from: see :mod:`movierec.ranking.training`."""

    goal: Literal["next", "missing"] = Field(
        "next",
        description="next: labels are what came after a cut; missing: random events taken out of a history.",
    )
    folds: int = Field(6, ge=2, description="Viewer groups; recall is fitted without the labelled group.")
    cuts: int = Field(6, ge=1, description="Points of each timeline that become training queries.")
    min_history: int = Field(4, ge=1)
    window_share: float = Field(0.2, gt=0, le=1)
    window_min: int = Field(8, ge=1)
    label_decay: float = Field(3.0, gt=0, description="A label k steps away weighs decay / (1 + k).")
    weak_weight: float = Field(0.5, ge=0, description="Weight of a positive below four stars.")
    time_quantiles: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    missing_share: float = Field(0.25, gt=0, lt=1, description="Share taken out where the goal is missing.")
    time_window: int = Field(30, ge=1, description="Events after a time cut that count as labels.")
    hard_negatives: int = Field(60, ge=0, description="Best merged candidates, kept more often.")
    hard_rate: float = Field(0.25, gt=0, le=1, description="Share of the hard negatives kept.")
    negative_rate: float = Field(0.02, gt=0, le=1, description="Share of the other negatives kept.")
    check_queries: int = Field(300, ge=0, description="Queries kept whole to check the ranker with.")
    max_queries: int = Field(6_000, ge=1, description="Queries are sampled down to this number.")
    seed: int = 1


class RankerConfig(StageConfig):
    """HistGradientBoosting blended with a linear part unless told otherwise; several seeds are averaged.

    It has three heads. ``seeds`` learn what is watched next and at least not disliked, near labels
    first; ``later_seeds`` what is liked anywhere in the window; ``return_seeds`` what people watch who
    come back after a moment of the calendar.
    """

    kind: Literal["hist_gradient_boosting", "lambdamart", "average"] = Field(
        "hist_gradient_boosting", description="The others need movierec[lightgbm]."
    )
    max_iter: int = Field(150, ge=1)
    learning_rate: float = Field(0.06, gt=0)
    max_leaf_nodes: int = Field(
        31, ge=2, le=64, description="At most 64: the scorer's leaf mask has 64 bits."
    )
    min_samples_leaf: int = Field(50, ge=1)
    l2_regularization: float = Field(5.0, ge=0)
    max_features: float = Field(0.4, gt=0, le=1)
    watch_rating: float = Field(2.5, description="Stars above which the first goal counts an event.")
    linear_share: float = Field(
        0.4, ge=0, lt=1, description="Of the score; .3 to .5 are alike, 0 costs .006."
    )
    seeds: tuple[int, ...] = (0, 1)
    later_seeds: tuple[int, ...] = (2, 6)
    return_seeds: tuple[int, ...] = (3, 4, 5)


class BuildConfig(StageConfig):
    """Everything that shapes a bundle besides the data and the code."""

    recall: RecallConfig = RecallConfig()
    training: TrainingConfig = TrainingConfig()
    ranker: RankerConfig = RankerConfig()
