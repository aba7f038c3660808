"""The values that cross layers: column names, interactions, catalogue, histories, recommendations.

Everything here is frozen; arrays inside are treated as read-only by convention.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
LongArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

SECONDS_PER_DAY: Final = 86_400


class Columns:
    """One name per thing, from CSV to screen."""

    USER_ID: Final = "user_id"
    ITEM_ID: Final = "item_id"
    USER_IDX: Final = "user_idx"
    ITEM_IDX: Final = "item_idx"
    RATING: Final = "rating"
    EVENT: Final = "event"
    VALUE: Final = "value"
    CONFIDENCE: Final = "confidence"
    TIMESTAMP: Final = "timestamp"
    TITLE: Final = "title"
    YEAR: Final = "year"
    GENRES: Final = "genres"
    DIRECTOR: Final = "director"
    KEYWORDS: Final = "keywords"
    COUNTRY: Final = "country"
    IMDB_ID: Final = "imdb_id"
    TMDB_ID: Final = "tmdb_id"


class Aim(StrEnum):
    """What the order of a list is for; the ranker blends its heads accordingly.

    ``next`` asks what is watched next, ``later`` what is liked anywhere ahead, ``return`` what somebody
    wants who comes back after a while; ``balanced`` weighs all three. ``rating`` asks what is liked best if
    it is watched, however likely that is: the order of the displayed match.
    """

    BALANCED = "balanced"
    NEXT = "next"
    LATER = "later"
    RETURN = "return"
    RATING = "rating"


class Generation(StrEnum):
    """Which pipeline answers: one source alone, the merge, or merge plus ranker."""

    V1_POPULARITY = "v1-popularity"
    V1_ITEM_ITEM = "v1-item_item"
    V1_CO_SEEN = "v1-co_seen"
    V1_ALS = "v1-als"
    V1_ALS_SEEN = "v1-als_seen"
    V1_SEQUENCE = "v1-sequence"
    V1_NEXT_STEP = "v1-next_step"
    V1_LIFT = "v1-lift"
    V1_TRANSITION = "v1-transition"
    V1_SITTING = "v1-sitting"
    V1_GENRE = "v1-genre"
    V1_5 = "v1.5"
    V2 = "v2"


@dataclass(frozen=True, slots=True)
class History:
    """What one person did, oldest first: the only thing recall and features know of them.

    Attributes
    ----------
    item_idx : int32[n]
    rating : float32[n], stars from 0.5 to 5; NaN where the event carries no rating
    confidence : float32[n], strength of positive evidence, 0 = none
    timestamp : int64[n], seconds since the epoch, ascending
    """

    item_idx: IntArray
    rating: FloatArray
    confidence: FloatArray
    timestamp: LongArray

    def __len__(self) -> int:
        return len(self.item_idx)

    @classmethod
    def empty(cls) -> History:
        """Return the history of someone who did nothing yet."""
        return cls(
            np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.float32), np.empty(0, np.int64)
        )

    def take(self, index: BoolArray | LongArray | slice) -> History:
        """Return the events selected by a mask, positions or a slice, order kept."""
        return History(
            self.item_idx[index], self.rating[index], self.confidence[index], self.timestamp[index]
        )


@dataclass(frozen=True)
class Interactions:
    """The events of a data set as parallel arrays, sorted by (user_idx, timestamp, input order).

    Attributes
    ----------
    user_idx, item_idx : int32[n], dense indices
    rating : float32[n], stars; NaN for events without one
    confidence : float32[n], see :func:`movierec.data.confidence.from_ratings`
    timestamp : int64[n], seconds since the epoch
    n_users, n_items : shape of the user-item matrix
    """

    user_idx: IntArray
    item_idx: IntArray
    rating: FloatArray
    confidence: FloatArray
    timestamp: LongArray
    n_users: int
    n_items: int

    def __len__(self) -> int:
        return len(self.user_idx)

    @cached_property
    def offsets(self) -> LongArray:
        """int64[n_users + 1]: user ``u`` owns the rows ``offsets[u]:offsets[u + 1]``."""
        # They are sorted, and counting them would take a copy twice their size.
        return np.searchsorted(self.user_idx, np.arange(self.n_users + 1, dtype=np.int32)).astype(np.int64)

    def history(self, user_idx: int) -> History:
        """Return the events of one user, oldest first."""
        rows = slice(int(self.offsets[user_idx]), int(self.offsets[user_idx + 1]))
        return History(self.item_idx[rows], self.rating[rows], self.confidence[rows], self.timestamp[rows])

    def take(self, mask: BoolArray) -> Interactions:
        """Return the rows where ``mask`` is true; users and items keep their indices."""
        return Interactions(
            self.user_idx[mask],
            self.item_idx[mask],
            self.rating[mask],
            self.confidence[mask],
            self.timestamp[mask],
            self.n_users,
            self.n_items,
        )


@dataclass(frozen=True)
class Catalog:
    """Facts about the items, one position per ``item_idx``.

    ``year`` is 0 where unknown; ``genres`` never holds "(no genres listed)".
    """

    item_id: tuple[str, ...]
    title: tuple[str, ...]
    year: IntArray
    genres: tuple[tuple[str, ...], ...]
    director: tuple[str | None, ...]
    keywords: tuple[tuple[str, ...], ...]
    imdb_id: tuple[str | None, ...]
    tmdb_id: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.item_id)

    @cached_property
    def genre_names(self) -> tuple[str, ...]:
        """All genres of the catalogue, sorted."""
        return tuple(sorted({genre for genres in self.genres for genre in genres}))

    @cached_property
    def genre_matrix(self) -> FloatArray:
        """float32[n_items, n_genres]: 1 where the item has the genre."""
        column = {genre: position for position, genre in enumerate(self.genre_names)}
        matrix = np.zeros((len(self), len(column)), np.float32)
        for row, genres in enumerate(self.genres):
            for genre in genres:
                matrix[row, column[genre]] = 1.0
        return matrix

    @cached_property
    def index_of(self) -> dict[str, int]:
        """From the data set's own item id to ``item_idx``."""
        return {item_id: index for index, item_id in enumerate(self.item_id)}


