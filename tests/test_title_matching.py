from __future__ import annotations

from dataclasses import replace

import pytest
from toy_data import make_catalog

from movierec.titles import TitleIndex, fold_title


@pytest.fixture
def index() -> TitleIndex:
    catalog = replace(
        make_catalog(7),
        title=("Amélie", "The Thing", "The Thing", "Carnage & Co.", "Schindler's List", "Heat", "Heat"),
        imdb_id=("tt0211915", None, None, None, None, "0113277", None),
        tmdb_id=(194, None, None, None, None, 949, None),
    )
    catalog.year[:] = [2001, 1982, 2011, 0, 1993, 1995, 1996]
    return TitleIndex(catalog)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amélie", "AMELIE"),
        ("Matrix, The", "The Matrix"),
        ("Schindler's List", "Schindler’s List"),
        ("Dr. Strangelove or: How", "Dr Strangelove, or How"),
        ("Carnage & Co.", "Carnage and Co"),
    ],
)
def test_spellings_of_one_title_are_equal(one, other):
    assert fold_title(one) == fold_title(other) != ""


def test_titles_that_differ_in_a_word_stay_apart():
    assert fold_title("Alien") != fold_title("Aliens")
    assert fold_title("生きる") != fold_title("乱")


@pytest.mark.parametrize(
    ("title", "year", "found"),
    [
        ("amelie", 2001, (0,)),
        ("amelie", 2002, (0,)),
        ("amelie", 2003, ()),
        ("amelie", 0, (0,)),
        ("Thing, The", 2011, (2,)),
        ("The Thing", 0, (1, 2)),
        ("Carnage and Co", 1999, (3,)),
        ("Heat", 1995, (5,)),
        ("Heat", 1996, (6,)),
        ("Heat", 1997, (6,)),
        ("No such film", 1995, ()),
    ],
)
def test_the_year_decides_and_may_be_off_by_one(index, title, year, found):
    assert index.find(title, year) == found


def test_ids_of_three_sites_lead_to_films(index):
    assert index.find_id("m4") == 4
    assert index.find_id(None, "0211915") == index.find_id("nope", "tt0211915") == 0
    assert index.find_id(None, "tt113277") == 5
    assert index.find_id(None, None, "949") == 5
    assert index.find_id("9", "tt9", "9") is None


def test_a_film_agrees_by_title_or_by_year(index):
    assert index.agrees(0, "Le fabuleux destin", 2001)
    assert index.agrees(0, "Amelie", 0)
    assert not index.agrees(0, "Toy Story", 1995)
    assert not index.agrees(3, "Toy Story", 0)
