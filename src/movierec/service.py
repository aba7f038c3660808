"""Bundle plus effective history in, explained recommendations out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Final, Self

import numpy as np

from movierec.artifacts import open_current
from movierec.bundles import Contents, read_contents
from movierec.config import Settings
from movierec.engine import Engine, Ranked
from movierec.errors import UnknownItemError, UnknownUserError
from movierec.facts import DatasetFacts, describe_dataset
from movierec.feedback.events import FeedbackEvent
from movierec.histories import join_feedback
from movierec.importance import Importance, measure_importance, pick_histories
from movierec.ranking.diversity import diversify
from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES
from movierec.reasons import Case, Reasoner, gather_evidence, list_hits
from movierec.recall.base import Candidates
from movierec.recall.genre import Genre
from movierec.schema import (
    Aim,
    BoolArray,
    Catalog,
    DatasetInfo,
    Filters,
    FloatArray,
    Generation,
    History,
    IntArray,
    Interactions,
    ItemTrace,
    LongArray,
    Reason,
    Recommendations,
    RecommendationTrace,
    RecommendedItem,
    SourceHit,
)
from movierec.shortlist import Shortlist
from movierec.similar import Similar, find_similar
from movierec.taste import Share, Taste, TasteMeter
from movierec.trending import Trend, TrendMeter, TrendWindow

__all__ = ["ItemStats", "Query", "RecommenderService", "Share", "Shortlist", "Similar", "Taste"]

_NO_RANKER: Final = "The ranker is missing from this bundle; the list follows the merged candidates."


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the recommender, besides the history.

    ``favourite_genres`` is a cold-start hint; ``filters`` are hard. ``diversity`` in [0, 1].
    """

    k: int = 10
    generation: Generation = Generation.V2
    filters: Filters = field(default_factory=Filters)
    diversity: float = 0.0
    favourite_genres: tuple[str, ...] = ()
    aim: Aim = Aim.BALANCED


@dataclass(frozen=True, slots=True)
class ItemStats:
    """What the crowd did with an item."""

    mean_rating: float | None
    n_interactions: int


