import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.posters.artwork import draw_poster
from movierec.posters.motifs import BACKDROPS, GROUNDED, MOTIFS
from movierec.posters.motifs.dice import Dice
from movierec.posters.palettes import MOODS, Palette, choose_mood

SVG = "{http://www.w3.org/2000/svg}"


def read_texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [
        " ".join("".join(part.itertext()) for part in ([*text] or [text])) for text in root.iter(f"{SVG}text")
    ]


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_facts_are_on_the_poster() -> None:
    svg = draw_poster("The Third Man", 1949, ["Film-Noir", "Mystery"], "Carol Reed", "7")
    assert read_texts(svg) == ["The Third Man", "1949  ·  Carol Reed"]
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 300 450"
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "The Third Man (1949)"


@pytest.mark.parametrize("year", [None, 0])
def test_what_is_unknown_is_left_out(year: int | None) -> None:
    assert read_texts(draw_poster("Unknown", year, [], None, "1")) == ["Unknown", ""]
    assert read_texts(draw_poster(" \x00\n", year, ["No such genre"], "", "1"))[0] == "Untitled"


def test_the_same_film_has_the_same_poster_in_every_process() -> None:
    code = (
        "from movierec.posters.artwork import draw_poster;"
        "print(draw_poster('Up', 2009, ['Animation'], 'Pete Docter', '8'))"
    )
    posters = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(posters) == 1


def test_films_of_one_genre_differ() -> None:
    posters = {draw_poster("Same", 1999, ["Horror"], None, str(seed)) for seed in range(60)}
    assert len(posters) > 40


def test_the_most_telling_genre_decides_in_any_order() -> None:
    assert choose_mood(["Drama", "Romance", "War"]) is choose_mood(["War", "Drama"]) is MOODS["War"]


@settings(max_examples=150, deadline=None)
@given(
    title=st.one_of(st.text(max_size=200), st.text("abcXYZ <&>\"'", min_size=1, max_size=110)),
    year=st.one_of(st.none(), st.integers(1890, 2030)),
    genres=st.lists(st.sampled_from([*MOODS, "Cooking"]), max_size=4),
    director=st.one_of(st.none(), st.text(max_size=90)),
    seed=st.text(max_size=12),
)
def test_any_facts_make_a_small_closed_document(
    title: str, year: int | None, genres: list[str], director: str | None, seed: str
) -> None:
    svg = draw_poster(title, year, genres, director, seed)
    assert svg == draw_poster(title, year, genres, director, seed)
    assert len(svg.encode("utf-8")) < 8000
    root = ElementTree.fromstring(svg)
    allowed = {
        "svg",
        "title",
        "g",
        "path",
        "circle",
        "rect",
        "text",
        "tspan",
        "clipPath",
        "linearGradient",
        "stop",
    }
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "href" not in name
            assert re.sub(r"url\(#\w+\)", "", value).count("url") == 0
    for text in root.iter(f"{SVG}text"):
        for line in text.iter(f"{SVG}tspan"):
            assert 0 < float(line.get("y", "-1")) < 415


def test_markup_in_a_title_stays_text() -> None:
    svg = draw_poster("</title><script>alert(1)</script>", 2020, ["Horror"], '"><a href="//x">', "1")
    assert "<script" not in svg
    assert "<a " not in svg


def test_a_title_read_from_right_to_left_is_set_so() -> None:
    svg = draw_poster("جدایی نادر از سیمین", 2011, ["Thriller"], None, "1")
    title = next(ElementTree.fromstring(svg).iter(f"{SVG}text"))
    assert title.get("direction") == "rtl"
    assert {line.get("x") for line in title} == {"276"}


@pytest.mark.parametrize("name", sorted(MOTIFS))
def test_every_motif_is_drawn_and_used(name: str) -> None:
    palette = Palette("#000001", "#000002", "#000003", "#000004", "#000005")
    drawings = {MOTIFS[name](Dice(str(seed)), palette) for seed in range(8)}
    assert len(drawings) > 1
    for drawing in drawings:
        ElementTree.fromstring(f"<g>{drawing}</g>")
        assert len(drawing) < 6000
        assert len(set(re.findall("#00000[1-5]", drawing))) >= (1 if name == "halftone" else 2)
    assert any(name in mood.motifs for mood in MOODS.values())


@pytest.mark.parametrize("genre", MOODS)
def test_every_mood_can_be_drawn_and_read(genre: str) -> None:
    mood = MOODS[genre]
    for motif in mood.motifs:
        assert motif in MOTIFS
        assert motif in BACKDROPS
    for colours in mood.palettes:
        assert contrast(colours.paper, colours.night) >= 7
        if GROUNDED & set(mood.motifs):
            assert contrast(colours.paper, colours.deep) >= 3
