"""The ranker's features: one definition for training rows and for serving rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.activity import HALF_LIVES, ItemActivity
from movierec.ranking.bias import RatingBias
from movierec.ranking.pace import ItemPace
from movierec.ranking.profile import PROFILE_NAMES, Profile, describe
from movierec.ranking.store import ITEM_COLUMNS, FeatureStore
from movierec.ranking.views import DISLIKED_RATING, VIEW_NAMES, Views
from movierec.recall.als import Als
from movierec.recall.base import RecallSource, age_rank
from movierec.recall.genre import Genre
from movierec.recall.order import rank_columns
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions

STRETCHES: Final = ("last_2", "last_10", "all")

_SCORED: Final = (*SOURCE_NAMES, *VIEW_NAMES)
_ACTIVITY: Final = (*(f"activity_{int(days)}d" for days in HALF_LIVES), "activity_count", "activity_age_days")
_STRETCHED: Final = ("year_gap", "popularity_gap", "genre_match", "factor_match")

FEATURE_NAMES: Final[tuple[str, ...]] = (
    *PROFILE_NAMES[:4],
    *ITEM_COLUMNS[:4],
    "item_genre_count",
    "user_item_genre_aff",
    "user_item_genre_aff_decay",
    *(f"{name}_{kind}" for name in _SCORED for kind in ("score", "rank")),
    "merge_score",
    *ITEM_COLUMNS[4:],
    "item_year",
    "item_trend",
    *PROFILE_NAMES[4:],
    *(f"then_{name}" for name in _ACTIVITY),
    *(f"now_{name}" for name in _ACTIVITY[: len(HALF_LIVES)]),
    "then_trend",
    *(f"{name}_{stretch}" for stretch in STRETCHES for name in _STRETCHED),
    "factor_match_best",
    "factor_match_disliked",
    "genre_liked_share",
    "recent_year_spread",
    "item_step",
    "item_step_gap",
    "item_place",
    "item_days_in",
    "item_step_gap_recent",
    "item_rating_bias",
    "expected_rating",
)
"""The locked list: a ranker refuses rows of any other.

