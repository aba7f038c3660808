"""Somebody the recommender has never seen: asked first, recommended to at once."""

from __future__ import annotations

from drawn_cards import press, press_card, read_page, shown_ids
from fake_api import FakeApi


def test_new_viewer_is_asked_and_gets_a_list(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    press(app, "new-viewer")
    guest = app.query_params["viewer"]
    assert guest.startswith("guest-")
    assert app.title[0].value == "What do you like?"
    app.button_group(key="onboarding_genres").set_value(["Crime", "War"]).run()
    starter = shown_ids(app, "onboarding")[0]
    first = shown_ids(app, "first")
    assert first, "picks appear with the first answer"
    press_card(app, "onboarding", "like", starter)
    assert shown_ids(app, "first") != first
    assert "1 film chosen" in read_page(app)
    press(app, "finish-onboarding")
    assert app.title[0].value == "For you"
    assert len(shown_ids(app)) == 12
    assert fake_api.queries(f"/users/{guest}/sections")[-1]["genres"] == ["Crime", "War"]
    assert [event["user_id"] for event in fake_api.events] == [guest]


def test_a_guest_link_brings_the_guest_back(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="guest-abc", likes=["Crime", "War", "Gone"])
    assert app.title[0].value == "For you"
    assert "your genres: Crime, War and Gone" in read_page(app)
    assert fake_api.queries("/users/guest-abc/sections")[-1]["genres"] == ["Crime", "War"]


def test_onboarding_can_be_skipped(open_app) -> None:
    app = open_app(viewer="guest-abc")
    press(app, "skip-onboarding")
    assert len(shown_ids(app)) == 12
