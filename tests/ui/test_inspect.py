from __future__ import annotations

import json

from fake_api import FakeApi
from test_views import texts


def find_frame(app, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_shows_the_real_counts(open_app) -> None:
    app = open_app("inspect", viewer="100")
    assert not app.exception
    assert "1.6 ms in all stages" in texts(app)
    assert list(find_frame(app, "Source")["Source"]) == ["Similar titles", "Similar viewers"]
    features = find_frame(app, "Feature")
    assert next(iter(features["Feature"])) == "Genre match"
    assert "user_item_genre_aff" in set(features["Name in the model"])
    assert list(find_frame(app, "Adds").columns) == ["Title", "Adds"]
    assert json.loads(app.code[0].value)["funnel"]["shown"] == 10


def test_asks_the_chosen_generation(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="100")
    assert fake_api.queries("/recommend/user/0/debug")[-1]["generation"] == ["v2"]
    app.selectbox(key="generation").set_value("v1-als").run()
    assert fake_api.queries("/recommend/user/0/debug")[-1]["generation"] == ["v1-als"]


def test_a_source_that_a_fault_kept_out_is_named(open_app, fake_api: FakeApi) -> None:
    fake_api.failed_sources = ["als", "ranker"]
    app = open_app("inspect", viewer="100")
    assert [warning.value for warning in app.warning] == [
        "Left out of this list because of a fault: Similar viewers and Ranker."
    ]


def test_choosing_a_film_asks_for_nothing_new(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="100")
    second = app.subheader[0].value
    asked = len(fake_api.paths("/recommend"))
    app.selectbox(key="inspect_row").set_value(1).run()
    assert app.subheader[0].value != second
    assert len(fake_api.paths("/recommend")) == asked


def test_a_guest_is_inspected_from_their_marks(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="guest-1", likes="Crime")
    assert not app.exception
    body = next(body for _, path, body in fake_api.requests if path == "/recommend/debug")
    assert (body["viewer"], body["genres"]) == ("guest-1", ["Crime"])
    assert "From catalogue to screen" in texts(app)


def test_generations_side_by_side_mark_what_changed(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="100", look="generations")
    assert not app.exception
    asked = [body["generation"] for _, path, body in fake_api.requests if path == "/recommend"]
    assert asked == ["v1-popularity", "v1.5", "v2"]
    assert "The starting point." in texts(app)
    assert "badge[new]" in texts(app)
    assert "in both lists" in texts(app)


def test_a_supposed_like_changes_the_list_and_stores_nothing(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="100", look="what-if")
    assert "The same list." in texts(app)
    app.text_input(key="what_if_query").set_value("carnival").run()
    app.button(key="suppose-51").click().run()
    last = [body for _, path, body in fake_api.requests if path == "/recommend"][-1]
    assert last["likes"] == ["51"]
    assert last["viewer"] == "100"
    assert "liking The Last Carnival" in texts(app)
    assert fake_api.events == []
    app.button(key="unlike-51").click().run()
    assert "The same list." in texts(app)


def test_what_if_sends_every_wish(open_app, fake_api: FakeApi) -> None:
    app = open_app("inspect", viewer="100", look="what-if")
    app.slider(key="what_if_variety").set_value(0.5)
    app.selectbox(key="what_if_aim").set_value("later")
    app.multiselect(key="what_if_genres").set_value(["Crime"])
    app.slider(key="what_if_years").set_value((1980, 2000)).run()
    last = [body for _, path, body in fake_api.requests if path == "/recommend"][-1]
    assert (last["diversity"], last["only_genres"], last["aim"]) == (0.5, ["Crime"], "later")
    assert (last["year_from"], last["year_to"]) == (1980, 2000)
