from __future__ import annotations

import csv
from importlib import resources

import numpy as np

from movierec.data.sample import invent_films, read_films
from movierec.data.sample.films import GENRES


def test_there_are_about_a_thousand_films_from_all_eras_and_genres() -> None:
    films = read_films()
    assert 950 <= len(films) <= 1250
    assert set(films.genre_names) == set(GENRES)
    decades = np.bincount(films.year // 10 - 192, minlength=11)
    assert (decades > 10).all()


def test_ids_follow_year_and_title() -> None:
    films = read_films()
    assert films.item_id[:3] == ("1", "2", "3")
    keys = list(zip(films.year.tolist(), films.title, strict=True))
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_every_fact_is_there() -> None:
    films = read_films()
    assert all(films.genres)
    assert all(films.director)
    assert all(2 <= len(keywords) <= 8 for keywords in films.keywords)


def test_countries_are_many() -> None:
    text = (resources.files("movierec.data.sample") / "films.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    countries = [row["country"] for row in rows]
    assert all(countries)
    assert len(set(countries)) >= 30
    assert countries.count("USA") < 0.6 * len(rows)


def test_some_facts_everyone_knows() -> None:
    films = read_films()
    at = films.title.index("The Matrix")
    assert (int(films.year[at]), films.director[at]) == (1999, "Lana Wachowski & Lilly Wachowski")
    assert "Sci-Fi" in films.genres[at]


def test_invented_films_scale_and_repeat() -> None:
    films = invent_films(2_000, seed=1)
    assert films == films
    assert len(films) == 2_000
    assert films.genres == invent_films(2_000, seed=1).genres
    assert films.genres != invent_films(2_000, seed=2).genres
    assert films.year.max() <= 2024
