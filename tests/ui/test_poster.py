from __future__ import annotations

from html.parser import HTMLParser

from fake_films import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from ui.api_client import ApiClient
from ui.components.poster import make_poster_html
from ui.models import Movie

ALLOWED = {
    "figure": {"class"},
    "img": {"src", "alt", "loading", "decoding", "width", "height"},
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


@given(st.text(), st.text())
def test_no_title_or_address_gets_out_of_its_attribute(title: str, src: str) -> None:
    tags = read(make_poster_html(make_movie(title), src))
    assert [tag for tag, _ in tags] == ["figure", "img"]
    assert all(set(attributes) <= ALLOWED[tag] for tag, attributes in tags)


def test_hostile_title_is_shown_letter_by_letter() -> None:
    (_, image) = read(make_poster_html(make_movie(HOSTILE), "http://127.0.0.1:1/posters/1.svg"))[1]
    assert image["alt"] == f"Poster of {HOSTILE}"
    assert image["src"] == "http://127.0.0.1:1/posters/1.svg"
    assert image["loading"] == "lazy"


def test_posters_come_from_the_api_only() -> None:
    client = ApiClient("http://127.0.0.1:8000", public_url="http://127.0.0.1:9000/")
    assert client.poster_url(make_movie()) == "http://127.0.0.1:9000/posters/1.svg"
    for outside in ("https://evil.example/x.png", "//evil.example/x.png", "javascript:alert(1)", ""):
        movie = make_movie(poster=outside, item_id="a/b c")
        assert client.poster_url(movie) == "http://127.0.0.1:9000/posters/a%2Fb%20c.svg"
