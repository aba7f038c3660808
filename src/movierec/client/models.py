"""What the API answers, as a caller sees it: frozen values, parsed and checked in one place.

Field names are those of the HTTP contract; fields that callers hardly need are left out, and fields added to
the contract later are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Action = Literal["like", "dislike", "save", "undo"]


@dataclass(frozen=True, slots=True)
class Movie:
    """The facts a card shows; ``poster`` is a path on the API."""

    item_id: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    director: str | None
    poster: str


@dataclass(frozen=True, slots=True)
class TitleRef:
    """A title that is only named."""

    item_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence on why an item is shown, with the watched titles behind it."""

    tag: str
    text: str
    because: tuple[TitleRef, ...]


@dataclass(frozen=True, slots=True)
class SourceHit:
    """Where one recall source put an item: rank from 1, raw score, share of the evidence."""

    source: str
    rank: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Pick(Movie):
    """One place of a recommended list; ``match`` is a probability in [0, 1]."""

    rank: int
    score: float
    match: float
    reasons: tuple[Reason, ...]
    sources: tuple[SourceHit, ...]


@dataclass(frozen=True, slots=True)
class PickList:
    """A recommended list, best first, and what made it."""

    k: int
    generation: str
    bundle: str
    note: str | None
    items: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the home page; ``because`` is the liked film behind it, where there is one."""

    kind: str
    title: str
    hint: str
    because: TitleRef | None
    genre: str | None
    items: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class SectionPage:
    """A home page: rows in reading order, a film at most once across them."""

    user_id: str
    known: bool
    bundle: str
    note: str | None
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A watched title and the amount it adds to one source's score."""

    item_id: str
    title: str
    amount: float


@dataclass(frozen=True, slots=True)
class PickTrace:
    """Everything known about one recommended item.

    ``contributions`` are on the log-odds scale and add up to ``raw_score - base_score``.
    """

    item: Pick
    features: dict[str, float | None]
    contributions: dict[str, float]
    base_score: float
    raw_score: float
    evidence: dict[str, tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A list with its traces: ``funnel`` in items per stage, ``timings_ms`` in milliseconds.

    ``failed`` names the sources, or ``ranker``, that a fault kept out of the list.
    """

    generation: str
    bundle: str
    note: str | None
    funnel: dict[str, int]
    timings_ms: dict[str, float]
    items: tuple[PickTrace, ...]
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """One known viewer."""

    user_idx: int
    user_id: str
    n_events: int
    top_genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewerPage:
    """Some of the known viewers, and how many there are."""

    total: int
    users: tuple[Viewer, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing the viewer did; ``live`` marks feedback given in this app."""

    item: Movie
    rating: float | None
    when: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a viewer's positive history beside everybody's, both in [0, 1]."""

    name: str
    share: float
    everyone: float


@dataclass(frozen=True, slots=True)
class Taste:
    """A viewer's profile."""

    n_events: int
    mean_rating: float | None
    genres: tuple[Share, ...]
    eras: tuple[Share, ...]
    directors: tuple[Share, ...]
    recent: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class MoviePage:
    """Films found, and how many there are."""

    total: int
    movies: tuple[Movie, ...]


@dataclass(frozen=True, slots=True)
class MovieFacts(Movie):
    """Everything known about a film."""

    keywords: tuple[str, ...]
    country: str | None
    mean_rating: float | None
    n_interactions: int
    imdb_url: str | None
    tmdb_url: str | None


@dataclass(frozen=True, slots=True)
class SimilarMovie(Movie):
    """A neighbour and, in words, what the similarity rests on."""

    similarity: float
    basis: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The films nearest to one film."""

    item: Movie
    similar: tuple[SimilarMovie, ...]


@dataclass(frozen=True, slots=True)
class GenreList:
    """All genres of the catalogue."""

    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackEntry:
    """One feedback event in force."""

    event_id: str
    item: Movie
    action: Action
    server_time: datetime


@dataclass(frozen=True, slots=True)
class FeedbackList:
    """A viewer's feedback in force, newest first."""

    user_id: str
    feedback: tuple[FeedbackEntry, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """State of the API and the data it serves."""

    status: str
    version: str
    bundle: str
    dataset: str
    simulated: bool
    licence: str
    n_users: int
    n_items: int
    n_interactions: int
    generations: tuple[str, ...]
    feedback: str
    poster_attribution: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """One place of a list of scores."""

    item_id: str
    score: float


@dataclass(frozen=True, slots=True)
class ScoredList:
    """Ids and scores alone, best first."""

    user_id: str
    recommendations: tuple[ScoredItem, ...]


@dataclass(frozen=True, slots=True)
class TrendingMovie(Movie):
    """A film many turn to lately."""

    rank: int


@dataclass(frozen=True, slots=True)
class Trending:
    """What everybody turns to lately, the most active first."""

    window: str
    items: tuple[TrendingMovie, ...]


@dataclass(frozen=True, slots=True)
class FeedMovie(Movie):
    """One place of a feed; ``match`` is None for a film that was ranked before and is not now."""

    rank: int
    match: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of a list that stands still; ``cursor`` names the list."""

    username: str | None
    page: int
    page_size: int
    total: int
    note: str | None
    cursor: str
    next: str | None
    items: tuple[FeedMovie, ...]
