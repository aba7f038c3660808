from __future__ import annotations

from drawn_cards import read_cards
from fake_api import FakeApi
from streamlit.testing.v1 import AppTest
from test_views import texts


def bodies(fake_api: FakeApi) -> list[dict]:
    return [body for _, path, body in fake_api.requests if path == "/recommend/group"]


def add(app: AppTest, viewer: str, person: str = "100") -> AppTest:
    box = app.multiselect(key=f"members-{person}")
    return box.set_value([*box.value, viewer]).run()


def test_one_person_is_asked_for_company(open_app, fake_api: FakeApi) -> None:
    app = open_app("together", viewer="100")
    assert not app.exception
    assert "Choose at least two viewers" in texts(app)
    assert bodies(fake_api) == []


def test_every_card_shows_everybodys_match(open_app, fake_api: FakeApi) -> None:
    app = add(open_app("together", viewer="100"), "103")
    (asked,) = bodies(fake_api)
    assert [member["viewer"] for member in asked["members"]] == ["100", "103"]
    assert (asked["k"], asked["care"]) == (24, 0.5)
    cards = read_cards(app, "together")
    assert len(cards) == 24
    for card in cards:
        matches = [(line["text"], line["strong"]) for line in card["lines"][:2]]
        assert matches == [("You", "90%"), ("Viewer 103", "70%")]
    told = texts(app)
    assert "Best for Viewer 103, who liked The Last Harbour" in told
    assert "Best for you, who liked The Last Harbour" in told
    assert [(metric.label, metric.value) for metric in app.metric] == [("You", "90%"), ("Viewer 103", "70%")]
    assert app.query_params["with"] == "103" or app.query_params["with"] == ["103"]


def test_a_link_brings_the_group_along(open_app, fake_api: FakeApi) -> None:
    open_app("together", viewer="100", **{"with": ["101", "102"]})
    assert [member["viewer"] for member in bodies(fake_api)[-1]["members"]] == ["100", "101", "102"]


def test_fairness_changes_what_is_asked(open_app, fake_api: FakeApi) -> None:
    app = add(open_app("together", viewer="100"), "103")
    app.segmented_control(key="fairness").set_value("Nobody left out").run()
    assert [body["care"] for body in bodies(fake_api)] == [0.5, 1.0]
    app.run()
    assert len(bodies(fake_api)) == 2


def test_an_unknown_viewer_is_named(open_app) -> None:
    app = add(open_app("together", viewer="100"), "nobody")
    assert "There is no viewer nobody" in texts(app)
    assert not app.exception


def test_a_guest_brings_their_genres(open_app, fake_api: FakeApi) -> None:
    add(open_app("together", viewer="guest-1", likes=["Crime", "Nonsense"]), "103", "guest-1")
    assert bodies(fake_api)[-1]["members"][0] == {"viewer": "guest-1", "genres": ["Crime"]}


def test_an_api_that_goes_away_is_told_plainly(open_app, fake_api: FakeApi) -> None:
    app = open_app("together", viewer="100")
    fake_api.down = True
    add(app, "103")
    assert not app.exception
    assert "Down for this test" in texts(app)
