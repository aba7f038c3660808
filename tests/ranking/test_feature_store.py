"""The feature tables against the same numbers worked out row by row in numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from toy_data import COLD, DAY, make_catalog, tabulate

from movierec.ranking.aggregates import DECAY_DAYS, LIKED_CONFIDENCE, PRIOR_EVENTS
from movierec.ranking.profile import PROFILE_NAMES, describe
from movierec.ranking.store import ITEM_COLUMNS, TABLES, FeatureStore
from movierec.schema import SECONDS_PER_DAY, Interactions


@pytest.fixture(scope="module")
def as_of(toy_events) -> int:
    """A moment with a quarter of the events after it."""
    return int(np.quantile(toy_events.timestamp, 0.75))


@pytest.fixture(scope="module")
def store(toy_events, toy_films, as_of) -> FeatureStore:
    return FeatureStore.compute(toy_events, toy_films, as_of)


@pytest.fixture(scope="module")
def known(toy_events, as_of) -> Interactions:
    return toy_events.take(toy_events.timestamp <= as_of)


def add_up(rows: Interactions, mask: np.ndarray, as_of: int) -> list[float]:
    confidence = rows.confidence[mask].astype(np.float64)
    days = (as_of - rows.timestamp[mask]) / SECONDS_PER_DAY
    return [
        float(mask.sum()),
        float(confidence.sum()),
        float((confidence * 0.5 ** (days / DECAY_DAYS)).sum()),
        float(days.min()),
    ]


def test_all_tables_are_there(store):
    assert tuple(sorted(store.tables)) == tuple(sorted(TABLES))


def test_user_features_are_sums_over_their_events(store, known, as_of):
    table = store.tables["user_features"]
    assert table["user_idx"].to_list() == np.unique(known.user_idx).tolist()
    for user, *values in table.iter_rows():
        assert values == pytest.approx(add_up(known, known.user_idx == user, as_of), rel=1e-9)


def test_item_features_are_sums_over_their_events(store, known, as_of):
    table = store.tables["item_features"]
    assert table["item_idx"].to_list() == np.unique(known.item_idx).tolist()
    mean = known.rating.astype(np.float64).mean()
    liked = known.confidence >= LIKED_CONFIDENCE
    for row in table.iter_rows(named=True):
        mask = known.item_idx == row["item_idx"]
        assert [row[name] for name in ITEM_COLUMNS[:4]] == pytest.approx(add_up(known, mask, as_of), rel=1e-9)
        count = mask.sum()
        first = (as_of - known.timestamp[mask].min()) / SECONDS_PER_DAY
        assert row["item_days_since_first"] == pytest.approx(first)
        damped = (known.rating[mask].sum(dtype=np.float64) + PRIOR_EVENTS * mean) / (count + PRIOR_EVENTS)
        assert row["item_mean_rating"] == pytest.approx(damped)
        rate = (liked[mask].sum() + PRIOR_EVENTS * liked.mean()) / (count + PRIOR_EVENTS)
        assert row["item_liked_rate"] == pytest.approx(rate)


def test_genre_tables_follow_their_formulas(store, known, toy_films, as_of):
    confidence = known.confidence.astype(np.float64)
    decayed = confidence * 0.5 ** ((as_of - known.timestamp) / SECONDS_PER_DAY / DECAY_DAYS)
    names, matrix = toy_films.genre_names, toy_films.genre_matrix.astype(np.float64)
    share = matrix / matrix.sum(axis=1, keepdims=True)
    for genre, item, events, prior in store.tables["genre_item_priors"].iter_rows():
        column = names.index(genre)
        in_genre = matrix[known.item_idx, column] > 0
        mask = known.item_idx == item
        assert matrix[item, column] == 1
        assert events == mask.sum()
        expected = (confidence[mask].sum() + 20.0 * confidence[in_genre].mean()) / (events + 20.0)
        assert prior == pytest.approx(expected)
    table = store.tables["user_genre_affinity"]
    for user, genre, plain, recent in table.filter(pl.col("user_idx") < 12).iter_rows():
        rows = known.user_idx == user
        own = share[known.item_idx[rows]]
        column = names.index(genre)
        for value, weight in ((plain, confidence[rows]), (recent, decayed[rows])):
            total = weight @ own
            if total.sum() > 0:
                assert value == pytest.approx(total[column] / total.sum())
            else:
                assert value is None
    sums = table.drop_nulls().group_by("user_idx").agg(pl.col("affinity", "affinity_decay").sum())
    np.testing.assert_allclose(sums.drop("user_idx").to_numpy(), 1.0, rtol=1e-9)


def test_profile_of_a_history_equals_the_store(toy_events, toy_films):
    """Serving describes a history, the store aggregates rows: one definition, two engines."""
    now = int(toy_events.timestamp.max())
    table = FeatureStore.compute(toy_events, toy_films, now).tables["user_features"]
    assert table.columns[1:] == list(PROFILE_NAMES[:4])
    for user, *values in table.iter_rows():
        found = describe(toy_events.history(user), now).values[:4]
        np.testing.assert_allclose(found, values, rtol=1e-6)


def test_nothing_after_the_moment_is_seen(store, toy_events, toy_films, as_of):
    rng = np.random.default_rng(0)
    late = toy_events.timestamp > as_of
    poison = replace(
        toy_events,
        item_idx=np.where(late, rng.permutation(toy_events.item_idx), toy_events.item_idx),
        rating=np.where(late, np.float32(0.5), toy_events.rating),
        confidence=np.where(late, np.float32(1000.0), toy_events.confidence),
        timestamp=np.where(late, toy_events.timestamp + 1000 * DAY, toy_events.timestamp),
    )
    assert late.sum() > 100
    poisoned = FeatureStore.compute(poison, toy_films, as_of)
    for name in TABLES:
        assert_frame_equal(poisoned.tables[name], store.tables[name], check_exact=True)


def test_tables_survive_the_disk(store, tmp_path):
    store.write(tmp_path / "features")
    assert sorted(path.stem for path in (tmp_path / "features").iterdir()) == sorted(TABLES)
    again = FeatureStore.read(tmp_path / "features", store.as_of)
    for name in TABLES:
        assert_frame_equal(again.tables[name], store.tables[name], check_exact=True)
    np.testing.assert_array_equal(again.item_matrix(150), store.item_matrix(150))


def test_computing_twice_gives_the_same_bits(store, toy_events, toy_films, as_of):
    again = FeatureStore.compute(toy_events, toy_films, as_of)
    for name in TABLES:
        assert_frame_equal(again.tables[name], store.tables[name], check_exact=True)


def test_item_matrix_has_zero_counts_and_unknown_means_for_unrated_items(store):
    matrix = store.item_matrix(150)
    assert (matrix.shape, matrix.dtype) == ((150, len(ITEM_COLUMNS)), np.float32)
    for item in COLD:
        assert matrix[item, :3].tolist() == [0, 0, 0]
        assert np.isnan(matrix[item, 3:]).all()
    frame = store.tables["item_features"].row(5, named=True)
    np.testing.assert_allclose(matrix[frame["item_idx"]], [frame[name] for name in ITEM_COLUMNS], rtol=1e-6)


def test_events_without_stars_have_no_mean_rating():
    rows = tabulate([(0, 0, 4.0, 10), (1, 0, 4.0, 20), (0, 1, 4.0, 30)])
    unrated = replace(rows, rating=np.full(3, np.nan, np.float32), confidence=np.array([1, 2, 3], np.float32))
    matrix = FeatureStore.compute(unrated, make_catalog(2), 30).item_matrix(2)
    assert np.isnan(matrix[:, ITEM_COLUMNS.index("item_mean_rating")]).all()
    assert np.isfinite(matrix[:, ITEM_COLUMNS.index("item_liked_rate")]).all()