The ``*_score`` of sources and views are standardised within the list of candidates (mean 0, deviation 1),
so that they mean the same for a short and for a long history; on inner splits the blend of trees and
linear part gains .006 by it. ``merge_score`` is as the merge gives it.
"""

LEAST_SPREAD: Final = 1e-6
"""Deviation of a score next to its largest value, below which it is taken as the same for all."""

SCORE_COLUMNS: Final = np.array([FEATURE_NAMES.index(f"{name}_score") for name in _SCORED])
"""Positions of the standardised scores."""

_FIRST_SCORE: Final = FEATURE_NAMES.index(f"{_SCORED[0]}_score")
_AFTER_SCORES: Final = _FIRST_SCORE + 2 * len(_SCORED)
_SCORE_ROWS: Final = slice(_FIRST_SCORE, _AFTER_SCORES, 2)
_RANK_ROWS: Final = slice(_FIRST_SCORE + 1, _AFTER_SCORES, 2)
_UNSCORED: Final = tuple(
    (position, name)
    for position, name in enumerate(FEATURE_NAMES)
    if not _FIRST_SCORE <= position < _AFTER_SCORES
)


@dataclass(frozen=True)
class FeatureBuilder:
    """Turns a history and candidates into rows.

    Attributes
    ----------
    sources : the fitted recall sources
    activity, pace : what happened to each item and when in people's timelines
    bias : how many stars it usually gets
    views : second looks through the sources
    item_columns : float32[n_items, len(ITEM_COLUMNS)] of the feature store
    as_of : the serving clock, seconds since the epoch
    year, genres, genre_unit : facts of the catalogue as arrays; genre rows of unit length in the last
    factors : float32[n_items, f], ALS factors of unit length
    log_count : float32[n_items], log(1 + events)
    """

    sources: Mapping[str, RecallSource]
    activity: ItemActivity
    pace: ItemPace
    bias: RatingBias
    views: Views
    item_columns: FloatArray
    as_of: int
    year: FloatArray
    genres: FloatArray
    genre_unit: FloatArray
    factors: FloatArray
    log_count: FloatArray

    @classmethod
    def fit(
        cls,
        sources: Mapping[str, RecallSource],
        interactions: Interactions,
        catalog: Catalog,
        store: FeatureStore,
    ) -> Self:
        """Collect what the rows need from data that ends at ``store.as_of``."""
        return cls.assemble(
            sources,
            ItemActivity.fit(interactions),
            ItemPace.fit(interactions),
            RatingBias.fit(interactions),
            store.item_matrix(interactions.n_items),
            store.as_of,
            catalog,
        )

    @classmethod
    def assemble(
        cls,
        sources: Mapping[str, RecallSource],
        activity: ItemActivity,
        pace: ItemPace,
        bias: RatingBias,
        item_columns: FloatArray,
        as_of: int,
        catalog: Catalog,
    ) -> Self:
        """Derive the rest from saved parts."""
        als = sources["als"]
        if not isinstance(als, Als):
            raise TypeError("features need the als source")
        genres = catalog.genre_matrix
        return cls(
            sources,
            activity,
            pace,
            bias,
            Views.of(sources, item_columns[:, 0]),
            item_columns,
            as_of,
            np.where(catalog.year > 0, catalog.year, np.nan).astype(np.float32),
            genres,
            _unit_rows(genres),
            _unit_rows(als.item_factors_),
            np.log1p(item_columns[:, 0]),
        )

    def build(
        self,
        history: History,
        candidates: IntArray,
        scores: Mapping[str, FloatArray],
        merge_score: FloatArray,
    ) -> FloatArray:
        """Return float32[n, len(FEATURE_NAMES)] for one history.

        Parameters
        ----------
        candidates : int32[n]
        scores : catalogue-wide score of every source for this history
        merge_score : float32[n]
        """
        profile = describe(history, self.as_of)
        columns: dict[str, Any] = dict(zip(PROFILE_NAMES, profile.values, strict=True))
        columns.update(zip(ITEM_COLUMNS, self.item_columns[candidates].T, strict=True))
        columns["merge_score"] = merge_score
        columns.update(self._item_facts(history, candidates))
        columns.update(self._activity_columns(history, candidates))
        columns.update(self._stretch_columns(history, candidates, profile))
        columns.update(self._taste_columns(history, candidates, profile))
        # Columns lie together in memory: they are made one by one, and the ranker reads them so.
        rows = np.empty((len(FEATURE_NAMES), len(candidates)), np.float32)
        rows[_SCORE_ROWS], rows[_RANK_ROWS] = self._score_and_rank(history, candidates, scores)
        for position, name in _UNSCORED:
            rows[position] = columns[name]
        return rows.T

    def _score_and_rank(
        self, history: History, candidates: IntArray, scores: Mapping[str, FloatArray]
    ) -> tuple[NDArray[np.float64], FloatArray]:
        """Return float64 and float32[len(_SCORED), n]: standardised scores, and their ranks."""
        everything = {**scores, **self.views.score(history, scores)}
        score = np.empty((len(_SCORED), len(candidates)), np.float32)
        for position, name in enumerate(_SCORED):
            everything[name].take(candidates, out=score[position])
        return standardise(score), rank_columns(score, candidates)

    def _item_facts(self, history: History, candidates: IntArray) -> dict[str, NDArray[Any]]:
        genre = self.sources["genre"]
        assert isinstance(genre, Genre)  # noqa: S101  # narrows the type only
        share = genre.item_genres_[candidates]
        count, decayed = self.item_columns[candidates, 0], self.item_columns[candidates, 2]
        return {
            "item_genre_count": self.genres[candidates].sum(axis=1),
            "user_item_genre_aff": share @ genre.affinity(history),
            "user_item_genre_aff_decay": share @ genre.affinity(history, genre.config.recency),
            "item_year": self.year[candidates],
            "item_trend": decayed / (count + 1.0),
        }

    def _activity_columns(self, history: History, candidates: IntArray) -> dict[str, NDArray[Any]]:
        """Activity at the end of the history ("then") and at the serving clock ("now")."""
        last = int(history.timestamp[-1]) if len(history) else self.as_of
        then = self.activity.at(candidates, last)
        now = self.activity.at(candidates, self.as_of)
        columns = {f"then_{name}": then[:, index] for index, name in enumerate(_ACTIVITY)}
        columns.update({f"now_{name}": now[:, index] for index, name in enumerate(_ACTIVITY[:4])})
        columns["then_trend"] = (then[:, 1] / HALF_LIVES[1] + 1e-4) / (then[:, 3] / HALF_LIVES[3] + 1e-3)
        return columns

    def _stretch_columns(
        self, history: History, candidates: IntArray, profile: Profile
    ) -> dict[str, NDArray[Any]]:
        columns: dict[str, NDArray[Any]] = {}
        nothing = np.full(len(candidates), np.nan, np.float32)
        year, log_count = self.year[candidates], self.log_count[candidates]
        genre_unit, factors = self.genre_unit[candidates], self.factors[candidates]
        for stretch, mask in zip(STRETCHES, profile.stretches, strict=True):
            items = history.item_idx[mask]
            if not len(items):
                columns.update({f"{name}_{stretch}": nothing for name in _STRETCHED})
                continue
            columns[f"year_gap_{stretch}"] = year - _mean(self.year[items])
            columns[f"popularity_gap_{stretch}"] = log_count - self.log_count[items].mean()
            columns[f"genre_match_{stretch}"] = genre_unit @ self.genre_unit[items].mean(0)
            columns[f"factor_match_{stretch}"] = factors @ self.factors[items].mean(0)
        return columns

    def _taste_columns(
        self, history: History, candidates: IntArray, profile: Profile
    ) -> dict[str, NDArray[Any] | float]:
        columns: dict[str, NDArray[Any] | float] = {
            "factor_match_best": np.nan,
            "factor_match_disliked": np.nan,
            "genre_liked_share": np.nan,
            "recent_year_spread": np.nan,
        }
        recent = history.item_idx[profile.stretches[1]]
        factors = self.factors[candidates]
        if len(recent):
            columns["factor_match_best"] = (factors @ self.factors[recent].T).max(axis=1)
            years = self.year[recent]
            columns["recent_year_spread"] = float(np.nanstd(years)) if np.isfinite(years).any() else np.nan
        disliked = history.item_idx[history.rating < DISLIKED_RATING]
        if len(disliked):
            columns["factor_match_disliked"] = factors @ self.factors[disliked].mean(0)
        if profile.liked.any():
            watched = self.genres[history.item_idx]
            # Two imagined events at the viewer's own rate keep a genre seen once from deciding.
            rate = (watched.T @ profile.liked + 2.0 * profile.liked.mean()) / (watched.sum(axis=0) + 2.0)
            genres = self.genres[candidates]
            columns["genre_liked_share"] = (genres @ rate) / np.maximum(genres.sum(axis=1), 1.0)
        age = age_rank(history)
        columns["item_rating_bias"] = self.bias.item[candidates]
        columns["expected_rating"] = self.bias.expect(history, candidates)
        columns.update(self.pace.columns(candidates, len(history), history.item_idx[age < 5]))
        return columns


def _unit_rows(matrix: FloatArray) -> FloatArray:
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: FloatArray = (matrix / np.maximum(length, 1e-9)).astype(np.float32)
    return unit


def standardise(score: FloatArray) -> NDArray[np.float64]:
    """Return every row of float32[n_scores, n] with mean 0 and deviation 1; 0 where none stands out.

    What differs by rounding alone does not stand out.
    """
    if not score.shape[1]:
        return score.astype(np.float64)
    exact = score.astype(np.float64)
    apart: NDArray[np.float64] = exact - exact.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.square(apart).mean(axis=1, keepdims=True))
    least = LEAST_SPREAD * np.abs(exact).max(axis=1, keepdims=True)
    apart *= np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > least)
    return apart


def _mean(values: FloatArray) -> float:
    known = ~np.isnan(values)
    if known.all():  # nearly always, and a tenth of the work
        return float(values.mean())
    return float(np.nanmean(values)) if known.any() else np.nan
