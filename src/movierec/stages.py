"""Configs of the pipeline's stages: data, separate from the components that read them."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


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
    max_solid_items: int = Field(
        10_000, ge=1, description="As many take part where each of them has enough events; 0.4 GB."
    )
    solid_events: int = Field(200, ge=1, description="Events that are enough.")
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
    max_events: int = Field(500_000, ge=1, description="Points of all timelines; more are thinned evenly.")
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
        return self.weights_of((source,))[0]

    def weights_of(self, sources: tuple[str, ...]) -> tuple[float, ...]:
        """Return the weights of sources; 1 for those that are not listed."""
        return _find_weights(self.weights, sources)


@lru_cache(maxsize=64)
def _find_weights(listed: tuple[tuple[str, float], ...], sources: tuple[str, ...]) -> tuple[float, ...]:
    by_name = dict(listed)
    return tuple(by_name.get(source, 1.0) for source in sources)


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
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.8, 0.65, 0.5), description="Of every timeline that recall sees in a round, falling."
    )
    points: int = Field(4, ge=0, description="Rounds that cut every timeline at a point of its own.")
    folds: int = Field(
        0, ge=0, description="Viewer groups that recall is fitted without; for the goal missing."
    )
    cuts: int = Field(6, ge=1, description="Times that each viewer of a fold is asked.")
    min_history: int = Field(4, ge=1)
    window_share: float = Field(0.2, gt=0, le=1)
    window_min: int = Field(8, ge=1)
    label_decay: float = Field(3.0, gt=0, description="A label k steps away weighs decay / (1 + k).")
    weak_weight: float = Field(0.5, ge=0, description="Weight of a positive below four stars.")
    time_quantiles: tuple[float, ...] = (
        *(0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55),
        *(0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    )
    missing_share: float = Field(0.25, gt=0, lt=1, description="Share taken out where the goal is missing.")
    hard_negatives: int = Field(60, ge=0, description="Best merged candidates, kept more often.")
    hard_rate: float = Field(0.25, gt=0, le=1, description="Share of the hard negatives kept.")
    negative_rate: float = Field(0.02, gt=0, le=1, description="Share of the other negatives kept.")
    return_hard_rate: float = Field(1.0, gt=0, le=1, description="hard_rate of time cuts.")
    return_negative_rate: float = Field(0.15, gt=0, le=1, description="negative_rate of time cuts.")
    check_queries: int = Field(600, ge=0, description="Queries kept whole to check the ranker with.")
    newcomers: int = Field(
        240, ge=0, description="Viewers held out to learn how far a short history leans on everybody."
    )
    max_queries: int = Field(7_000, ge=1, description="Queries are sampled down to this number.")
    max_events: int = Field(
        2_000_000,
        ge=1,
        description="Events the ranker is trained from; of larger data a sample of viewers takes part.",
    )
    max_moments: int = Field(3, ge=1, description="Time cuts where only a sample of viewers takes part.")
    seed: int = 1

    @model_validator(mode="after")
    def _ask_folds_what_is_missing(self) -> Self:
        if self.folds and self.goal != "missing":
            raise ValueError(f"folds ask what is missing, so the goal must be missing, not {self.goal}")
        return self


class RankerConfig(StageConfig):
    """HistGradientBoosting blended with a linear part unless told otherwise; several seeds are averaged.

    It has three heads. ``seeds`` learn what is watched next and at least not disliked, near labels
    first; ``later_seeds`` what is liked anywhere in the window; ``return_seeds`` what people watch who
    come back after a moment of the calendar.
    """

    kind: Literal["hist_gradient_boosting", "lambdamart", "average"] = Field(
        "hist_gradient_boosting", description="The others need movierec[lightgbm]."
    )
    max_iter: int = Field(80, ge=1, description="150 find as much and take twice as long.")
    learning_rate: float = Field(0.06, gt=0)
    max_leaf_nodes: int = Field(
        31, ge=2, le=64, description="At most 64: the scorer's leaf mask has 64 bits."
    )
    return_max_iter: int = Field(
        150, ge=1, description="Of the return head, where 150 find a twentieth more than 80."
    )
    min_samples_leaf: int = Field(50, ge=1)
    l2_regularization: float = Field(5.0, ge=0)
    max_features: float = Field(0.15, gt=0, le=1, description="Of each split; .15 to .4 are alike.")
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
