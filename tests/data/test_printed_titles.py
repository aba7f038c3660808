from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data.printed_titles import ARTICLES, move_article, parse_title


@pytest.mark.parametrize(
    ("text", "title", "year", "alternates"),
    [
        ("Toy Story (1995)", "Toy Story", 1995, ()),
        ("Matrix, The (1999)", "The Matrix", 1999, ()),
        ("American in Paris, An (1951)", "An American in Paris", 1951, ()),
        ("Misérables, Les (1995)", "Les Misérables", 1995, ()),
        ("Avventura, L' (1960)", "L'Avventura", 1960, ()),
        ("Boot, Das (1981)", "Das Boot", 1981, ()),
        ("Untergang, Der (2004)", "Der Untergang", 2004, ()),
        ("Postino, Il (1994)", "Il Postino", 1994, ()),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, ("Se7en",)),
        ("Thing, The (a.k.a. It, The) (1982)", "The Thing", 1982, ("The It",)),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children",
            1995,
            ("La Cité des enfants perdus",),
        ),
        (
            "Léon: The Professional (a.k.a. The Professional) (Léon) (1994)",
            "Léon: The Professional",
            1994,
            ("The Professional", "Léon"),
        ),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009, ()),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968, ()),
        ("Babylon 5", "Babylon 5", 0, ()),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975, ()),
        ("Black Mirror (2011- )", "Black Mirror", 2011, ()),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995, ()),
        (
            "Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
            "Birdman: Or (The Unexpected Virtue of Ignorance)",
            2014,
            (),
        ),
        ("1984 (1956) ", "1984", 1956, ()),
        ("(1995)", "(1995)", 1995, ()),
        ("", "", 0, ()),
    ],
)
def test_parse_title(text: str, title: str, year: int, alternates: tuple[str, ...]) -> None:
    assert parse_title(text) == (title, year, alternates)


@given(st.from_regex(r"[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?", fullmatch=True), st.sampled_from(ARTICLES))
def test_article_moves_to_the_front_once(name: str, article: str) -> None:
    moved = move_article(f"{name}, {article}")
    assert moved.endswith(name)
    assert moved.startswith(article)
    assert "," not in moved


@given(st.text(max_size=60))
def test_any_text_gives_a_title(text: str) -> None:
    parsed = parse_title(text)
    assert bool(parsed.title) == bool(text.split())
    assert parsed.year == 0 or 1800 <= parsed.year < 2100
