from __future__ import annotations

from fake_api import FakeApi
from fake_films import FILMS
from test_views import texts


def test_a_film_tells_its_place_its_match_and_its_reasons(open_app) -> None:
    app = open_app("title", viewer="100", movie="2")
    assert not app.exception
    told = texts(app)
    assert app.title[0].value == "Harbour at Noon"
    for words in ("**Number 2** of 55 films proposed to you", "Because you liked", "Similar titles (rank 1)"):
        assert words in told


def test_all_titles_behind_it_are_named_with_their_share(open_app) -> None:
    app = open_app("title", viewer="100", movie="1")
    told = texts(app)
    assert "8 titles you liked or saved speak for it" in told
    for share in ("40%", "20%", "6%", "4%", "2%"):
        assert share in told
    for place in range(1, 9):
        assert FILMS[7 * place % 60]["title"] in told


def test_a_film_outside_the_candidates_says_so(open_app) -> None:
    assert "Not among the films proposed to you" in texts(open_app("title", viewer="100", movie="41"))


def test_a_liked_film_tells_the_viewers_own_opinion(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.button(key="like-title-2").click().run()
    assert "You gave it 5 of 5 on 1 November 2026" in texts(app)
    assert len(fake_api.queries("/movies/2/standing")) == 2
    app.button(key="like-title-2").click().run()
    assert "**Number 2** of 55" in texts(app)


def test_pressing_a_button_that_changes_nothing_asks_for_nothing_new(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.run()
    assert len(fake_api.queries("/movies/2/standing")) == 1
    assert len(fake_api.queries("/movies/2/appeal")) == 1


def test_taste_groups_and_viewers_are_shown_with_links(open_app) -> None:
    app = open_app("title", viewer="100", movie="2")
    assert "Of 100 viewers who rated it, 40% liked it" in texts(app)
    links = [link.proto for link in app.get("page_link")]
    fan = next(link for link in links if link.label.startswith("Viewer 103"))
    assert "77%" in fan.label
    assert "viewer=103" in fan.query_string
    assert "movie=2" in fan.query_string


def test_a_guest_is_asked_about_by_their_own_id(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="guest-1", likes=["Crime", "Nonsense"], movie="2")
    assert not app.exception
    (asked,) = fake_api.queries("/movies/2/standing")
    assert (asked["viewer"], asked["genres"]) == (["guest-1"], ["Crime"])
    assert "None of your titles speaks for it" in texts(app)
