from __future__ import annotations

import pytest

from movierec.ranking.features import FEATURE_NAMES
from movierec.recall.sources import SOURCE_NAMES as SOURCES
from movierec.schema import Generation
from ui.features import explain_feature, name_feature
from ui.text import SOURCE_NAMES, name_generation, name_system


def test_no_two_features_share_a_name() -> None:
    names = [name_feature(name) for name in FEATURE_NAMES]
    assert len(set(names)) == len(names)
    assert all(explain_feature(name) for name in FEATURE_NAMES)


@pytest.mark.parametrize(
    ("name", "words", "what"),
    [
        ("als_seen_rank", "ALS, all events rank", "Similar viewing: the place"),
        ("item_item_flat_score", "Item-item (flat) score", "Similar titles: the score"),
        ("year_gap_last_2", "Year gap, last two films", "last two films."),
        ("expected_rating", "Expected stars", "Stars"),
        ("brand_new_thing", "Brand new thing", "One of the model's inputs"),
    ],
)
def test_words(name: str, words: str, what: str) -> None:
    assert name_feature(name) == words
    assert what in explain_feature(name)


def test_every_source_and_generation_has_words() -> None:
    assert set(SOURCES) <= set(SOURCE_NAMES)
    assert name_generation("v1-co_seen") == "V1: co-seen alone (seen together)"
    assert len({name_generation(generation.value) for generation in Generation}) == len(Generation)
    assert name_system("v1-als") == "V1 ALS"
    assert name_system("v2-later") == "V2 aimed at later"
    assert name_system("EASE") == "EASE"
