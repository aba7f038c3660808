from __future__ import annotations

from csv import DictReader
from pathlib import Path

import numpy as np
import pytest

from movierec.data.sample import __file__ as sample_file
from movierec.moods import PROFILES, Mood, choose_genres, fit_mood
from movierec.schema import Catalog

FILMS = (
    (("comedy",), ()),
    (("comedy", "Horror"), ()),
    (("Drama",), ("Slapstick",)),
    (("Horror",), ("slapstick",)),
    (("Drama",), ("slap",)),
    ((), ()),
)


@pytest.fixture
def catalog() -> Catalog:
    n = len(FILMS)
    return Catalog(
        item_id=tuple(map(str, range(n))),
        title=("A film",) * n,
        year=np.zeros(n, np.int32),
        genres=tuple(genres for genres, _ in FILMS),
        director=(None,) * n,
        keywords=tuple(tags for _, tags in FILMS),
        imdb_id=(None,) * n,
        tmdb_id=(None,) * n,
    )


def test_genres_or_tags_fit_unless_avoided(catalog):
    everything = np.arange(len(FILMS), dtype=np.int32)
    assert fit_mood(catalog, Mood.CHEERFUL, everything).tolist() == [True, False, True, False, False, False]


def test_fit_follows_the_order_of_the_items(catalog):
    assert fit_mood(catalog, Mood.CHEERFUL, np.array([3, 2], np.int32)).tolist() == [False, True]
    assert fit_mood(catalog, Mood.CHEERFUL, np.array([], np.int32)).tolist() == []


def test_hint_is_spelled_as_the_catalogue_spells_it(catalog):
    assert choose_genres(catalog, Mood.CHEERFUL) == ("comedy",)
    assert choose_genres(catalog, Mood.DREAMY) == ()


def test_every_mood_has_a_profile_that_does_not_contradict_itself():
    assert list(PROFILES) == list(Mood)
    for profile in PROFILES.values():
        assert profile.genres
        assert profile.tags
        assert not set(profile.genres) & set(profile.avoids)


def test_documentation_shows_every_mood_as_it_is():
    page = (Path(__file__).resolve().parents[1] / "docs" / "api.md").read_text("utf-8")
    for mood, profile in PROFILES.items():
        cells = (mood.value, *(", ".join(names) for names in (profile.genres, profile.tags, profile.avoids)))
        assert f"| {' | '.join(cells)} |" in page


def test_every_mood_finds_films_in_the_sample_by_genre_and_by_tag():
    with Path(sample_file).with_name("films.csv").open(encoding="utf-8") as file:
        films = [(set(row["genres"].split("|")), set(row["keywords"].split("|"))) for row in DictReader(file)]
    for mood, profile in PROFILES.items():
        fitting = [(genres, tags) for genres, tags in films if not genres & set(profile.avoids)]
        assert any(genres & set(profile.genres) for genres, _ in fitting), mood
        assert any(tags & set(profile.tags) for _, tags in fitting), mood
