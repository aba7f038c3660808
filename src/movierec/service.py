"""Bundle plus effective history in, explained recommendations out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Final, Self, TypeVar

import numpy as np

from movierec.artifacts import Bundle, read_current
from movierec.bundles import Contents, read_contents
from movierec.config import Settings
from movierec.crowd import Crowd
from movierec.dayparts import Daypart, DaypartMeter
from movierec.degradation import RANKER, describe, find_failing, mute
from movierec.engine import Engine, Ranked
from movierec.errors import MovieRecError, UnknownItemError, UnknownUserError
from movierec.facts import DatasetFacts, describe_dataset
from movierec.feedback.events import FeedbackEvent
from movierec.histories import join_feedback
from movierec.importance import Importance, measure_importance, pick_histories
from movierec.ranking.diversity import diversify
from movierec.reasons import Case, Reasoner, list_hits, list_hits_of
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
from movierec.tracing import Tracer, count_funnel
from movierec.trending import Trend, TrendMeter, TrendWindow

NEWCOMER_DIVERSITY: Final = 0.1
"""Nobody knows yet what an empty history is after, so its list holds a little of everything; on inner viewers
of ml-latest-small it costs nothing (.254, .255 with it; .246 at three times as much)."""

_Answer = TypeVar("_Answer")

logger = logging.getLogger(__name__)

__all__ = ["ItemStats", "Query", "RecommenderService", "Share", "Shortlist", "Similar", "Taste"]

_NO_RANKER: Final = "The ranker is missing from this bundle; the list follows the merged candidates."


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the recommender, besides the history.

    ``favourite_genres`` is a cold-start hint and ``daypart`` a gentle tilt of the genres; ``filters`` are
    hard. ``diversity`` in [0, 1].
    """

    k: int = 10
    generation: Generation = Generation.V2
    filters: Filters = field(default_factory=Filters)
    diversity: float = 0.0
    favourite_genres: tuple[str, ...] = ()
    aim: Aim = Aim.BALANCED
    daypart: Daypart | None = None


@dataclass(frozen=True, slots=True)
class ItemStats:
    """What the crowd did with an item."""

    mean_rating: float | None
    n_interactions: int


