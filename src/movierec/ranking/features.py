"""The ranker's features: one definition for training rows and for serving rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from movierec.ranking.activity import HALF_LIVES, ItemActivity
from movierec.ranking.bias import RatingBias
from movierec.ranking.item_facts import (
    FACT_NAMES,
    ItemFacts,
    average_rows,
    copy_facts,
    count_genres,
    match_factors,
    match_genres,
    measure_gaps,
)
from movierec.ranking.pace import ItemPace
from movierec.ranking.profile import PROFILE_NAMES, Profile, describe
from movierec.ranking.store import ITEM_COLUMNS, FeatureStore
from movierec.ranking.views import DISLIKED_RATING, VIEW_NAMES, Views
from movierec.recall.als import Als
from movierec.recall.base import RecallSource
from movierec.recall.genre import Genre
from movierec.recall.order import rank_columns
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Catalog, FloatArray, History, IntArray, Interactions, LongArray

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
linear part gains .006 by it. So are the activities of the last week and month by the serving clock: among
what the linear part reads they are worth .006 to those who come back. ``merge_score`` is as the merge
gives it.
"""

LEAST_SPREAD: Final = 1e-6
"""Deviation of a score next to its largest value, below which it is taken as the same for all."""

_RECENT: Final = [FEATURE_NAMES.index(f"now_activity_{days}d") for days in (7, 30)]

STANDARDISED: Final = np.array([*(FEATURE_NAMES.index(f"{name}_score") for name in _SCORED), *_RECENT])
"""Positions of the scores and activities that are standardised, which the linear part reads."""

_FIRST_SCORE: Final = FEATURE_NAMES.index(f"{_SCORED[0]}_score")
_AFTER_SCORES: Final = _FIRST_SCORE + 2 * len(_SCORED)
_SCORE_ROWS: Final = slice(_FIRST_SCORE, _AFTER_SCORES, 2)
_RANK_ROWS: Final = slice(_FIRST_SCORE + 1, _AFTER_SCORES, 2)


def _find(*names: str) -> LongArray:
    return np.array([FEATURE_NAMES.index(name) for name in names], np.int64)


