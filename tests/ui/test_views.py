from __future__ import annotations

from drawn_cards import read_texts
from fake_api import FakeApi
from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.title, *app.subheader]
    return "\n".join([*(str(part.value) for part in parts), *read_texts(app)])


def test_title_page_shows_facts_and_neighbours(open_app) -> None:
    app = open_app("title", viewer="100", movie="2")
    assert app.title[0].value == "Harbour at Noon"
    for words in (
        "1963",
        "Norway",
        "Bo Marsh",
        "3.9 of 5",
        "watched by the same people",
    ):
        assert words in texts(app)
    assert app.query_params["movie"] == "2"


def test_title_page_links_out_to_https_only(open_app) -> None:
    app = open_app("title", viewer="100", movie="2")
    assert [link.proto.url for link in app.get("link_button")] == ["https://www.imdb.com/title/tt0000001/"]


def test_title_page_without_a_film_offers_a_search(open_app) -> None:
    app = open_app("title", viewer="100")
    assert "Search above" in texts(app)
    app.text_input(key="title_query").set_value("carnival").run()
    assert "10 films" in texts(app)


def test_title_page_says_when_there_is_no_such_film(open_app) -> None:
    app = open_app("title", viewer="100", movie="999")
    assert "There is no film 999" in texts(app)
    assert not app.exception


def test_like_on_the_title_page_is_known_on_the_others(open_app, fake_api: FakeApi) -> None:
    app = open_app("title", viewer="100", movie="2")
    app.button(key="like-title-2").click().run()
    assert [event["item_id"] for event in fake_api.events] == ["2"]
    app.switch_page("views/taste.py").run()
    app.segmented_control(key="part").set_value("Saved and thumbs").run()
    assert "**Liked** :gray[1]" in texts(app)


def test_every_page_survives_an_api_that_goes_away(open_app, fake_api: FakeApi) -> None:
    for view in ("for_you", "title", "taste", "together", "inspect", "evaluation", "simulation"):
        fake_api.down = False
        app = open_app(viewer="100")
        fake_api.down = True
        app.switch_page(f"views/{view}.py").run()
        assert not app.exception, view


def test_every_page_survives_another_version_of_the_api(open_app, fake_api: FakeApi) -> None:
    fake_api.garbled = True
    for view in ("for_you", "title", "taste", "together", "inspect", "evaluation", "simulation"):
        app = open_app(view, viewer="100")
        assert not app.exception
        assert "does not understand" in texts(app)
