from __future__ import annotations

from html.parser import HTMLParser

from fake_api import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from ui.api_client import ApiClient
from ui.components.poster import make_poster_html
from ui.models import Movie

ALLOWED = {
    "figure": {"class"},
    "img": {"src", "alt", "loading", "decoding", "width", "height"},
    "figcaption": {"aria-hidden"},
    "span": {"class"},
}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def read(html: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.tags


def make_movie(title: str = "Heat", poster: str = "/posters/1.svg", item_id: str = "1") -> Movie:
    return Movie(item_id, title, None, (), None, poster)


@given(st.text(), st.text(), st.integers(-50, 50))
def test_no_title_or_address_gets_out_of_its_attribute(title: str, src: str, moved: int) -> None:
    tags = read(make_poster_html(make_movie(title), src, 1, moved))
    assert [tag for tag, _ in tags][:2] == ["figure", "img"]
    assert {tag for tag, _ in tags} <= set(ALLOWED)
    assert all(set(attributes) <= ALLOWED[tag] for tag, attributes in tags)


def test_hostile_title_is_shown_letter_by_letter() -> None:
    (_, image) = read(make_poster_html(make_movie(HOSTILE), "http://127.0.0.1:1/posters/1.svg"))[1]
    assert image["alt"] == f"Poster of {HOSTILE}"
    assert image["src"] == "http://127.0.0.1:1/posters/1.svg"
    assert image["loading"] == "lazy"


def test_place_and_move_are_badges() -> None:
    html = make_poster_html(make_movie(), "/x.svg", 4, 3)
    assert '<span class="mr-place">4</span>' in html
    assert '<span class="mr-move mr-up">▲3</span>' in html
    assert "mr-move" not in make_poster_html(make_movie(), "/x.svg", 4, 0)


def test_posters_come_from_the_api_only() -> None:
    client = ApiClient("http://127.0.0.1:8000", public_url="http://127.0.0.1:9000/")
    assert client.poster_url(make_movie()) == "http://127.0.0.1:9000/posters/1.svg"
    for outside in ("https://evil.example/x.png", "//evil.example/x.png", "javascript:alert(1)", ""):
        movie = make_movie(poster=outside, item_id="a/b c")
        assert client.poster_url(movie) == "http://127.0.0.1:9000/posters/a%2Fb%20c.svg"
