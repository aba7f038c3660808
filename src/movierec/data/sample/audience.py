"""A simulated audience: who watches what when, and how much they like it.

Viewers have tastes that drift, sit down for a few films at a time in a mood of the day, see what is
popular and new more than the rest, and rate what they saw with noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from movierec.data.confidence import from_ratings
from movierec.data.sample.taste import FilmSpace, invent_archetypes, mix_tastes, place_films
from movierec.errors import ConfigError
from movierec.schema import (
    SECONDS_PER_DAY,
    Catalog,
    FloatArray,
    IntArray,
    Interactions,
    LongArray,
)

END_TIME: Final = 1_767_225_600  # 2026-01-01T00:00:00Z, fixed so that the sample never changes
_PERIOD_DAYS: Final = 30
_CHUNK: Final = 250_000
_MAX_ROUNDS: Final = 12


@dataclass(frozen=True)
class AudienceConfig:
    """Size and character of the audience; equal configs give equal audiences.

    Attributes
    ----------
    seed : of everything random
    n_viewers, n_ratings : sizes; the number of ratings is met within a few percent
    n_years : length of the timeline, which ends 2026-01-01
    min_ratings : fewest ratings a viewer is meant to give
    n_archetypes : tastes that viewers are mixtures of
    n_considered : films looked at before one is picked; more means taste decides more
    taste_strength : how strongly taste decides among the films looked at
    mood_strength : how far a sitting's mood leads away from the viewer's taste
    drift : how far tastes move from first to last rating, 0 (not at all) to 1 (another person)
    popularity_exponent : of the power law of exposure
    noise : standard deviation of a rating, in stars
    """

    seed: int = 20260101
    n_viewers: int = 3_000
    n_ratings: int = 200_000
    n_years: int = 6
    min_ratings: int = 12
    n_archetypes: int = 18
    n_considered: int = 16
    taste_strength: float = 12.0
    mood_strength: float = 0.5
    drift: float = 0.4
    popularity_exponent: float = 1.0
    noise: float = 0.6

    def __post_init__(self) -> None:
        if min(self.n_viewers, self.n_years, self.n_archetypes, self.n_considered, self.min_ratings) < 1:
            raise ConfigError("viewers, years, archetypes, considered and min_ratings must be at least 1")
        if self.n_ratings < self.n_viewers * self.min_ratings:
            least = self.n_viewers * self.min_ratings
            raise ConfigError(
                f"n_ratings must be at least n_viewers * min_ratings = {least:,}, got {self.n_ratings:,}"
            )


@dataclass(frozen=True)
class _Slots:
    """The moments at which something is watched, before it is known what: parallel arrays."""

    viewer: IntArray
    sitting: IntArray
    timestamp: LongArray


@dataclass(frozen=True)
class Audience:
    """A simulated audience: what it rated, and what only the simulation knows of it.

    Attributes
    ----------
    interactions : one row per viewer and film
    stars : float32[n_viewers, n_films], the mean rating a viewer would give at the end of the timeline
    noise : standard deviation of one rating around it
    """

    interactions: Interactions
    stars: FloatArray
    noise: float


def simulate(films: Catalog, config: AudienceConfig | None = None) -> Interactions:
    """Return what a simulated audience rated, one row per viewer and film.

    Parameters
    ----------
    films : what there is to watch, positions become ``item_idx``
    config : size, character and seed
    """
    config = config or AudienceConfig()
    return _play(films, config)[0]


def draw_audience(films: Catalog, config: AudienceConfig | None = None) -> Audience:
    """Return the audience of :func:`simulate` with the true taste behind its ratings."""
    config = config or AudienceConfig()
    interactions, space, quality, taste, generosity = _play(films, config)
    stars = _mean_stars(generosity[:, None], quality[None, :], taste @ space.film.T)
    return Audience(interactions, stars.astype(np.float32), config.noise)


def _play(
    films: Catalog, config: AudienceConfig
) -> tuple[Interactions, FilmSpace, FloatArray, FloatArray, FloatArray]:
    """Return ratings, film space, quality, last tastes and generosity."""
    rng = np.random.default_rng(config.seed)
    space = place_films(films, rng)
    quality = rng.standard_normal(len(films)).astype(np.float32)
    slots = _schedule(config, len(films), rng)
    tastes = _TasteOverTime.draw(space, config, slots, rng)
    exposure = _expose(films, quality, config, rng)
    item_idx = _watch(space, slots, tastes, exposure, config, rng)
    kept = np.flatnonzero(item_idx >= 0)
    slots = _Slots(slots.viewer[kept], slots.sitting[kept], slots.timestamp[kept])
    item_idx = item_idx[kept]
    generosity = rng.normal(0.0, 0.4, config.n_viewers).astype(np.float32)
    rating = _rate(space, quality, slots, item_idx, tastes, generosity, config, rng)
    order = np.lexsort((item_idx, slots.timestamp, slots.viewer))
    interactions = Interactions(
        slots.viewer[order],
        item_idx[order],
        rating[order],
        from_ratings(rating[order]),
        slots.timestamp[order],
        config.n_viewers,
        len(films),
    )
    return interactions, space, quality, tastes.last, generosity


def _schedule(config: AudienceConfig, n_films: int, rng: np.random.Generator) -> _Slots:
    activity = rng.pareto(1.5, config.n_viewers) + 0.1
    spare = config.n_ratings - config.n_viewers * config.min_ratings
    n_rated = config.min_ratings + activity / activity.sum() * spare
    # Nobody has seen everything; what the cap takes away goes to the others.
    cap = max(config.min_ratings, int(0.45 * n_films))
    for _ in range(5):
        over = n_rated > cap
        excess = (n_rated[over] - cap).sum()
        n_rated = np.minimum(n_rated, cap)
        n_rated[~over] += excess * n_rated[~over] / max(n_rated[~over].sum(), 1.0)
    count = np.minimum(np.rint(n_rated), cap).astype(np.int64)
    viewer = np.repeat(np.arange(config.n_viewers, dtype=np.int32), count)

    starts_sitting = rng.random(len(viewer)) < 0.22
    starts_sitting[np.concatenate(([0], np.cumsum(count)[:-1]))] = True
    sitting = (np.cumsum(starts_sitting) - 1).astype(np.int32)
    viewer_of_sitting = viewer[starts_sitting]

    # More viewers join later than earlier; people stay for months to years, busiest when they join.
    timeline = config.n_years * 365.25
    joined = timeline * (1 - 0.97 * rng.random(config.n_viewers) ** 0.7) * 0.97
    stay = np.minimum(rng.exponential(500.0, config.n_viewers) + 20 + count / 3, timeline - joined)
    # Some never leave: the audience of the last weeks is not only new people.
    stays = rng.random(config.n_viewers) < 0.35
    stay[stays] = (timeline - joined)[stays]
    fraction = rng.random(len(viewer_of_sitting)) ** 1.25
    day = joined[viewer_of_sitting] + stay[viewer_of_sitting] * fraction
    evening = 0.8 + rng.normal(0.0, 0.1, len(day))
    begin = np.floor(day) + np.clip(evening, 0.3, 0.99)
    begin = np.sort(begin + viewer_of_sitting * (timeline + 2)) - viewer_of_sitting * (timeline + 2)

    gap = rng.exponential(4 * 60.0, len(viewer)) + 20
    elapsed = np.cumsum(gap)
    elapsed -= elapsed[np.flatnonzero(starts_sitting)][sitting]
    start_time = END_TIME - timeline * SECONDS_PER_DAY
    timestamp = start_time + begin[sitting] * SECONDS_PER_DAY + elapsed
    return _Slots(viewer, sitting, np.minimum(timestamp, END_TIME - 1).astype(np.int64))


@dataclass(frozen=True)
class _TasteOverTime:
    """Taste of a viewer at a slot: from ``first`` to ``last`` as time goes by, plus the sitting's mood."""

    first: FloatArray
    last: FloatArray
    mood: FloatArray
    progress: FloatArray

    @classmethod
    def draw(
        cls, space: FilmSpace, config: AudienceConfig, slots: _Slots, rng: np.random.Generator
    ) -> _TasteOverTime:
        archetypes = invent_archetypes(space, config.n_archetypes, rng)
        first = mix_tastes(archetypes, config.n_viewers, rng)
        other = mix_tastes(archetypes, config.n_viewers, rng)
        last = (1 - config.drift) * first + config.drift * other
        n_sittings = int(slots.sitting[-1]) + 1
        moods = archetypes[rng.integers(0, len(archetypes), n_sittings)]
        strength = config.mood_strength * rng.random((n_sittings, 1), np.float32)
        begin = np.full(config.n_viewers, END_TIME, np.int64)
        end = np.zeros(config.n_viewers, np.int64)
        np.minimum.at(begin, slots.viewer, slots.timestamp)
        np.maximum.at(end, slots.viewer, slots.timestamp)
        span = np.maximum(end - begin, 1)[slots.viewer]
        progress = ((slots.timestamp - begin[slots.viewer]) / span).astype(np.float32)
        return cls(first, last.astype(np.float32), (strength * moods).astype(np.float32), progress)

    def at(self, slots: _Slots, rows: LongArray, *, with_mood: bool) -> FloatArray:
        viewer = slots.viewer[rows]
        progress = self.progress[rows][:, None]
        taste: FloatArray = self.first[viewer] * (1 - progress) + self.last[viewer] * progress
        return taste + self.mood[slots.sitting[rows]] if with_mood else taste