class RecommenderService:
    """Answers every question the API asks; holds one verified bundle, never mutates it.

    ``metrics`` are what the build measured on its own data, as the manifest has them. A part that fails
    at request time is left out of that answer, which says so in ``failed`` and in its note; ``failures``
    counts such answers by part since the start.
    """

    _failed: tuple[str, ...] = ()

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
        self.failures: Counter[str] = Counter()
        self._reasoner = Reasoner(self.engine, self.catalog)
        self._tracer = Tracer(self.engine)
        self._taste = TasteMeter(self.catalog, self.interactions)
        self._dayparts = DaypartMeter(self.catalog, self.interactions)
        self._trend = TrendMeter(self.catalog, self.interactions, self.info.now)

    @classmethod
    def open(cls, home: Path) -> Self:
        """Open the current bundle of ``home``; raises an ``ArtifactError`` that says what to do."""
        return read_current(Settings(home=home).bundles_dir, cls.load)

    @classmethod
    def load(cls, bundle: Bundle, *, lenient: bool = False) -> Self:
        """Read a verified bundle into memory; raises an ``ArtifactError`` if it cannot be served.

        A ``lenient`` reader goes without a ranker that is refused: lists then follow the merge.
        """
        contents = read_contents(bundle, lenient=lenient)
        return cls(bundle.version, bundle.manifest.dataset, contents, bundle.manifest.metrics)

    @property
    def has_ranker(self) -> bool:
        """Whether lists can be ranked; otherwise V2 gives the merged candidates and says so."""
        return self.engine.ranker is not None

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
        return self._guard(history, query, lambda service, asked: service._answer(history, asked)[0])

    def recommend_batch(self, histories: list[History], k: int, aim: Aim = Aim.BALANCED) -> list[Candidates]:
        """Return the best ``k`` unseen items of every history, equal to :meth:`recommend` without filters."""
        return self.engine.recommend_batch(histories, k, aim=aim)

    def trace(self, history: History, query: Query) -> RecommendationTrace:
        """Return the list with features, contributions and evidence of every item."""
        return self._guard(history, query, lambda service, asked: service._trace(history, asked))

    def _trace(self, history: History, query: Query) -> RecommendationTrace:
        recommendations, ranked, positions = self._answer(history, query)
        started = perf_counter()
        rows, wished = ranked.row[positions], bool(query.favourite_genres)
        traces = self._tracer.trace(history, recommendations.items, ranked, rows, query.aim, wished)
        recommendations.timings["explain"] = (perf_counter() - started) * 1000.0
        return RecommendationTrace(recommendations, traces)

    def shortlist(self, history: History, query: Query) -> Shortlist:
        """Return everything ranked for a history: the list of :meth:`recommend` and what lies behind it."""
        return self._guard(history, query, lambda service, asked: service._draw_up(history, asked))

    def _guard(
        self, history: History, query: Query, call: Callable[[RecommenderService, Query], _Answer]
    ) -> _Answer:
        """Return what ``call`` makes of this service; where a part fails, of one without that part."""
        try:
            return call(self, query)
        except MovieRecError:
            raise
        except Exception as error:
            failing = find_failing(self.engine, history)
            attempts = [(failing, True), ((*failing, RANKER), False)] if failing else [((RANKER,), False)]
            for failed, with_ranker in attempts:
                with suppress(Exception):
                    answer = call(self._without(failed, with_ranker), _ask_less(query, failed))
                    self.failures.update(failed)
                    logger.error("%s failed and was left out", ", ".join(failed), exc_info=error)
                    return answer
            raise

    def _without(self, failed: tuple[str, ...], with_ranker: bool) -> RecommenderService:
        twin = copy(self)
        twin.engine = mute(self.engine, failed, with_ranker=with_ranker)
        twin._reasoner = Reasoner(twin.engine, self.catalog)
        twin._tracer = Tracer(twin.engine)
        twin._failed = failed
        return twin

    def _draw_up(self, history: History, query: Query) -> Shortlist:
        ranked, positions = self._rank(history, query, self.allow(query.filters))
        matches = self._match(history, ranked, ranked.row.astype(np.int32))
        named: Counter[int] = Counter()
        case = self._reasoner.open_case(history)

        def describe(position: int, rank: int) -> RecommendedItem:
            own = hits(position)
            return self._describe(history, ranked, position, rank, float(matches[position]), own, named, case)

        def hits(position: int) -> tuple[SourceHit, ...]:
            return list_hits(ranked, int(ranked.row[position]), self.engine.merge_config)

        return Shortlist(
            ranked.item_idx, ranked.score, matches, positions, hits, describe, degraded=ranked.degraded
        )

    def _rank(self, history: History, query: Query, allowed: BoolArray | None) -> tuple[Ranked, LongArray]:
        hinted = query.favourite_genres or query.daypart is not None
        scores = self.score_sources(history, query.favourite_genres, query.daypart) if hinted else None
        wished = bool(query.favourite_genres)
        ranked = self.engine.rank(history, query.k, query.generation, allowed, scores, query.aim, wished)
        diversity = query.diversity if len(history) else max(query.diversity, NEWCOMER_DIVERSITY)
        if diversity <= 0:
            return ranked, np.arange(min(query.k, len(ranked.score)))
        vectors = self.engine.builder.genre_unit[ranked.item_idx]
        return ranked, diversify(ranked.score, vectors, query.k, diversity)

    def _answer(self, history: History, query: Query) -> tuple[Recommendations, Ranked, LongArray]:
        allowed = self.allow(query.filters)
        ranked, positions = self._rank(history, query, allowed)
        started = perf_counter()
        matches = self._match(history, ranked, ranked.row[positions])
        named: Counter[int] = Counter()
        case = self._reasoner.open_case(history, ranked.item_idx[positions])
        hits = list_hits_of(ranked.merged, ranked.row[positions].tolist(), self.engine.merge_config)
        listed = zip(positions.tolist(), matches.tolist(), hits, strict=True)
        items = tuple(
            self._describe(history, ranked, position, rank, match, own, named, case)
            for rank, (position, match, own) in enumerate(listed, start=1)
        )
        timings = {**ranked.timings, "reasons": (perf_counter() - started) * 1000.0}
        recommendations = Recommendations(
            items,
            query.generation,
            self.version,
            count_funnel(self.engine, history, allowed, ranked, len(items)),
            timings,
            self._note(query, len(items), ranked),
            self._failed,
        )
        return recommendations, ranked, positions

    def _describe(
        self,
        history: History,
        ranked: Ranked,
        position: int,
        rank: int,
        match: float,
        hits: tuple[SourceHit, ...],
        named: Counter[int],
        case: Case,
    ) -> RecommendedItem:
        item_idx = int(ranked.item_idx[position])
        reasons = self._reasoner.explain(history, item_idx, hits, named, case)
        return RecommendedItem(rank, item_idx, float(ranked.score[position]), match, reasons, hits)

    def score_sources(
        self, history: History, favourite_genres: Sequence[str] = (), daypart: Daypart | None = None
    ) -> dict[str, FloatArray]:
        """Return every source's float32[n_items].

        Favourite genres stand in for a taste not yet known; the part of the day tilts the genres as it
        does for everybody.
        """
        scores = self.engine.fusion.score(history)
        if favourite_genres or daypart is not None:
            genre = self.engine.sources["genre"]
            assert isinstance(genre, Genre)  # noqa: S101  # narrows the type only
            taste = genre.affinity(history, genre.config.recency)
            if favourite_genres:
                wanted = np.isin(self.catalog.genre_names, favourite_genres).astype(np.float32)
                taste = (taste if len(history) else 0.0) + wanted / max(wanted.sum(), 1.0)
            if daypart is not None:
                taste = taste * self._dayparts.lift(daypart)
            scores["genre"] = genre.score_affinity(taste)
        return scores

    def _match(self, history: History, ranked: Ranked, rows: IntArray) -> FloatArray:
        """Return the chance of liking each chosen item, if watched; back-filled ones get the base rate."""
        features = ranked.features
        if features is None and self._failed:
            return np.full(len(rows), self.engine.match.base_rate, np.float32)
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

    def _note(self, query: Query, shown: int, ranked: Ranked) -> str | None:
        if self._failed:
            return describe(self._failed)
        if ranked.degraded:
            return _NO_RANKER
        if shown < query.k:
            narrowed = query.filters != Filters(exclude=query.filters.exclude)
            why = "the filters leave no more" if narrowed else "everything else has been seen or hidden"
            return f"Only {shown} of {query.k} films: {why}."
        return None

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
        return ItemStats(self.crowd.mean_rating(item_idx), int(self.crowd.events[item_idx]))

    @cached_property
    def crowd(self) -> Crowd:
        """What everybody did with each item."""
        return Crowd.of(self.interactions)


def _ask_less(query: Query, failed: Sequence[str]) -> Query:
    """Leave out what only a failed source could answer."""
    return replace(query, favourite_genres=(), daypart=None) if "genre" in failed else query
