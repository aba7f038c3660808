from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.sample import AudienceConfig, invent_films, read_films, simulate
from movierec.data.sample import source as source_module
from movierec.data.sample.audience import END_TIME
from movierec.errors import ConfigError
from movierec.schema import SECONDS_PER_DAY, Catalog, Interactions

SMALL = AudienceConfig(n_viewers=400, n_ratings=24_000)


@pytest.fixture(scope="module")
def films() -> Catalog:
    return read_films()


@pytest.fixture(scope="module")
def events(films: Catalog) -> Interactions:
    return simulate(films)


def test_size_is_that_of_the_config(events: Interactions) -> None:
    assert events.n_users == 3_000
    assert 0.95 * 200_000 <= len(events) <= 1.02 * 200_000
    per_viewer = np.bincount(events.user_idx, minlength=events.n_users)
    assert per_viewer.min() >= 10
    assert np.percentile(per_viewer, 99) > 5 * np.median(per_viewer)


def test_nobody_rates_a_film_twice(events: Interactions) -> None:
    pairs = events.user_idx.astype(np.int64) * events.n_items + events.item_idx
    assert len(np.unique(pairs)) == len(pairs)


def test_rows_are_sorted_by_viewer_and_time(events: Interactions) -> None:
    same_viewer = np.diff(events.user_idx) == 0
    assert (np.diff(events.user_idx) >= 0).all()
    assert (np.diff(events.timestamp)[same_viewer] >= 0).all()


def test_six_years_end_on_the_first_of_january_2026(events: Interactions) -> None:
    assert datetime.fromtimestamp(END_TIME, UTC) == datetime(2026, 1, 1, tzinfo=UTC)
    assert events.timestamp.max() < END_TIME
    assert events.timestamp.max() > END_TIME - 2 * SECONDS_PER_DAY
    assert events.timestamp.min() >= END_TIME - 6 * 366 * SECONDS_PER_DAY


def test_stars_are_halves_and_spread(events: Interactions) -> None:
    assert set(np.unique(events.rating * 2)) == set(range(1, 11))
    assert 3.0 < events.rating.mean() < 3.8
    assert events.rating.std() > 0.8
    assert events.rating.dtype == events.confidence.dtype == np.float32


def test_people_sit_down_for_several_films(events: Interactions) -> None:
    gaps = np.diff(events.timestamp)[np.diff(events.user_idx) == 0]
    assert (gaps < 3600).mean() > 0.6
    assert (gaps > SECONDS_PER_DAY).mean() > 0.1


def test_exposure_is_uneven_and_new_films_come_in_waves(films: Catalog, events: Interactions) -> None:
    counts = np.sort(np.bincount(events.item_idx, minlength=events.n_items))[::-1]
    assert counts[: len(counts) // 20].sum() > 3 * len(events) / 20
    for year in (2022, 2023, 2024):
        item = np.flatnonzero(films.year == year)
        seen = events.timestamp[np.isin(events.item_idx, item)]
        begin = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        assert seen.min() >= begin - 31 * SECONDS_PER_DAY
        first_two = (seen < begin + 2 * 365 * SECONDS_PER_DAY).mean()
        share_of_time = (2 * 365 * SECONDS_PER_DAY) / (END_TIME - begin)
        if share_of_time < 0.9:
            assert first_two > share_of_time


def test_equal_configs_give_equal_audiences_and_other_seeds_others(films: Catalog) -> None:
    first, again = simulate(films, SMALL), simulate(films, SMALL)
    for name in ("user_idx", "item_idx", "rating", "timestamp"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    other = simulate(films, dataclasses.replace(SMALL, seed=2))
    assert not np.array_equal(first.item_idx[:1000], other.item_idx[:1000])


def test_what_others_watched_tells_more_than_popularity(events: Interactions) -> None:
    cut = np.quantile(events.timestamp, 0.9)
    before, liked = events.timestamp < cut, events.confidence > 0
    train = np.zeros((events.n_users, events.n_items), np.float32)
    train[events.user_idx[before & liked], events.item_idx[before & liked]] = 1
    seen = np.zeros_like(train, np.bool_)
    seen[events.user_idx[before], events.item_idx[before]] = True
    held_out = np.zeros_like(seen)
    held_out[events.user_idx[~before & liked], events.item_idx[~before & liked]] = True
    viewers = np.flatnonzero(held_out.any(axis=1) & train.any(axis=1))

    gram = train.T @ train
    inverse = np.linalg.inv(gram + 150 * np.eye(events.n_items, dtype=np.float32))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)

    def hits(scores: np.ndarray) -> float:
        top = np.argsort(np.where(seen[viewers], -np.inf, scores), axis=1)[:, -10:]
        return float(np.take_along_axis(held_out[viewers], top, axis=1).mean())

    popularity = hits(np.broadcast_to(train.sum(axis=0), (len(viewers), events.n_items)))
    assert len(viewers) > 500
    assert hits(train[viewers] @ weights) > 1.3 * popularity


def test_drift_moves_tastes(films: Catalog) -> None:
    def genre_shift(drift: float) -> float:
        events = simulate(films, dataclasses.replace(SMALL, drift=drift, n_ratings=60_000, mood_strength=0))
        shifts = []
        for viewer in range(events.n_users):
            history = events.history(viewer)
            half = len(history) // 2
            profiles = films.genre_matrix[history.item_idx]
            shifts.append(np.abs(profiles[:half].mean(axis=0) - profiles[half:].mean(axis=0)).sum())
        return float(np.mean(shifts))

    assert genre_shift(1.0) > 1.05 * genre_shift(0.0)


def test_generator_takes_any_catalogue() -> None:
    events = simulate(invent_films(300, seed=3), AudienceConfig(n_viewers=50, n_ratings=1_000, n_years=2))
    assert events.n_items == 300
    assert 900 <= len(events) <= 1_020


@pytest.mark.parametrize("change", [{"n_viewers": 0}, {"n_ratings": 10}, {"n_considered": 0}])
def test_impossible_sizes_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        dataclasses.replace(SMALL, **change)


def test_sample_loads_as_a_simulated_dataset(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, films: Catalog
) -> None:
    monkeypatch.setattr(source_module, "simulate", lambda films, config: simulate(films, SMALL))
    dataset = load_dataset("sample", settings)
    assert dataset.info.simulated
    assert dataset.info.name == "sample"
    assert dataset.info.n_quarantined == 0
    assert dataset.catalog.title == films.title
    expected = simulate(films, SMALL)
    np.testing.assert_array_equal(dataset.interactions.timestamp, expected.timestamp)
    np.testing.assert_array_equal(np.sort(dataset.interactions.item_idx), np.sort(expected.item_idx))
    lines: list[str] = []
    load_dataset("sample", settings, lines.append)
    assert lines == ["sample: tables are up to date"]