def _expose(
    films: Catalog, quality: FloatArray, config: AudienceConfig, rng: np.random.Generator
) -> FloatArray:
    """Return float32[n_periods, n_films]: cumulative chance of coming across each film, per month."""
    n_films = len(films)
    appeal = 0.8 * quality + 0.35 * (films.year - 1985) / 20 + rng.normal(0, 1.0, n_films)
    rank = np.empty(n_films)
    rank[np.argsort(-appeal, kind="stable")] = np.arange(n_films)
    lasting = -config.popularity_exponent * np.log(rank + 0.01 * n_films + 1)
    n_periods = int(np.ceil(config.n_years * 365.25 / _PERIOD_DAYS)) + 1
    wave = np.empty((n_periods, n_films), np.float32)
    wave[0] = rng.normal(0, 0.7, n_films)
    for period in range(1, n_periods):
        wave[period] = 0.9 * wave[period - 1] + rng.normal(0, 0.7 * np.sqrt(1 - 0.9**2), n_films)
    start_year = 2026 - config.n_years
    months = np.arange(n_periods)[:, None] * _PERIOD_DAYS / 365.25
    age = start_year + months - (films.year + rng.random(n_films))[None, :]
    # New films arrive on their day, are everywhere for a while and settle to their lasting appeal.
    novelty = np.where(age >= 0, 2.2 * np.exp2(-np.maximum(age, 0) / 0.4), -np.inf)
    novelty[:, films.year < start_year] = 0
    with np.errstate(under="ignore"):
        chance = np.exp(lasting + wave + novelty)
    # A catalogue of nothing but the future would leave the first month with nothing to watch.
    chance[~(chance.sum(axis=1) > 0)] = 1.0
    cumulative = np.cumsum(chance, axis=1)
    shares: FloatArray = (cumulative / cumulative[:, -1:]).astype(np.float32)
    return shares