_OF_PROFILE: Final = _find(*PROFILE_NAMES)
_OF_FACTS: Final = _find(*FACT_NAMES)
_OF_THEN: Final = _find(*(f"then_{name}" for name in _ACTIVITY))
_OF_SHARES: Final = _find("user_item_genre_aff", "user_item_genre_aff_decay", "genre_liked_share")
_OF_STRETCHES: Final = {name: _find(*(f"{name}_{part}" for part in STRETCHES)) for name in _STRETCHED}
_OF_GAPS: Final = _find(
    *(f"{name}_{part}" for name in ("year_gap", "popularity_gap") for part in STRETCHES),
    *("item_step_gap", "item_step_gap_recent", "expected_rating"),
)
_OF_FACTORS: Final = np.append(_OF_STRETCHES["factor_match"], _find("factor_match_disliked"))
_AT: Final = {name: position for position, name in enumerate(FEATURE_NAMES)}


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
    facts : what rows say of their items alone
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
    facts: ItemFacts

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
        year = np.where(catalog.year > 0, catalog.year, np.nan).astype(np.float32)
        return cls(
            sources,
            activity,
            pace,
            bias,
            Views.of(sources, item_columns[:, 0]),
            item_columns,
            as_of,
            year,
            genres,
            _unit_rows(genres),
            _unit_rows(als.item_factors_),
            np.log1p(item_columns[:, 0]),
            ItemFacts.of(item_columns, genres, year, activity, pace, bias, as_of),
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
        candidates = np.ascontiguousarray(candidates, np.int32)
        profile = describe(history, self.as_of)
        # Columns lie together in memory: they are made one by one, and the ranker reads them so.
        rows = np.empty((len(FEATURE_NAMES), len(candidates)), np.float32)
        rows[_OF_PROFILE] = profile.values[:, None]
        rows[_AT["merge_score"]] = merge_score
        copy_facts(self.facts.table, candidates, _OF_FACTS, rows)
        rows[_RECENT] = standardise(rows[_RECENT])
        rows[_SCORE_ROWS], rows[_RANK_ROWS] = self._score_and_rank(history, candidates, scores)
        self._fill_then(history, candidates, rows)
        self._fill_tastes(history, candidates, profile, rows)
        self._fill_gaps(history, candidates, profile, rows)
        return rows.T

    def _score_and_rank(
        self, history: History, candidates: IntArray, scores: Mapping[str, FloatArray]
    ) -> tuple[NDArray[np.float64], FloatArray]:
        """Return float64 and float32[len(_SCORED), n]: standardised scores, and their ranks."""
        score = np.empty((len(_SCORED), len(candidates)), np.float32)
        for position, name in enumerate(SOURCE_NAMES):
            scores[name].take(candidates, out=score[position])
        self.views.score(history, scores, candidates, score[len(SOURCE_NAMES) :])
        return standardise(score), rank_columns(score, candidates)

    def _fill_then(self, history: History, candidates: IntArray, rows: FloatArray) -> None:
        """Write the activity at the end of the history."""
        last = int(history.timestamp[-1]) if len(history) else self.as_of
        then = self.activity.at(candidates, last)
        rows[_OF_THEN] = then.T[: len(_ACTIVITY)]
        rows[_AT["then_trend"]] = (then[:, 1] / HALF_LIVES[1] + 1e-4) / (then[:, 3] / HALF_LIVES[3] + 1e-3)

    def _fill_tastes(
        self, history: History, candidates: IntArray, profile: Profile, rows: FloatArray
    ) -> None:
        """Write what the viewer's genres and factors say of the candidates."""
        genre = self.sources["genre"]
        assert isinstance(genre, Genre)  # noqa: S101  # narrows the type only
        items = history.item_idx
        stretches = [items[mask] for mask in profile.stretches]
        by_share, by_length = _OF_SHARES, _OF_STRETCHES["genre_match"]
        tastes = np.zeros((len(by_share) + len(STRETCHES), self.genres.shape[1]), np.float32)
        tastes[0] = genre.affinity(history)
        tastes[1] = genre.affinity(history, genre.config.recency)
        facts = self.facts
        n_liked = np.count_nonzero(profile.liked)
        if n_liked:
            watched = np.zeros((2, self.genres.shape[1]), np.float32)
            count_genres(facts.genre_offsets, facts.genre, items, profile.liked, watched)
            # Two imagined events at the viewer's own rate keep a genre seen once from deciding.
            tastes[2] = (watched[0] + np.float64(2.0 * n_liked / len(items))) / (watched[1] + 2.0)
        else:
            rows[by_share[2]] = np.nan
            by_share = np.where(by_share == by_share[2], -1, by_share)
        recent = stretches[1]
        disliked = items[history.rating < DISLIKED_RATING]
        averaged = [*stretches, disliked]
        wanted = np.zeros((len(averaged) + len(recent), self.factors.shape[1]), np.float32)
        by_factor = _OF_FACTORS.copy()
        by_length = by_length.copy()
        for part, own in enumerate(averaged):
            if len(own):
                average_rows(self.factors, own, wanted[part])
                if part < len(STRETCHES):
                    average_rows(self.genre_unit, own, tastes[len(by_share) + part])
                continue
            rows[by_factor[part]] = np.nan
            by_factor[part] = -1
            if part < len(STRETCHES):
                rows[by_length[part]] = np.nan
                by_length[part] = -1
        if len(recent):
            wanted[len(averaged) :] = self.factors[recent]
        else:
            rows[_AT["factor_match_best"]] = np.nan
        match_genres(facts.genre_offsets, facts.genre, candidates, tastes, by_share, by_length, rows)
        match_factors(self.factors, candidates, wanted, by_factor, _AT["factor_match_best"], rows)

    def _fill_gaps(self, history: History, candidates: IntArray, profile: Profile, rows: FloatArray) -> None:
        """Write how far candidates lie from what was watched, in years, popularity, steps and stars."""
        items = history.item_idx
        years = np.full(len(STRETCHES), np.nan, np.float32)
        popularities = years.copy()
        for part, mask in enumerate(profile.stretches):
            own = items[mask]
            if len(own):
                years[part], popularities[part] = _mean(self.year[own]), self.log_count[own].mean()
        recent = self.year[items[profile.stretches[1]]]
        known = len(recent) and np.isfinite(recent).any()
        rows[_AT["recent_year_spread"]] = float(np.nanstd(recent)) if known else np.nan
        near = items[profile.latest]
        near_step = self.pace.step[near].mean() if len(near) else np.float32(np.nan)
        measure_gaps(
            candidates,
            (self.log_count, self.pace.spread, self.bias.item),
            (years, popularities),
            (float(np.log1p(len(items))), near_step, self.bias.expect_average(history)),
            (_AT["item_year"], _AT["item_step"]),
            _OF_GAPS,
            rows,
        )


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
