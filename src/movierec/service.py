"""Bundle plus effective history in, explained recommendations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from movierec.feedback.events import FeedbackEvent
from movierec.schema import (
    Catalog,
    DatasetInfo,
    Filters,
    Generation,
    History,
    Recommendations,
    RecommendationTrace,
)


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


@dataclass(frozen=True, slots=True)
class Similar:
    """A neighbour of an item: cosine-like similarity in [0, 1] and, in words, what it rests on."""

    item_idx: int
    similarity: float
    basis: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a viewer's positive history beside everybody's."""

    name: str
    share: float
    everyone: float


@dataclass(frozen=True, slots=True)
class Taste:
    """A profile of one history."""

    n_events: int
    mean_rating: float | None
    genres: tuple[Share, ...]
    eras: tuple[Share, ...]
    directors: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class ItemStats:
    """What the crowd did with an item."""

    mean_rating: float | None
    n_interactions: int


class RecommenderService:
    """Answers every question the API asks; holds one verified bundle, never mutates it."""

    version: str
    info: DatasetInfo
    catalog: Catalog
    user_id: tuple[str, ...]
    user_index: dict[str, int]

    @classmethod
    def open(cls, home: Path) -> RecommenderService:
        """Open the current bundle of ``home``; raises an ``ArtifactError`` that says what to do."""
        raise NotImplementedError

    def trained_history(self, user_idx: int) -> History:
        """Return the events of a known user; raises ``UnknownUserError``."""
        raise NotImplementedError

    def effective_history(self, user_idx: int | None, feedback: Sequence[FeedbackEvent]) -> History:
        """Return trained events plus live feedback in force (items unknown to the bundle are left out)."""
        raise NotImplementedError

    def recommend(self, history: History, query: Query) -> Recommendations:
        """Return the ranked, explained list for one history."""
        raise NotImplementedError

    def trace(self, history: History, query: Query) -> RecommendationTrace:
        """Return the list with features, contributions and evidence of every item."""
        raise NotImplementedError

    def similar(self, item_idx: int, n: int) -> tuple[Similar, ...]:
        """Return the nearest items by behaviour, then by content."""
        raise NotImplementedError

    def taste(self, history: History) -> Taste:
        """Return genre, era and director shares of the positive events."""
        raise NotImplementedError

    def item_stats(self, item_idx: int) -> ItemStats:
        """Return what the crowd did with the item."""
        raise NotImplementedError