def _watch(
    space: FilmSpace,
    slots: _Slots,
    tastes: _TasteOverTime,
    exposure: FloatArray,
    config: AudienceConfig,
    rng: np.random.Generator,
) -> IntArray:
    """Return int32 per slot: the film watched; -1 where only films seen before came up."""
    n_films = len(space.film)
    start_time = END_TIME - int(config.n_years * 365.25) * SECONDS_PER_DAY
    period = np.clip((slots.timestamp - start_time) // (_PERIOD_DAYS * SECONDS_PER_DAY), 0, len(exposure) - 1)
    item_idx = np.full(len(slots.viewer), -1, np.int32)
    pair = slots.viewer.astype(np.int64) * n_films
    open_slots = np.arange(len(item_idx))
    for attempt in range(_MAX_ROUNDS):
        # Who has seen all that is to their taste looks further afield.
        strength = np.float32(config.taste_strength * 0.85**attempt)
        for begin in range(0, len(open_slots), _CHUNK):
            rows = open_slots[begin : begin + _CHUNK]
            seen_often = _draw_exposed(exposure, period[rows], config.n_considered, rng)
            taste = tastes.at(slots, rows, with_mood=True)
            score = np.einsum("rcf,rf->rc", space.film[seen_often], taste) * strength
            score += rng.gumbel(size=score.shape).astype(np.float32)
            item_idx[rows] = seen_often[np.arange(len(rows)), score.argmax(axis=1)]
        # The earliest slot keeps a film that was picked twice; the others pick again.
        _, first = np.unique(pair + item_idx, return_index=True)
        repeated = np.ones(len(item_idx), np.bool_)
        repeated[first] = False
        open_slots = np.flatnonzero(repeated)
        if len(open_slots) == 0:
            break
    item_idx[open_slots] = -1
    return item_idx


def _draw_exposed(
    exposure: FloatArray, period: LongArray, n_considered: int, rng: np.random.Generator
) -> IntArray:
    drawn = np.empty((len(period), n_considered), np.int32)
    chance = rng.random(drawn.shape, np.float32)
    for value in np.unique(period):
        rows = np.flatnonzero(period == value)
        drawn[rows] = np.searchsorted(exposure[value], chance[rows], side="right")
    return np.minimum(drawn, np.int32(exposure.shape[1] - 1))


def _rate(
    space: FilmSpace,
    quality: FloatArray,
    slots: _Slots,
    item_idx: IntArray,
    tastes: _TasteOverTime,
    generosity: FloatArray,
    config: AudienceConfig,
    rng: np.random.Generator,
) -> FloatArray:
    stars = np.empty(len(item_idx), np.float32)
    for begin in range(0, len(item_idx), _CHUNK):
        rows = np.arange(begin, min(begin + _CHUNK, len(item_idx)))
        # Taste alone decides the stars: a mood picks the film, it does not make it better.
        taste = tastes.at(slots, rows, with_mood=False)
        liking = np.einsum("rf,rf->r", space.film[item_idx[rows]], taste)
        stars[rows] = _mean_stars(generosity[slots.viewer[rows]], quality[item_idx[rows]], liking)
        stars[rows] += rng.normal(0.0, config.noise, len(rows)).astype(np.float32)
    rating: FloatArray = np.clip(np.rint(stars * 2) / 2, 0.5, 5.0).astype(np.float32)
    return rating


def _mean_stars(generosity: FloatArray, quality: FloatArray, liking: FloatArray) -> FloatArray:
    """Return the stars a viewer means before noise and rounding."""
    stars: FloatArray = 2.75 + generosity + 0.42 * quality + 2.2 * liking
    return stars
