"""Ratings of MovieLens shape and any size, for measuring what size costs; nobody gave them.

Counts per viewer are log-normal as in MovieLens (at least 20, a mean of 144, the busiest above 9,000),
counts per film follow a power law, films come out over the years, viewers rate in a few sittings and
favour two kinds of film. Nothing is learnt about people from it: quality is measured on real data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from movierec.data.own_events import list_items, tell_events
from movierec.errors import ConfigError
from movierec.schema import SECONDS_PER_DAY, FloatArray, IntArray, LongArray

Progress = Callable[[str], None]
Doubles = NDArray[np.float64]

START_TIME: Final = 788_918_400  # 1995-01-01, where ml-20m begins
N_YEARS: Final = 20
MIN_RATINGS: Final = 20
_CHUNK: Final = 4_000
_ROUNDS: Final = 6
_HEAD: Final = 30.0
"""Films that share the top: the shift of the Zipf-Mandelbrot law."""
_EXPONENT: Final = 1.25
_KINDS: Final = 24
_OWN_KIND: Final = 0.45
"""Share of the draws from a viewer's own two kinds; the rest follow popularity alone."""
_GENRES: Final = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True)
class PopulationConfig:
    """Size of the audience; equal configs give equal files.

    Attributes
    ----------
    n_users, n_items, n_ratings : exact sizes
    seed : of everything random
    """

    n_users: int
    n_items: int
    n_ratings: int
    seed: int = 20

    def __post_init__(self) -> None:
        least = self.n_users * MIN_RATINGS
        if self.n_users < 1 or self.n_items < 2 * MIN_RATINGS:
            raise ConfigError(
                f"n_users must be at least 1 and n_items at least {2 * MIN_RATINGS}, "
                f"got {self.n_users:,} and {self.n_items:,}"
            )
        if not least <= self.n_ratings <= self.n_users * (self.n_items // 3):
            raise ConfigError(
                f"n_ratings must lie between {least:,} ({MIN_RATINGS} a viewer) and a third of viewers * "
                f"films = {self.n_users * (self.n_items // 3):,}, got {self.n_ratings:,}"
            )


SHAPES: Final[Mapping[str, PopulationConfig]] = {
    "100k": PopulationConfig(943, 1_682, 100_000),
    "1m": PopulationConfig(6_040, 3_706, 1_000_209),
    "5m": PopulationConfig(34_623, 13_639, 5_000_066),
    "20m": PopulationConfig(138_493, 27_278, 20_000_263),
}
"""Users, films and ratings of ml-100k, ml-1m, a quarter of ml-20m (half its films), and ml-20m."""


@dataclass(frozen=True)
class _Films:
    """What there is to watch.

    Attributes
    ----------
    kind : int32[n], which of ``_KINDS`` it is
    released : int64[n], seconds since the epoch
    quality : float32[n], stars above the average film
    everything, by_kind : cumulated shares of the draws, of all films and of the films of one kind
    members : film indices of every kind
    """

    kind: IntArray
    released: LongArray
    quality: FloatArray
    everything: Doubles
    by_kind: tuple[Doubles, ...]
    members: tuple[IntArray, ...]


def write_population(
    config: PopulationConfig, folder: Path, progress: Progress | None = None, *, own: bool = False
) -> None:
    """Write ``ratings.csv`` and ``movies.csv`` as ml-20m has them into a folder, made where missing.

    With ``own`` the same as own data has it: ``interactions.csv`` and ``items.csv``. The larger file gets its
    name when it is complete: what a kill leaves is no data set.
    """
    tell = progress or (lambda _: None)
    folder.mkdir(parents=True, exist_ok=True)
    films, chunks = draw_population(config)
    if own:
        list_items(films).write_csv(folder / "items.csv")
    else:
        films.write_csv(folder / "movies.csv")
    name = "interactions.csv" if own else "ratings.csv"
    unfinished = folder / f"{name}.part"
    done = 0
    with unfinished.open("wb") as stream:
        for number, frame in enumerate(chunks):
            (tell_events(frame) if own else frame).write_csv(stream, include_header=number == 0)
            done += frame.height
            tell(f"{done:,} of {config.n_ratings:,} ratings")
    unfinished.replace(folder / name)


def draw_population(config: PopulationConfig) -> tuple[pl.DataFrame, Iterator[pl.DataFrame]]:
    """Return the films, and the ratings of some thousand viewers at a time, with the columns of ml-20m."""
    root = np.random.default_rng(config.seed)
    films = _invent_films(config, root)
    frame = _frame_films(films, config, root)
    return frame, _rate_in_chunks(config, films, _share_out(config, root))


def _invent_films(config: PopulationConfig, rng: np.random.Generator) -> _Films:
    n_items = config.n_items
    share = (1.0 + np.arange(n_items) / _HEAD) ** -_EXPONENT
    share = rng.permutation(share)
    kind = rng.integers(0, _KINDS, n_items).astype(np.int32)
    # Half of all films are older than the first rating, the others come out evenly over the years.
    span = N_YEARS * 365 * SECONDS_PER_DAY
    offset = np.where(rng.random(n_items) < 0.5, 0, rng.integers(0, int(0.95 * span), n_items))
    members = tuple(np.flatnonzero(kind == one).astype(np.int32) for one in range(_KINDS))
    return _Films(
        kind,
        (START_TIME + offset).astype(np.int64),
        (0.45 * rng.standard_normal(n_items)).astype(np.float32),
        np.cumsum(share) / share.sum(),
        tuple(np.cumsum(share[own]) / max(share[own].sum(), 1e-300) for own in members),
        members,
    )


def _frame_films(films: _Films, config: PopulationConfig, rng: np.random.Generator) -> pl.DataFrame:
    year = 1995 + (films.released - START_TIME) // (365 * SECONDS_PER_DAY)
    year = np.where(films.released == START_TIME, 1995 - rng.geometric(0.06, config.n_items), year)
    year = np.maximum(year, 1902)
    second = rng.integers(0, len(_GENRES), config.n_items)
    genres = [
        "|".join(dict.fromkeys((_GENRES[one % len(_GENRES)], _GENRES[other])))
        for one, other in zip(films.kind.tolist(), second.tolist(), strict=True)
    ]
    titles = [f"Film {number + 1} ({made})" for number, made in enumerate(year.tolist())]
    return pl.DataFrame({"movieId": np.arange(1, config.n_items + 1), "title": titles, "genres": genres})


def _share_out(config: PopulationConfig, rng: np.random.Generator) -> LongArray:
    """Return int64[n_users]: ratings of every viewer, exactly ``n_ratings`` in all."""
    most = config.n_items // 3
    appetite = rng.lognormal(0.0, 1.35, config.n_users)
    counts = np.full(config.n_users, MIN_RATINGS, np.int64)
    # What the cap takes away goes to the others, in proportion; a last few one by one.
    for _ in range(20):
        spare = config.n_ratings - int(counts.sum())
        open_ = counts < most
        if spare < open_.sum():
            break
        more = np.where(open_, appetite, 0.0)
        counts = np.minimum(counts + np.floor(spare * more / more.sum()).astype(np.int64), most)
    while spare := config.n_ratings - int(counts.sum()):
        lucky = rng.permutation(np.flatnonzero(counts < most))[:spare]
        counts[lucky] += 1
    return counts


def _rate_in_chunks(config: PopulationConfig, films: _Films, counts: LongArray) -> Iterator[pl.DataFrame]:
    """Yield the ratings of some thousand viewers at a time; every chunk has a seed of its own."""
    starts = range(0, config.n_users, _CHUNK)
    for start, seed in zip(starts, np.random.SeedSequence(config.seed).spawn(len(starts)), strict=True):
        rng = np.random.default_rng(seed)
        own = counts[start : start + _CHUNK]
        arrival = rng.random(len(own)) * 0.97 * N_YEARS * 365 * SECONDS_PER_DAY
        joined = START_TIME + arrival.astype(np.int64)
        taste = rng.integers(0, _KINDS, (len(own), 2))
        user, item = _choose(films, own, joined, taste, rng)
        timestamp = _schedule(own, joined, user, rng)
        stars = _judge(films, user, item, taste, rng)
        # Files are sorted by viewer and film, as those of MovieLens are.
        order = np.lexsort((item, user))
        yield pl.DataFrame(
            {
                "userId": user[order] + (start + 1),
                "movieId": item[order] + 1,
                "rating": stars[order],
                "timestamp": timestamp[order],
            }
        )


def _choose(
    films: _Films, counts: LongArray, joined: LongArray, taste: LongArray, rng: np.random.Generator
) -> tuple[LongArray, LongArray]:
    """Return viewers and distinct films, ``counts`` of each viewer, viewers ascending."""
    n_items = len(films.kind)
    pairs = np.empty(0, np.int64)
    for round_ in range(_ROUNDS):
        missing = counts - np.bincount(pairs // n_items, minlength=len(counts))
        wanted = np.where(missing > 0, np.ceil(missing * 1.6).astype(np.int64) + 8, 0)
        user = np.repeat(np.arange(len(counts)), wanted)
        item = _draw(films, user, taste, rng)
        # The busiest viewers soon know what is popular: in the last round all films are alike.
        if round_ == _ROUNDS - 1:
            item = rng.integers(0, n_items, len(user))
        out = films.released[item] <= joined[user]
        pairs = _keep_first(pairs, user[out] * n_items + item[out], counts, n_items)
        if len(pairs) == counts.sum():
            return pairs // n_items, pairs % n_items
    return _fill_up(pairs, counts, n_items, rng)


def _draw(films: _Films, user: LongArray, taste: LongArray, rng: np.random.Generator) -> LongArray:
    item = np.searchsorted(films.everything, rng.random(len(user)), side="right")
    own = rng.random(len(user)) < _OWN_KIND
    kind = taste[user, rng.integers(0, 2, len(user))]
    for one in range(_KINDS):
        if len(films.members[one]):
            rows = np.flatnonzero(own & (kind == one))
            place = np.searchsorted(films.by_kind[one], rng.random(len(rows)), side="right")
            item[rows] = films.members[one][np.minimum(place, len(films.members[one]) - 1)]
    return np.minimum(item, len(films.kind) - 1).astype(np.int64)


def _keep_first(known: LongArray, drawn: LongArray, counts: LongArray, n_items: int) -> LongArray:
    """Return what is known and the first new pairs up to each viewer's count, sorted by viewer."""
    distinct, first = np.unique(np.concatenate([known, drawn]), return_index=True)
    # In the order of drawing within a viewer: what is known comes first and always stays.
    order = np.lexsort((first, distinct // n_items))
    user = distinct[order] // n_items
    start = np.searchsorted(user, np.arange(len(counts)))
    kept: LongArray = distinct[order][np.arange(len(user)) - start[user] < counts[user]]
    return kept


def _fill_up(
    pairs: LongArray, counts: LongArray, n_items: int, rng: np.random.Generator
) -> tuple[LongArray, LongArray]:
    """Give the few whom chance left short any films they have not seen."""
    short = np.flatnonzero(counts > np.bincount(pairs // n_items, minlength=len(counts)))
    parts = [pairs]
    for user in short.tolist():
        seen = pairs[pairs // n_items == user] % n_items
        unseen = np.setdiff1d(np.arange(n_items), seen)
        parts.append(user * n_items + rng.permutation(unseen)[: counts[user] - len(seen)])
    whole = np.sort(np.concatenate(parts))
    return whole // n_items, whole % n_items


def _schedule(counts: LongArray, joined: LongArray, user: LongArray, rng: np.random.Generator) -> LongArray:
    """Return int64[n]: when each rating is given, in sittings of about thirty, weeks apart."""
    end = START_TIME + N_YEARS * 365 * SECONDS_PER_DAY
    n_sittings = 1 + rng.poisson(counts / 30.0)
    sitting = (rng.random(len(user)) * n_sittings[user]).astype(np.int64)
    span = np.minimum(
        n_sittings * rng.exponential(20.0, len(counts)) * SECONDS_PER_DAY, end - joined - 86_400
    )
    begin = joined[user] + (span[user] * sitting / n_sittings[user]).astype(np.int64)
    return begin + rng.integers(0, 1_800, len(user))


def _judge(
    films: _Films, user: LongArray, item: LongArray, taste: LongArray, rng: np.random.Generator
) -> FloatArray:
    """Return float32[n] stars in halves: a strict or kind viewer, a good or bad film, taste and noise."""
    leaning = 0.4 * rng.standard_normal(len(taste))
    match = (taste[user] == films.kind[item][:, None]).any(axis=1)
    stars = 3.45 + leaning[user] + films.quality[item] + 0.3 * match + 0.8 * rng.standard_normal(len(user))
    rounded: FloatArray = np.clip(np.round(2.0 * stars) / 2.0, 0.5, 5.0).astype(np.float32)
    return rounded
