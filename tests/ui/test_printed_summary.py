from __future__ import annotations

import re
from base64 import b64decode
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_films import HOSTILE

from ui.models import Pick, Reason
from ui.summary import MAX_PICKS, SummaryFacts, make_summary

CHROMIUM = Path("/usr/bin/chromium")
FACTS = SummaryFacts("viewer 42", ("Drama", "War"), "Data: sample, 60 films", "toy", date(2026, 11, 21))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 450"><rect width="300" height="450"/></svg>'


def make_pick(place: int, title: str = "Alien", reason: str = "Because you liked Solaris") -> Pick:
    reasons = (Reason("because_you_liked", reason, ()), Reason("matches_genres", f"Fits {reason}", ()))
    genres = ("Horror", "Sci-Fi", "Thriller")
    return Pick(str(place), title, 1979, genres, "Ridley Scott", "", place, 1.0, 0.62, reasons, ())


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_says_who_what_and_why() -> None:
    page = Reader(make_summary(FACTS, [make_pick(1)], {"1": SVG}))
    text = " ".join(page.texts)
    for words in (
        "Films for viewer 42",
        "Drama and War",
        "1. Alien",
        "1979 · Horror, Sci-Fi, Thriller · Ridley Scott",
        "62% match",
        "Because you liked Solaris",
        "21 November 2026",
        "bundle toy",
    ):
        assert words in text
    (image,) = (attributes for tag, attributes in page.tags if tag == "img")
    assert b64decode(str(image["src"]).partition("base64,")[2]) == SVG
    assert image["alt"] == "Poster of Alien"


def test_hostile_titles_stay_text() -> None:
    page = make_summary(FACTS, [make_pick(1, HOSTILE, "<script>alert(1)</script>")], {})
    reader = Reader(page)
    assert [tag for tag, _ in reader.tags].count("script") == 1
    assert not [tag for tag, _ in reader.tags if tag == "img"]
    assert any(HOSTILE in text for text in ["".join(reader.texts)])


def test_nothing_comes_from_outside() -> None:
    page = make_summary(FACTS, [make_pick(1)], {"1": SVG})
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "default-src 'none'" in page
    assert "url(" not in page


def test_holds_what_fits_on_a_sheet() -> None:
    page = Reader(make_summary(FACTS, [make_pick(place) for place in range(1, 30)], {}))
    assert sum(tag == "h2" for tag, _ in page.tags) == MAX_PICKS
    assert "The list is empty." in "".join(Reader(make_summary(FACTS, [], {})).texts)


@pytest.mark.browser
@pytest.mark.parametrize("title", ["Alien", HOSTILE * 3, "A very long title indeed " * 8])
def test_prints_on_one_sheet_and_the_button_prints(page, title: str) -> None:
    picks = [make_pick(place, title, f"Because you liked {title}") for place in range(1, MAX_PICKS + 1)]
    page.set_content(make_summary(FACTS, picks, {str(place): SVG for place in range(1, 9)}))
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert page.evaluate("window.hacked") is None
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print or save as PDF").click()
    assert page.evaluate("window.printed") is True
