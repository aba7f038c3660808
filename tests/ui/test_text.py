from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.models import Movie
from ui.text import (
    count_things,
    describe_movie,
    escape_markdown,
    format_boost,
    format_match,
    format_move,
    join_words,
    name_movie,
    name_stage,
    strip_year,
)


def make_movie(title: str, year: int | None = 1995, genres: tuple[str, ...] = ()) -> Movie:
    return Movie("1", title, year, genres, None, "/p.svg")


@given(st.text())
def test_markup_is_always_escaped_and_nothing_else_is_lost(text: str) -> None:
    escaped = escape_markdown(text)
    plain = escaped.replace("\u2060", "")
    position, read = 0, []
    while position < len(plain):
        character = plain[position]
        assert character not in "!#$&*+-.:<>@[]^_`{|}~\n\r"
        if character == "\\":
            position += 1
            character = plain[position]
        read.append(character)
        position += 1
    assert "".join(read) == " ".join(text.replace("\u2060", "").split())


@pytest.mark.parametrize(
    "text", [":cat:", ":material/home:", "www.evil.example", "http://evil.example", "a@b.c"]
)
def test_shortcodes_and_addresses_are_broken_up(text: str) -> None:
    assert "\u2060" in escape_markdown(text)


def test_years_are_not_said_twice() -> None:
    assert name_movie(make_movie("Heat (1995)")) == "Heat (1995)"
    assert name_movie(make_movie("Heat")) == "Heat (1995)"
    assert name_movie(make_movie("Heat", None)) == "Heat"
    assert strip_year(make_movie("Heat (1995)")) == "Heat"
    assert strip_year(make_movie("(1995)")) == "(1995)"
    assert strip_year(make_movie("Blade Runner (2049)")) == "Blade Runner (2049)"


def test_facts_line() -> None:
    assert describe_movie(make_movie("Heat", 1995, ("Action", "Crime", "Drama"))) == "1995 · Action, Crime"
    assert describe_movie(make_movie("Heat", None)) == ""


@pytest.mark.parametrize(
    ("match", "shown"), [(0.0, "0%"), (0.004, "<1%"), (0.874, "87%"), (0.999, "99%"), (1.0, "100%")]
)
def test_match_never_rounds_up_to_certainty(match: float, shown: str) -> None:
    assert format_match(match) == shown


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("unseen and allowed", "Unseen and allowed"),
        ("proposed by item_item", "Proposed by item-item"),
        ("proposed by als", "Proposed by ALS"),
        ("proposed by brand_new", "Proposed by brand new"),
        ("item_days_since_last", "Item days since last"),
    ],
)
def test_stages_are_said_in_words(stage: str, shown: str) -> None:
    assert name_stage(stage) == shown


def test_small_words() -> None:
    assert (format_boost(0.061), format_boost(-0.01), format_boost(0.004)) == (
        "+6 points",
        "-1 point",
        "+0.4 points",
    )
    assert (format_move(3), format_move(-2), format_move(0)) == ("▲3", "▼2", "")
    assert (join_words([]), join_words(["a"]), join_words(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (count_things(1, "film"), count_things(1200, "film")) == ("1 film", "1,200 films")
