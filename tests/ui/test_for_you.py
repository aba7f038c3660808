"""The home page: whose list it is, its rows, filters and more of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drawn_cards import list_heads, press, press_card, read_cards, read_page, shown_ids
from fake_api import FakeApi
from fake_films import FILMS, HOSTILE


def walk(block: Any) -> Iterator[Any]:
    """Yield every element below a block, containers left out."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from walk(child)
        else:
            yield child


def test_first_visit_shows_the_first_viewer_and_puts_them_into_the_address(open_app) -> None:
    app = open_app()
    assert not app.exception
    assert app.query_params["viewer"] == "100"
    assert app.title[0].value == "For you"
    assert len(shown_ids(app)) == 12
    assert "Simulated audience" in read_page(app)
    assert "60 films" in read_page(app)


def test_real_data_is_not_called_simulated(open_app, fake_api: FakeApi) -> None:
    fake_api.simulated = False
    assert "Simulated" not in read_page(open_app())


def test_deep_link_chooses_the_viewer(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="104")
    assert "/users/104/sections" in fake_api.paths()
    assert "From 48 ratings" in read_page(app)


def test_unknown_viewer_is_told_plainly(open_app) -> None:
    app = open_app(viewer="nobody*")
    assert "There is no viewer nobody\\*" in read_page(app)
    assert not app.exception
    assert not shown_ids(app)


def test_choosing_another_viewer(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="viewer_choice").set_value("103").run()
    assert app.query_params["viewer"] == "103"
    assert "/users/103/sections" in fake_api.paths()


def test_filters_ask_the_api(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.multiselect(key="genres").set_value(["Crime"]).run()
    app.slider(key="years").set_value((1980, 2010)).run()
    expected = {
        film["item_id"]
        for section in fake_api.answer(
            "GET",
            "/users/100/sections",
            {"k": ["18"], "only_genres": ["Crime"], "year_from": ["1980"], "year_to": ["2010"]},
            None,
        )[1]["sections"]
        for film in section["items"]
    }
    assert set(shown_ids(app)) == expected
    assert expected


def test_filters_that_fit_nothing_say_so(open_app) -> None:
    app = open_app(viewer="100")
    app.slider(key="years").set_value((1900, 1910)).run()
    assert "No film fits" in read_page(app)


def test_load_more_appends_below(open_app) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    press(app, "more")
    assert shown_ids(app)[:12] == before
    assert len(shown_ids(app)) == 24


def test_load_more_ends_where_the_catalogue_does(open_app) -> None:
    app = open_app(viewer="100")
    app.multiselect(key="genres").set_value(["Crime"]).run()
    for _ in range(3):
        if any(button.key == "more" for button in app.button):
            press(app, "more")
    everything = [*shown_ids(app), *(b for n in range(1, 5) for b in shown_ids(app, f"row{n}"))]
    crime = {film["item_id"] for film in FILMS if "Crime" in film["genres"]}
    assert sorted(everything) == sorted(crime)
    assert "That is all there is" in read_page(app)


def test_no_film_stands_on_the_page_twice(open_app) -> None:
    app = open_app(viewer="100")
    press(app, "more")
    surfaces = ["home", *(f"row{number}" for number in range(1, 7)), "saved"]
    ids = [item_id for surface in surfaces for item_id in shown_ids(app, surface)]
    assert len(ids) > 40
    assert len(ids) == len(set(ids))


def test_rows_are_named_and_open_up(open_app) -> None:
    app = open_app(viewer="100")
    assert list_heads(app) == [f"Because you liked {HOSTILE}", "Trending now", "Hidden gems"]
    assert len(shown_ids(app, "row1")) == 8
    press_card(app, "row1", "more")
    assert len(shown_ids(app, "row1")) == 10


def test_a_saved_film_gets_its_own_row_only_where_it_is_not_above(open_app) -> None:
    app = open_app(viewer="100")
    saved = shown_ids(app)[2]
    press_card(app, "home", "save", saved)
    app.run()
    assert saved in shown_ids(app)
    assert "1 more above" in read_page(app)
    assert not shown_ids(app, "saved")
    app.toggle(key="hide_saved").set_value(True).run()
    assert saved not in shown_ids(app)
    assert shown_ids(app, "saved") == [saved]
    assert len(shown_ids(app)) == 12


def test_the_mood_is_asked_of_the_api(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="aim").set_value("next").run()
    assert [query["aim"] for query in fake_api.queries("/users/100/sections")] == [["balanced"], ["next"]]


def test_another_generation_is_one_list(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    app.selectbox(key="engine").set_value("v1-als").run()
    assert fake_api.queries("/recommend/user/0")[-1]["generation"] == ["v1-als"]
    assert len(shown_ids(app)) == 12
    assert not list_heads(app)


def test_pressing_a_title_opens_its_page(open_app) -> None:
    app = open_app(viewer="100")
    item_id = shown_ids(app)[2]
    press_card(app, "home", "open", item_id)
    assert app.query_params["movie"] == item_id
    assert app.query_params["viewer"] == "100"


def test_a_page_is_few_elements_and_two_questions_however_many_films_it_shows(
    open_app, fake_api: FakeApi
) -> None:
    app = open_app(viewer="100")
    asked = [path for path in fake_api.paths() if path not in ("/health", "/genres", "/users")]
    assert sorted(asked) == ["/feedback", "/users/100/sections"]
    assert len(shown_ids(app)) + len(shown_ids(app, "row1")) + len(shown_ids(app, "row2")) > 25
    # Filters and strength stand in closed panels; every element of the page costs the browser milliseconds.
    assert sum(1 for _ in walk(app.main)) < 40
    before = len(fake_api.requests)
    press_card(app, "home", "like", shown_ids(app)[0])
    assert [(method, path) for method, path, _ in fake_api.requests[before:]] == [("POST", "/feedback")]


def test_hostile_title_stays_text(open_app) -> None:
    app = open_app(viewer="100")
    assert HOSTILE in [card["title"] for card in read_cards(app)]
    assert not any(HOSTILE in str(part.value) for part in app.markdown)


def test_recent_taste_is_asked_for_only_when_opened(open_app, fake_api: FakeApi) -> None:
    open_app(viewer="100")
    assert not fake_api.paths("/users/0/taste")
