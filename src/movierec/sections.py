"""Sections: one viewer's page as rows of films, a film at most once across all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from movierec.recall.base import liked
from movierec.schema import History, Reason, ReasonTag, RecommendedItem
from movierec.service import Query, RecommenderService, Shortlist
from movierec.trending import Trend, TrendWindow

MIN_ROW: Final = 4
"""Fewer films than this are no row; they stay free for the rows after it."""

MAX_ANCHORS: Final = 3
MAX_GENRES: Final = 2
ANCHORS_TRIED: Final = 12
NEIGHBOURS: Final = 60
GEM_QUANTILE: Final = 0.4
"""A gem belongs to the least-watched two fifths of what was proposed to this viewer."""

NICHE_SOURCES: Final = frozenset({"item_item", "co_seen", "als", "als_seen", "lift", "sequence"})
"""Sources that speak for viewers with the same titles, not for everybody."""

_SPANS: Final = {
    TrendWindow.DAY: "day",
    TrendWindow.WEEK: "week",
    TrendWindow.MONTH: "month",
    TrendWindow.YEAR: "year",
}


class SectionKind(StrEnum):
    """What holds a row together."""

    FOR_YOU = "for_you"
    BECAUSE_YOU_LIKED = "because_you_liked"
    TRENDING = "trending"
    HIDDEN_GEMS = "hidden_gems"
    GENRE = "genre"


@dataclass(frozen=True, slots=True)
class Section:
    """A row: ``because`` is the liked item behind it, ``genre`` the genre it holds, if any."""

    kind: SectionKind
    title: str
    hint: str
    items: tuple[RecommendedItem, ...]
    because: int | None = None
    genre: str | None = None


def make_sections(
    service: RecommenderService,
    history: History,
    query: Query,
    trend: Trend,
    window: TrendWindow = TrendWindow.MONTH,
) -> tuple[Section, ...]:
    """Return the rows of a viewer's page in reading order.

    Parameters
    ----------
    query : ``k`` is the length of a row; the first row is exactly what ``service.recommend`` returns
    trend, window : what everybody turns to lately, and how it was measured

    Every other row draws from what the pipeline proposed to this viewer, under the same filters. Rows of
    fewer than four films are left out, but for the first.
    """
    maker = _Maker(service, history, query, service.shortlist(history, query))
    first = maker.take_first()
    because = list(maker.take_because())
    gems = maker.take_gems()
    trending = maker.take_trending(trend, window)
    genres = list(maker.take_genres())
    rows = [first, *because, trending, gems, *genres]
    return tuple(row for row in rows if row is not None)


@dataclass
class _Maker:
    service: RecommenderService
    history: History
    query: Query
    pool: Shortlist
    _taken: set[int] = field(default_factory=set)

    def take_first(self) -> Section:
        self._taken.update(self.pool.first.tolist())
        items = tuple(self.pool.describe(int(p), rank) for rank, p in enumerate(self.pool.first, start=1))
        return Section(SectionKind.FOR_YOU, "For you", "The best matches over all your tastes", items)

    def take_because(self) -> Iterator[Section]:
        """Yield rows of the nearest films to what was liked last."""
        positive = liked(self.history.rating, self.history.confidence)
        newest_first = self.history.item_idx[positive][::-1]
        n_rows = 0
        for anchor in dict.fromkeys(newest_first[:ANCHORS_TRIED].tolist()):
            if n_rows == MAX_ANCHORS:
                return
            title = self.service.catalog.title[anchor]
            basis = {near.item_idx: near.basis for near in self.service.similar(anchor, NEIGHBOURS)}
            order = {item_idx: place for place, item_idx in enumerate(basis)}
            near = [p for p in self._open(self._good) if int(self.pool.item_idx[p]) in order]
            near.sort(key=lambda p: order[int(self.pool.item_idx[p])])
            lead = {
                item_idx: Reason(
                    ReasonTag.BECAUSE_YOU_LIKED, f"{words[:1].upper()}{words[1:]} as {title}", (anchor,)
                )
                for item_idx, words in basis.items()
            }
            items = self._take(near, lead)
            if items:
                n_rows += 1
                hint = f"Nearest to {title} among what was found for you"
                yield Section(
                    SectionKind.BECAUSE_YOU_LIKED, f"Because you liked {title}", hint, items, because=anchor
                )

    def take_trending(self, trend: Trend, window: TrendWindow) -> Section | None:
        """Return the most active films among those proposed to this viewer."""
        positions = [p for p in self._open() if trend.activity[self.pool.item_idx[p]] > 0]
        positions.sort(key=lambda p: -trend.activity[self.pool.item_idx[p]])
        span = _SPANS[window]
        lead = {}
        for position in positions[: self.query.k]:
            item_idx = int(self.pool.item_idx[position])
            n_recent, n_live = int(trend.n_recent[item_idx]), int(trend.n_live[item_idx])
            people = f"{n_recent:,} {'person' if n_recent == 1 else 'people'} in the last {span}"
            text = f"Trending: {people}" if n_recent else "Among the most watched lately"
            lead[item_idx] = Reason(ReasonTag.TRENDING, f"{text}, {n_live} here" if n_live else text)
        items = self._take(positions, lead)
        hint = f"What most people turned to lately; activity counts half after a {span}"
        return Section(SectionKind.TRENDING, "Trending now", hint, items) if items else None

    def take_gems(self) -> Section | None:
        """Return little-watched films with a high match that viewers with the same titles vouch for."""
        if not len(self.history) or not len(self.pool.item_idx):
            return None
        count = np.array([self.service.item_stats(int(i)).n_interactions for i in self.pool.item_idx])
        rare = count <= np.quantile(count, GEM_QUANTILE)
        positions = [
            p
            for p in self._open(rare & self._good & (count > 0))
            if any(hit.source in NICHE_SOURCES for hit in self.pool.hits(p))
        ]
        positions.sort(key=lambda p: -float(self.pool.match[p]))
        everyone = self.service.info.n_users
        lead = {
            int(self.pool.item_idx[p]): Reason(
                ReasonTag.HIDDEN_GEM, f"Hidden gem: only {count[p]:,} of {everyone:,} viewers know it"
            )
            for p in positions[: self.query.k]
        }
        items = self._take(positions, lead)
        hint = "Little watched, high match, and liked by people who share your titles"
        return Section(SectionKind.HIDDEN_GEMS, "Hidden gems", hint, items) if items else None

    def take_genres(self) -> Iterator[Section]:
        """Yield rows of the favourite genres, then of those this viewer likes more than others do."""
        leaning = (
            share.name for share in self.service.taste(self.history).genres if share.share > share.everyone
        )
        wanted = self.query.filters.genres
        names = dict.fromkeys([*self.query.favourite_genres, *leaning])
        if wanted:
            names = dict.fromkeys(name for name in names if name in wanted)
        n_rows = 0
        for name in names:
            if n_rows == MAX_GENRES:
                return
            column = self.service.catalog.genre_names.index(name)
            has_it = self.service.catalog.genre_matrix[self.pool.item_idx, column] > 0
            items = self._take(self._open(has_it), {})
            if items:
                n_rows += 1
                hint = f"The best matches among {name} films"
                yield Section(SectionKind.GENRE, f"Your genres: {name}", hint, items, genre=name)

    @property
    def _good(self) -> NDArray[np.bool_]:
        """bool[n]: the better half by match; nearness alone would also bring what this viewer dislikes."""
        match = self.pool.match
        return match >= (np.median(match) if len(match) else 0.0)

    def _open(self, mask: NDArray[np.bool_] | None = None) -> list[int]:
        """Return positions not taken yet, best first."""
        n = len(self.pool.item_idx)
        positions: Iterable[int] = range(n) if mask is None else np.flatnonzero(mask).tolist()
        return [position for position in positions if position not in self._taken]

    def _take(self, positions: list[int], lead: dict[int, Reason]) -> tuple[RecommendedItem, ...]:
        """Return the first ``k`` as items, what the row stands for as their first reason; none if too few."""
        chosen = positions[: self.query.k]
        if len(chosen) < min(MIN_ROW, self.query.k):
            return ()
        self._taken.update(chosen)
        items = []
        for rank, position in enumerate(chosen, start=1):
            item = self.pool.describe(position, rank)
            reason = lead.get(item.item_idx)
            if reason is not None:
                others = tuple(other for other in item.reasons if other.tag is not reason.tag)
                item = replace(item, reasons=(reason, *others)[:3])
            items.append(item)
        return tuple(items)
