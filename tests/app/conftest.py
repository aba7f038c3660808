"""A toy catalogue whose lists can be worked out by hand, and a feedback store in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pytest
import structlog
from fastapi.testclient import TestClient
from toy_data import tabulate

from app.main import create_app
from movierec.config import Settings
from movierec.crowd import Crowd
from movierec.errors import FeedbackConflictError, FeedbackUnavailableError, UnknownFeedbackError
from movierec.feedback.events import FeedbackAction, FeedbackEvent, StoredFeedback, select_in_force
from movierec.schema import (
    Catalog,
    DatasetInfo,
    History,
    Interactions,
    ItemTrace,
    Reason,
    ReasonTag,
    Recommendations,
    RecommendationTrace,
    RecommendedItem,
    SourceHit,
)
from movierec.service import ItemStats, Query, RecommenderService, Share, Shortlist, Similar, Taste
from movierec.trending import Trend, TrendMeter, TrendWindow

# Otherwise a trace is drawn with all its variables, for seconds.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
)

START = datetime(2026, 1, 1, tzinfo=UTC)

#         id      title                year  genres                watched
MOVIES = (
    ("m0", "Amélie", 2001, ("Comedy", "Romance"), 50),
    ("m1", "Alien", 1979, ("Horror", "Sci-Fi"), 80),
    ("m2", "Aliens", 1986, ("Action", "Sci-Fi"), 70),
    ("m3", "The Alien Within", 0, ("Sci-Fi",), 90),
    ("m4", "Solaris", 1972, ("Drama", "Sci-Fi"), 10),
    ("m5", 'Tom & "Jerry" <b>', 1992, ("Comedy",), 5),
    ("a/b 6", "Inalienable", 2007, ("Sci-Fi",), 1),
)
HISTORIES = {"ann": ((1, 5.0), (5, np.nan)), "bob": ((0, 4.0),), "cyd": ()}


def make_history(events: Sequence[tuple[int, float]]) -> History:
    items, ratings = zip(*events, strict=True) if events else ((), ())
    return History(
        np.array(items, np.int32),
        np.array(ratings, np.float32),
        np.ones(len(events), np.float32),
        np.arange(len(events), dtype=np.int64) + 1_000_000,
    )


class ToyService(RecommenderService):
    """Score = genres shared with positive events, summed; ties by item_idx."""

    def __init__(self) -> None:
        self.version = "toy-1"
        self.catalog = Catalog(
            item_id=tuple(movie[0] for movie in MOVIES),
            title=tuple(movie[1] for movie in MOVIES),
            year=np.array([movie[2] for movie in MOVIES], np.int32),
            genres=tuple(movie[3] for movie in MOVIES),
            director=("Jeunet", "Scott", None, None, "Tarkovsky", None, None),
            keywords=(("paris",), (), (), (), (), (), ()),
            imdb_id=("tt0211915", "78748", None, None, "javascript:1", None, None),
            tmdb_id=(194, None, None, None, None, None, None),
        )
        self.user_id = tuple(HISTORIES)
        self.user_index = {name: index for index, name in enumerate(self.user_id)}
        self.info = DatasetInfo("toy", "0" * 64, True, "none", "none", 3, 7, 3, 0, 1_000_010)
        self.metrics = {}
        self.interactions = Interactions(
            np.array([0, 0, 1], np.int32),
            np.array([1, 5, 0], np.int32),
            np.array([5.0, np.nan, 4.0], np.float32),
            np.ones(3, np.float32),
            np.array([1_000_000, 1_000_001, 1_000_000], np.int64),
            3,
            7,
        )
        self.fails = False
        self.failures = Counter()

    @property
    def has_ranker(self) -> bool:
        return True

    def trained_history(self, user_idx: int) -> History:
        return make_history(HISTORIES[self.user_id[user_idx]])

    def effective_history(self, user_idx: int | None, feedback: Sequence[FeedbackEvent]) -> History:
        trained = () if user_idx is None else HISTORIES[self.user_id[user_idx]]
        live = [
            (self.catalog.index_of[event.item_id], 5.0)
            for event in reversed(feedback)
            if event.action is FeedbackAction.LIKE and event.item_id in self.catalog.index_of
        ]
        return make_history([*trained, *live])

    def recommend(self, history: History, query: Query) -> Recommendations:
        if self.fails:
            raise RuntimeError("secret /etc/passwd")
        matrix = self.catalog.genre_matrix
        scores = matrix @ matrix[history.item_idx].sum(axis=0)
        filters = query.filters
        allowed = [
            index
            for index in range(len(self.catalog))
            if index not in {*history.item_idx.tolist(), *filters.exclude}
            and (not filters.genres or set(filters.genres) & set(self.catalog.genres[index]))
            and (filters.year_from is None or self.catalog.year[index] >= filters.year_from)
            and (filters.year_to is None or 0 < self.catalog.year[index] <= filters.year_to)
        ]
        best = sorted(allowed, key=lambda index: (-scores[index], index))[: query.k]
        because = tuple(history.item_idx.tolist()[:1])
        items = tuple(
            RecommendedItem(
                rank,
                index,
                scores[index],  # a numpy number, as the library may give one
                0.5,
                (Reason(ReasonTag.MATCHES_GENRES, f"Shares {scores[index]:.0f} genres", because),),
                (SourceHit("genre", rank, float(scores[index]), 1.0),),
            )
            for rank, index in enumerate(best, start=1)
        )
        note = None if len(items) == query.k else "No more movies pass the filters."
        return Recommendations(items, query.generation, self.version, {"merged": 7}, {"rank": 0.1}, note)

    def shortlist(self, history: History, query: Query) -> Shortlist:
        everything = self.recommend(history, replace(query, k=len(MOVIES))).items
        return Shortlist(
            np.array([item.item_idx for item in everything], np.int32),
            np.array([item.score for item in everything], np.float32),
            np.full(len(everything), 0.5, np.float32),
            np.arange(min(query.k, len(everything))),
            lambda position: everything[position].hits,
            lambda position, rank: replace(everything[position], rank=rank),
        )

    def trend(self, window: TrendWindow, live: Iterable[FeedbackEvent] = ()) -> Trend:
        events = [(user, item, 4.0, 1_000_010 - 86_400 * item) for user, item in ((0, 1), (1, 1), (0, 6))]
        return TrendMeter(self.catalog, tabulate(events, 3, 7), 1_000_010).measure(window, live, START)

    def trace(self, history: History, query: Query) -> RecommendationTrace:
        made = self.recommend(history, query)
        traces = tuple(
            ItemTrace(
                item, {"age": None, "gap": float("nan")}, {"age": 0.25}, 0.5, 0.75, {"genre": ((1, 2.0),)}
            )
            for item in made.items
        )
        return RecommendationTrace(made, traces)

    def similar(self, item_idx: int, n: int) -> tuple[Similar, ...]:
        others = [index for index in range(len(self.catalog)) if index != item_idx]
        return tuple(Similar(index, 0.5, "shares genres") for index in others[:n])

    def taste(self, history: History) -> Taste:
        genres = sorted({genre for index in history.item_idx for genre in self.catalog.genres[index]})
        shares = tuple(Share(genre, 1.0 / len(genres), 0.1) for genre in genres)
        return Taste(len(history), None, shares, (), ())

    @cached_property
    def crowd(self) -> Crowd:
        events = np.array([movie[4] for movie in MOVIES])
        return Crowd(events, events, 3.5 * events)

    def item_stats(self, item_idx: int) -> ItemStats:
        return ItemStats(3.5, MOVIES[item_idx][4])


class MemoryStore:
    """The rules of the feedback store, without a disk."""

    def __init__(self) -> None:
        self.timeline: list[FeedbackEvent] = []
        self.down = False
        self.changes = 0
        self.closed = False
        self.erased_until: datetime | None = None

    def append(self, event: FeedbackEvent, accepted: datetime | None = None) -> StoredFeedback:
        self._check()
        for stored in self.timeline:
            if stored.event_id == event.event_id:
                if (stored.user_id, stored.item_id, stored.action) != (
                    event.user_id,
                    event.item_id,
                    event.action,
                ):
                    raise FeedbackConflictError("event_id was used for another event")
                return StoredFeedback(stored, created=False)
        if event.undoes and event.undoes not in {stored.event_id for stored in self.timeline}:
            raise UnknownFeedbackError("undoes names no event")
        moment = accepted or START + timedelta(seconds=len(self.timeline))
        stamped = FeedbackEvent(
            event.event_id,
            event.user_id,
            event.item_id,
            event.action,
            event.undoes,
            moment,
            event.client_time,
            event.context,
            event.rating,
        )
        self.timeline.append(stamped)
        return StoredFeedback(stamped, created=True)

    def append_all(self, events: Sequence[FeedbackEvent]) -> int:
        for event in events:
            self.append(event)
        return len(events)

    def events(self, user_id: str | None = None) -> Iterator[FeedbackEvent]:
        self._check()
        return (event for event in self.timeline if user_id in (None, event.user_id))

    def delete_user(
        self, user_id: str, action: FeedbackAction | None = None, until: datetime | None = None
    ) -> int:
        self._check()
        self.erased_until = until
        own = [event for event in self.timeline if event.user_id == user_id]
        chosen = {event.event_id for event in own if action in (None, event.action)}
        gone = [event for event in own if event.event_id in chosen or event.undoes in chosen]
        self.timeline = [event for event in self.timeline if event not in gone]
        self.changes += bool(gone)
        return len(gone)

    def revision(self) -> int:
        self._check()
        return len(self.timeline) + 1000 * self.changes

    def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        self._check()
        return select_in_force(event for event in self.timeline if event.user_id == user_id)

    def recent(self, since: datetime) -> tuple[FeedbackEvent, ...]:
        self._check()
        viewers = {event.user_id for event in self.timeline}
        standing = (event for viewer in sorted(viewers) for event in self.in_force(viewer))
        return tuple(event for event in standing if event.server_time and event.server_time >= since)

    def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.down:
            raise FeedbackUnavailableError("sqlite, /home/someone/feedback.sqlite3: disk I/O error")


@pytest.fixture
def service() -> ToyService:
    return ToyService()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def client(tmp_path, service, store) -> Iterator[TestClient]:
    app = create_app(Settings(home=tmp_path), service, store)
    with TestClient(app) as opened:
        yield opened
