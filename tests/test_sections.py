from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from toy_data import make_catalog, make_history

from movierec.schema import Filters, History, Reason, ReasonTag, RecommendedItem, SourceHit
from movierec.sections import Section, SectionKind, make_sections
from movierec.service import ItemStats, Query, RecommenderService, Share, Shortlist, Similar, Taste
from movierec.trending import Trend, TrendWindow

N = 40
GENRES = [("Crime",) if index % 2 else ("Drama",) for index in range(N)]
OTHER = Reason(ReasonTag.POPULAR, "Liked by many viewers")


@dataclass
class Stub:
    """A service whose answers are plain: films 0 to 4 are watched, the rest ranked by index.

    Films from 30 on are rare, the higher the index the higher the match; the others have the same, but
    for film 24.
    """

    niche: str = "als"

    def __post_init__(self) -> None:
        self.catalog = make_catalog(N, GENRES)
        self.info = SimpleNamespace(n_users=99)

    def shortlist(self, history: History, query: Query) -> Shortlist:
        items = np.arange(5, N, dtype=np.int32)
        match = np.where(items < 30, 0.5, items / N).astype(np.float32)
        match[items == 24] = 0.1

        def describe(position: int, rank: int) -> RecommendedItem:
            item = int(items[position])
            return RecommendedItem(rank, item, -item, item / N, (OTHER,), ())

        hit = SourceHit(self.niche, 1, 1.0, 1.0)
        return Shortlist(
            items, -items.astype(np.float32), match, np.arange(query.k), lambda p: (hit,), describe
        )

    def similar(self, item_idx: int, n: int) -> tuple[Similar, ...]:
        """Return the ten films after 10 * ``item_idx``; for film 3 too few to be a row."""
        start, count = 10 * item_idx, 3 if item_idx == 3 else 10
        return tuple(Similar(start + i, 1 - i / 20, "liked by the same people") for i in range(count))

    def item_stats(self, item_idx: int) -> ItemStats:
        return ItemStats(4.0, 2 if item_idx >= 30 else 50)

    def taste(self, history: History) -> Taste:
        shares = (Share("Drama", 0.3, 0.5), Share("Crime", 0.7, 0.5)) if len(history) else ()
        return Taste(len(history), None, shares, (), ())


WATCHED = make_history([(0, 5.0), (3, 5.0), (1, 5.0), (4, 1.0), (2, 5.0)])


def make(history: History = WATCHED, query: Query | None = None, **options: Any) -> tuple[Section, ...]:
    activity = np.zeros(N)
    activity[[5, 7, 9, 26, 27, 28, 29]] = [99, 98, 97, 1, 4, 3, 2]
    recent = (activity > 1).astype(np.int64) * 3
    trend = Trend(activity, recent, (np.arange(N) == 28).astype(np.int64))
    service: Any = Stub(**options)
    return make_sections(service, history, query or Query(k=4), trend, TrendWindow.WEEK)


def ids(section: Section) -> list[int]:
    return [item.item_idx for item in section.items]


def find(sections: tuple[Section, ...], kind: SectionKind) -> list[Section]:
    return [section for section in sections if section.kind is kind]


def test_rows_come_in_reading_order_and_hold_what_they_say() -> None:
    sections = make()
    assert [(section.kind.value, ids(section)) for section in sections] == [
        ("for_you", [5, 6, 7, 8]),
        # Liked last is film 2, then 1; film 4 was not liked and film 3 has too few neighbours.
        # 24 stands near film 2 as well, but has a low match.
        ("because_you_liked", [20, 21, 22, 23]),
        ("because_you_liked", [10, 11, 12, 13]),
        # Of the most active, 5 and 7 stand above already.
        ("trending", [9, 27, 28, 29]),
        ("hidden_gems", [39, 38, 37, 36]),
        ("genre", [15, 17, 19, 25]),
    ]
    assert [section.because for section in sections[1:3]] == [2, 1]
    assert sections[1].title == "Because you liked Film 2"


def test_no_film_is_shown_twice() -> None:
    shown = [item for section in make() for item in ids(section)]
    assert len(shown) == len(set(shown))


def test_every_row_says_first_why_a_film_is_in_it() -> None:
    sections = make()
    because = find(sections, SectionKind.BECAUSE_YOU_LIKED)[0].items[0].reasons
    assert because[0] == Reason(ReasonTag.BECAUSE_YOU_LIKED, "Liked by the same people as Film 2", (2,))
    assert because[1] == OTHER
    trending = [item.reasons[0].text for item in find(sections, SectionKind.TRENDING)[0].items]
    assert trending[1] == "Trending: 3 people in the last week"
    assert trending[2] == "Trending: 3 people in the last week, 1 here"
    gem = find(sections, SectionKind.HIDDEN_GEMS)[0].items[0].reasons[0]
    assert gem.text == "Hidden gem: only 2 of 99 viewers know it"


def test_ranks_start_anew_in_every_row() -> None:
    assert all([item.rank for item in row.items] == [1, 2, 3, 4] for row in make())


def test_what_only_popularity_proposes_is_no_gem() -> None:
    assert not find(make(niche="popularity"), SectionKind.HIDDEN_GEMS)


def test_a_genre_is_a_row_only_where_this_viewer_leans_to_it() -> None:
    assert [row.genre for row in find(make(), SectionKind.GENRE)] == ["Crime"]
    wished = make(query=Query(k=4, favourite_genres=("Drama",)))
    assert [row.genre for row in find(wished, SectionKind.GENRE)] == ["Drama", "Crime"]


def test_a_genre_filter_keeps_other_genre_rows_away() -> None:
    rows = make(query=Query(k=4, filters=Filters(genres=("Drama",))))
    assert not find(rows, SectionKind.GENRE)


def test_somebody_new_gets_what_needs_no_history() -> None:
    kinds = [section.kind for section in make(History.empty(), Query(k=4, favourite_genres=("Crime",)))]
    assert kinds == [SectionKind.FOR_YOU, SectionKind.TRENDING, SectionKind.GENRE]


@pytest.mark.parametrize("user", [0, 17])
def test_on_a_fitted_service(toy_service: RecommenderService, user: int) -> None:
    history = toy_service.trained_history(user)
    query = Query(k=6, filters=Filters(year_from=1970))
    trend = toy_service.trend(TrendWindow.MONTH)
    sections = make_sections(toy_service, history, query, trend)
    assert sections[0].items == toy_service.recommend(history, query).items
    shown = [item.item_idx for section in sections for item in section.items]
    assert len(shown) == len(set(shown))
    assert not set(shown) & set(history.item_idx.tolist())
    assert all(toy_service.catalog.year[item] >= 1970 for item in shown)
    assert find(sections, SectionKind.BECAUSE_YOU_LIKED)
    assert find(sections, SectionKind.TRENDING)


def test_filters_that_leave_nothing_give_an_empty_page(toy_service: RecommenderService) -> None:
    history = toy_service.trained_history(0)
    query = Query(k=4, filters=Filters(year_from=2100, year_to=2100))
    (first,) = make_sections(toy_service, history, query, toy_service.trend(TrendWindow.WEEK))
    assert first.items == ()
