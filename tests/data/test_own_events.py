from __future__ import annotations

import polars as pl

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.own_events import list_items, tell_events
from movierec.data.population import PopulationConfig, write_population


def test_raters_give_stars_and_the_others_act():
    ratings = pl.DataFrame(
        {
            "userId": [5, 1, 2, 3],
            "movieId": [7, 8, 9, 9],
            "rating": [1.5, 2.5, 3.5, 4.0],
            "timestamp": [10, 20, 30, 40],
        }
    )
    assert tell_events(ratings).rows() == [
        ("u5", "v7", "rating", 1.5, 10),
        ("u1", "v8", "watch", None, 20),
        ("u2", "v9", "complete", None, 30),
        ("u3", "v9", "like", None, 40),
    ]


def test_the_year_gets_a_column_of_its_own():
    movies = pl.DataFrame({"movieId": [3], "title": ["Film (4) (1999)"], "genres": ["War|Drama"]})
    assert list_items(movies).rows() == [("v3", "Film (4)", "1999", "War|Drama")]


def test_what_is_written_is_read_whole(tmp_path):
    config = PopulationConfig(n_users=60, n_items=90, n_ratings=1_500, seed=4)
    write_population(config, tmp_path / "own", own=True)
    assert {path.name for path in (tmp_path / "own").iterdir()} == {"interactions.csv", "items.csv"}
    data = load_dataset(str(tmp_path / "own"), Settings(home=tmp_path / "home"))
    assert len(data.interactions.user_idx) == config.n_ratings
    assert (data.interactions.n_users, len(data.catalog)) == (60, 90)
    assert data.catalog.title[data.catalog.index_of["v1"]] == "Film 1"
    assert min(data.catalog.year) > 1900
    kinds = pl.read_csv(tmp_path / "own" / "interactions.csv")["event"].unique().sort().to_list()
    assert kinds == ["complete", "like", "rating", "watch"]