@dataclass(frozen=True)
class DatasetInfo:
    """Where the data came from and what may be done with it.

    ``content_hash`` is the SHA-256 of the cleaned tables; ``now`` the serving clock: the last
    timestamp of the data, in seconds since the epoch.
    """

    name: str
    content_hash: str
    simulated: bool
    licence: str
    citation: str
    n_users: int
    n_items: int
    n_interactions: int
    n_quarantined: int
    now: int


@dataclass(frozen=True)
class Dataset:
    """One ingested data set, ready for recall, features and evaluation."""

    info: DatasetInfo
    user_id: tuple[str, ...]
    catalog: Catalog
    interactions: Interactions


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person wants to see; applied before the cut to k, so lists back-fill."""

    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    exclude: tuple[int, ...] = ()


class SourceHit(NamedTuple):
    """Where one recall source put an item: its rank (from 1), raw score and share of the evidence.

    A tuple, because a list of twenty has two hundred of them, and these are made in a quarter of the time.
    """

    source: str
    rank: int
    score: float
    share: float


class ReasonTag(StrEnum):
    """The kinds of reason shown to people."""

    BECAUSE_YOU_LIKED = "because_you_liked"
    BECAUSE_YOU_WATCHED = "because_you_watched"
    MATCHES_GENRES = "matches_genres"
    TRENDING = "trending"
    SIMILAR_TASTE = "similar_taste"
    HIDDEN_GEM = "hidden_gem"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence on why an item is shown, with the watched items that caused it."""

    tag: ReasonTag
    text: str
    because: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Contribution:
    """How far one watched item (or one feature) moved a score; additive."""

    name: str
    value: float
    amount: float


@dataclass(frozen=True)
class RecommendedItem:
    """One place of a list. ``score`` orders the list; ``match`` is a probability in [0, 1]."""

    rank: int
    item_idx: int
    score: float
    match: float
    reasons: tuple[Reason, ...]
    hits: tuple[SourceHit, ...]


@dataclass(frozen=True)
class Recommendations:
    """A ranked list and what it took to make it.

    ``funnel`` maps stage name to the number of items left after it, in order;
    ``timings`` maps stage name to milliseconds; ``note`` says why a list is short or degraded; ``failed``
    names the sources, or the ranker, that a fault kept out of it.
    """

    items: tuple[RecommendedItem, ...]
    generation: Generation
    bundle: str
    funnel: dict[str, int]
    timings: dict[str, float]
    note: str | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemTrace:
    """Everything known about one recommended item, for the debug view.

    ``contributions`` are exact TreeSHAP values on the log-odds scale: they add up to
    ``raw_score - base_score``. ``evidence`` lists, per source, the watched items behind its score.
    """

    item: RecommendedItem
    features: dict[str, float | None]
    contributions: dict[str, float]
    base_score: float
    raw_score: float
    evidence: dict[str, tuple[tuple[int, float], ...]]


@dataclass(frozen=True)
class RecommendationTrace:
    """A list with the trace of every item in it."""

    recommendations: Recommendations
    traces: tuple[ItemTrace, ...] = field(default=())