class RecommenderService:
    """Answers every question the API asks; holds one verified bundle, never mutates it.

    ``metrics`` are what the build measured on its own data, as the manifest has them.
    """

    def __init__(
        self,
        version: str,
        info: DatasetInfo,
        contents: Contents,
        metrics: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.version = version
        self.info = info
        self.metrics = metrics
        self.engine: Engine = contents.engine
        self.catalog: Catalog = contents.catalog
        self.interactions: Interactions = contents.interactions
        self.user_id: tuple[str, ...] = contents.user_id
        self.user_index = {user_id: index for index, user_id in enumerate(contents.user_id)}
        self._reasoner = Reasoner(self.engine, self.catalog)
        self._taste = TasteMeter(self.catalog, self.interactions)
        self._trend = TrendMeter(self.catalog, self.interactions, self.info.now)

    @classmethod
    def open(cls, home: Path) -> Self:
        """Open the current bundle of ``home``; raises an ``ArtifactError`` that says what to do."""
        bundle = open_current(Settings(home=home).bundles_dir)
        return cls(bundle.version, bundle.manifest.dataset, read_contents(bundle), bundle.manifest.metrics)

    @cached_property
    def _explainer(self) -> Explainer | None:
        return Explainer(self.engine.ranker) if self.engine.ranker is not None else None

    @cached_property
    def facts(self) -> DatasetFacts:
        """The figures of the data set."""
        return describe_dataset(self.interactions, self.catalog)

    @cached_property
    def importance(self) -> Importance | None:
        """What moves the ranker, measured once on some viewers' lists; takes seconds, None without one."""
        return measure_importance(self.engine, pick_histories(self.interactions))

    def trained_history(self, user_idx: int) -> History:
        """Return the events of a known user; raises ``UnknownUserError``."""
        if not 0 <= user_idx < len(self.user_id):
            raise UnknownUserError(f"user_idx must be between 0 and {len(self.user_id) - 1}, got {user_idx}")
        return self.interactions.history(user_idx)

    def effective_history(self, user_idx: int | None, feedback: Sequence[FeedbackEvent]) -> History:
        """Return trained events plus live feedback in force, which is newest first as the store gives it."""
        trained = History.empty() if user_idx is None else self.trained_history(user_idx)
        return join_feedback(trained, feedback, self.catalog, self.info.now)

    def recommend(self, history: History, query: Query) -> Recommendations:
        """Return the ranked, explained list for one history."""
        return self._answer(history, query)[0]

    def recommend_batch(self, histories: list[History], k: int, aim: Aim = Aim.BALANCED) -> list[Candidates]:
        """Return the best ``k`` unseen items of every history, equal to :meth:`recommend` without filters."""
        return self.engine.recommend_batch(histories, k, aim=aim)

    def trace(self, history: History, query: Query) -> RecommendationTrace:
        """Return the list with features, contributions and evidence of every item."""
        recommendations, ranked, positions = self._answer(history, query)
        started = perf_counter()
        traces = self._trace_items(history, recommendations, ranked, ranked.row[positions], query.aim)
        recommendations.timings["explain"] = (perf_counter() - started) * 1000.0
        return RecommendationTrace(recommendations, traces)

    def shortlist(self, history: History, query: Query) -> Shortlist:
        """Return everything ranked for a history: the list of :meth:`recommend` and what lies behind it."""
        ranked, positions = self._rank(history, query)
        matches = self._match(history, ranked, ranked.row.astype(np.int32))
        named: Counter[int] = Counter()
        case = self._reasoner.open_case(history)

        def describe(position: int, rank: int) -> RecommendedItem:
            return self._describe(history, ranked, position, rank, float(matches[position]), named, case)

        def hits(position: int) -> tuple[SourceHit, ...]:
            return list_hits(ranked, int(ranked.row[position]), self.engine.merge_config)

        return Shortlist(
            ranked.item_idx, ranked.score, matches, positions, hits, describe, degraded=ranked.degraded
        )

    def _rank(self, history: History, query: Query) -> tuple[Ranked, LongArray]:
        allowed = self.allow(query.filters)
        scores = self.score_sources(history, query.favourite_genres) if query.favourite_genres else None
        ranked = self.engine.rank(history, query.k, query.generation, allowed, scores, query.aim)
        vectors = self.engine.builder.genre_unit[ranked.item_idx]
        return ranked, diversify(ranked.score, vectors, query.k, query.diversity)

    def _answer(self, history: History, query: Query) -> tuple[Recommendations, Ranked, LongArray]:
        ranked, positions = self._rank(history, query)
        started = perf_counter()
        matches = self._match(history, ranked, ranked.row[positions])
        named: Counter[int] = Counter()
        case = self._reasoner.open_case(history)
        items = tuple(
            self._describe(history, ranked, int(position), place + 1, float(matches[place]), named, case)
            for place, position in enumerate(positions)
        )
        timings = {**ranked.timings, "reasons": (perf_counter() - started) * 1000.0}
        recommendations = Recommendations(
            items,
            query.generation,
            self.version,
            self._count_funnel(history, self.allow(query.filters), ranked, len(items)),
            timings,
            self._note(query, len(items), ranked),
        )
        return recommendations, ranked, positions

    def _describe(
        self,
        history: History,
        ranked: Ranked,
        position: int,
        rank: int,
        match: float,
        named: Counter[int],
        case: Case,
    ) -> RecommendedItem:
        item_idx = int(ranked.item_idx[position])
        hits = list_hits(ranked, int(ranked.row[position]), self.engine.merge_config)
        reasons = self._reasoner.explain(history, item_idx, hits, named, case)
        return RecommendedItem(rank, item_idx, float(ranked.score[position]), match, reasons, hits)

    def score_sources(self, history: History, favourite_genres: Sequence[str] = ()) -> dict[str, FloatArray]:
        """Return every source's float32[n_items]; favourite genres stand in for a taste not yet known."""
        scores = self.engine.fusion.score(history)
        if favourite_genres:
            genre = self.engine.sources["genre"]
            assert isinstance(genre, Genre)  # noqa: S101  # narrows the type only
            wanted = np.isin(self.catalog.genre_names, favourite_genres).astype(np.float32)
            own = genre.affinity(history, genre.config.recency) if len(history) else np.zeros_like(wanted)
            scores["genre"] = genre.score_affinity(own + wanted / max(wanted.sum(), 1.0))
        return scores

    def _match(self, history: History, ranked: Ranked, rows: IntArray) -> FloatArray:
        """Return the chance of liking each chosen item, if watched; back-filled ones get the base rate."""
        features = ranked.features
        if features is None:
            features = self.engine.builder.build(
                history, ranked.merged.item_idx, ranked.scores, ranked.merged.score
            )
        if not len(features):
            return np.full(len(rows), self.engine.match.base_rate, np.float32)
        chance = self.engine.match.predict(features[np.maximum(rows, 0)])
        return np.where(rows >= 0, chance, self.engine.match.base_rate).astype(np.float32)

    def explain(
        self, history: History, item_idx: int, hits: tuple[SourceHit, ...] = ()
    ) -> tuple[Reason, ...]:
        """Return why one item suits a history, outside any list."""
        return self._reasoner.explain(history, item_idx, hits)

    def allow(self, filters: Filters) -> BoolArray | None:
        """Return bool[n_items], what the filters let pass; None where they let everything pass."""
        if filters == Filters():
            return None
        allowed = np.ones(len(self.catalog), np.bool_)
        if filters.genres:
            wanted = np.isin(self.catalog.genre_names, filters.genres)
            allowed &= self.catalog.genre_matrix[:, wanted].any(axis=1)
        if filters.year_from is not None:
            allowed &= self.catalog.year >= filters.year_from
        if filters.year_to is not None:
            allowed &= (self.catalog.year <= filters.year_to) & (self.catalog.year > 0)
        allowed[list(filters.exclude)] = False
        return allowed

    def _count_funnel(
        self, history: History, allowed: BoolArray | None, ranked: Ranked, shown: int
    ) -> dict[str, int]:
        unseen = np.ones(len(self.catalog), np.bool_) if allowed is None else allowed.copy()
        unseen[history.item_idx] = False
        proposed = (~np.isnan(ranked.merged.source_rank)).sum(axis=0)
        return {
            "catalogue": len(self.catalog),
            "unseen and allowed": int(unseen.sum()),
            **{
                f"proposed by {name}": int(count)
                for name, count in zip(self.engine.sources, proposed, strict=True)
            },
            "merged": len(ranked.merged),
            "ranked": len(ranked.item_idx),
            "shown": shown,
        }

    def _note(self, query: Query, shown: int, ranked: Ranked) -> str | None:
        if ranked.degraded:
            return _NO_RANKER
        if shown < query.k:
            narrowed = query.filters != Filters(exclude=query.filters.exclude)
            why = "the filters leave no more" if narrowed else "everything else has been seen or hidden"
            return f"Only {shown} of {query.k} films: {why}."
        return None

    def _trace_items(
        self,
        history: History,
        recommendations: Recommendations,
        ranked: Ranked,
        rows: IntArray,
        aim: Aim,
    ) -> tuple[ItemTrace, ...]:
        known = rows >= 0
        contributions = None
        if ranked.features is not None and self._explainer is not None and known.any():
            contributions = self._explainer.explain(ranked.features[rows[known]], aim)
        order = np.cumsum(known) - 1
        traces = []
        for place, item in enumerate(recommendations.items):
            features: dict[str, float | None] = {}
            amounts: dict[str, float] = {}
            base = 0.0
            if ranked.features is not None and known[place]:
                values = ranked.features[rows[place]]
                features = {
                    name: None if np.isnan(value) else float(value)
                    for name, value in zip(FEATURE_NAMES, values, strict=True)
                }
            if contributions is not None and known[place]:
                amounts = dict(zip(FEATURE_NAMES, contributions.values[order[place]].tolist(), strict=True))
                base = contributions.base
            traces.append(
                ItemTrace(
                    item, features, amounts, base, item.score, self._list_evidence(history, item.item_idx)
                )
            )
        return tuple(traces)

    def _list_evidence(self, history: History, item_idx: int) -> dict[str, tuple[tuple[int, float], ...]]:
        evidence = gather_evidence(self.engine, history, item_idx)
        return {
            name: tuple(
                (int(history.item_idx[event]), float(amount[event]))
                for event in np.argsort(-np.abs(amount), kind="stable")
                if amount[event] != 0.0
            )
            for name, amount in evidence.amounts.items()
        }

    def similar(self, item_idx: int, n: int) -> tuple[Similar, ...]:
        """Return the nearest items: by who likes them where enough people did, else by what they are."""
        if not 0 <= item_idx < len(self.catalog):
            raise UnknownItemError(f"item_idx must be between 0 and {len(self.catalog) - 1}, got {item_idx}")
        return find_similar(self.engine.builder, self.catalog, item_idx, n)

    def taste(self, history: History) -> Taste:
        """Return genre, era and director shares of the liked events."""
        return self._taste.measure(history)

    def trend(self, window: TrendWindow, live: Iterable[FeedbackEvent] = ()) -> Trend:
        """Return what everybody turns to lately; ``live`` is feedback in force, of all viewers."""
        return self._trend.measure(window, live)

    def item_stats(self, item_idx: int) -> ItemStats:
        """Return what the crowd did with the item."""
        count, total = self._item_totals
        rated = int(count[1][item_idx])
        mean = float(total[item_idx] / rated) if rated else None
        return ItemStats(mean, int(count[0][item_idx]))

    @cached_property
    def _item_totals(self) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
        rows = self.interactions
        rated = ~np.isnan(rows.rating)
        events = np.bincount(rows.item_idx, minlength=rows.n_items)
        ratings = np.bincount(rows.item_idx[rated], minlength=rows.n_items)
        total = np.bincount(rows.item_idx[rated], weights=rows.rating[rated], minlength=rows.n_items)
        return (events.astype(np.float32), ratings.astype(np.float32)), total.astype(np.float32)
