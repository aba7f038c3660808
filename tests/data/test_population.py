from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pytest

from movierec.data.population import MIN_RATINGS, SHAPES, PopulationConfig, write_population
from movierec.errors import ConfigError

SMALL = PopulationConfig(n_users=9_000, n_items=900, n_ratings=400_000, seed=3)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("population")
    write_population(SMALL, folder)
    assert {path.name for path in folder.iterdir()} == {"ratings.csv", "movies.csv"}
    assert pl.read_csv(folder / "movies.csv").height == SMALL.n_items
    return pl.read_csv(folder / "ratings.csv")


def test_sizes_are_exact_and_no_pair_comes_twice(ratings):
    assert ratings.height == SMALL.n_ratings
    assert ratings.unique(["userId", "movieId"]).height == SMALL.n_ratings
    assert ratings["userId"].unique().sort().to_list() == list(range(1, SMALL.n_users + 1))
    assert ratings["movieId"].is_between(1, SMALL.n_items).all()
    per_user = ratings.group_by("userId").len()["len"]
    assert per_user.min() >= MIN_RATINGS
    assert per_user.max() > 5 * per_user.median()


def test_stars_are_halves_and_times_span_the_years(ratings):
    assert set((ratings["rating"] * 2).unique().to_list()) == set(range(1, 11))
    years = pl.from_epoch(ratings["timestamp"]).dt.year()
    assert (years.min(), years.max()) == (1995, 2014)


def test_few_films_take_most_ratings_and_kinds_hang_together(ratings):
    counts = np.sort(ratings.group_by("movieId").len()["len"].to_numpy())[::-1]
    assert counts[:90].sum() > 2.5 * counts[-450:].sum()
    liked = ratings.filter(pl.col("rating") >= 4)
    matrix = np.zeros((SMALL.n_users, SMALL.n_items), np.float32)
    matrix[liked["userId"] - 1, liked["movieId"] - 1] = 1
    correlation = np.corrcoef(matrix[:, np.argsort(-matrix.sum(0))[:100]].T)
    off_diagonal = correlation[np.triu_indices(100, 1)]
    # A second taste at work: some pairs go together far more than others.
    assert np.percentile(off_diagonal, 99) > np.median(off_diagonal) + 0.05


def test_equal_configs_give_equal_bytes_and_another_seed_others(tmp_path):
    def digest(name: str, seed: int) -> str:
        write_population(PopulationConfig(5_000, 300, 120_000, seed), tmp_path / name)
        return hashlib.sha256((tmp_path / name / "ratings.csv").read_bytes()).hexdigest()

    assert digest("one", 1) == digest("again", 1) != digest("two", 2)


def test_the_largest_shape_is_that_of_movielens_20m():
    assert SHAPES["20m"] == PopulationConfig(138_493, 27_278, 20_000_263)


@pytest.mark.parametrize(
    "sizes",
    [(0, 100, 0), (10, 10, 200), (10, 100, 199), (10, 100, 400)],
    ids=["users", "items", "few", "many"],
)
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ConfigError, match="must"):
        PopulationConfig(*sizes)
