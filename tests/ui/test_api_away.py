"""What people see, and what is kept for them, while the API does not answer."""

from __future__ import annotations

import pytest
from drawn_cards import find_card, press_card, press_label, read_page, shown_ids
from fake_api import FakeApi

from ui import connection
from ui.components import notices


def wait_until_sent(fake_api: FakeApi) -> None:
    """Return once something is stored, and the courier has taken in that it is."""
    assert fake_api.stored.wait(30.0)
    assert connection._open_courier(fake_api.url).hurry(30.0)


def test_api_down_on_the_first_visit_is_plain_and_recovers(open_app, fake_api: FakeApi) -> None:
    fake_api.down = True
    app = open_app(viewer="100")
    assert not app.exception
    assert "Down for this test" in read_page(app)
    fake_api.down = False
    press_label(app, "Try again")
    assert len(shown_ids(app)) == 12


def test_api_down_later_keeps_the_last_list_and_says_so(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    before = shown_ids(app)
    fake_api.down = True
    app.multiselect(key="genres").set_value(["Crime"]).run()
    assert not app.exception
    assert shown_ids(app) == before
    assert "last list that arrived" in read_page(app)


def test_a_like_waits_while_the_store_is_away_and_is_sent_once(
    open_app, fake_api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(viewer="100")
    monkeypatch.setattr(notices, "GRACE_SECONDS", -1.0)
    fake_api.feedback_down = True
    liked = shown_ids(app)[9]
    press_card(app, "home", "like", liked)
    assert "1 change waiting to be sent" in read_page(app)
    assert "you liked it" in read_page(app)
    tried = {body["event_id"] for _, path, body in fake_api.requests if path == "/feedback" and body}
    fake_api.feedback_down = False
    wait_until_sent(fake_api)
    app.run()
    assert "waiting" not in read_page(app)
    assert {event["event_id"] for event in fake_api.events} == tried
    assert len(fake_api.events) == 1


def test_what_waits_survives_a_closed_tab(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    liked = shown_ids(app)[9]
    fake_api.feedback_down = True
    press_card(app, "home", "like", liked)
    again = open_app(viewer="100")
    assert find_card(again, liked)["marks"] == ["like"]
    fake_api.feedback_down = False
    wait_until_sent(fake_api)
    assert [(event["action"], event["item_id"]) for event in fake_api.events] == [("like", liked)]


def test_a_new_session_shows_the_last_page_while_the_api_is_away(open_app, fake_api: FakeApi) -> None:
    before = shown_ids(open_app(viewer="100"))
    fake_api.down = True
    again = open_app(viewer="100")
    assert shown_ids(again) == before
    assert "last list that arrived" in read_page(again)
    again.run()
    assert "last list that arrived" in read_page(again)
    assert not again.exception
    fake_api.down = False
    again.run()
    assert shown_ids(again) == before
    assert "last list that arrived" not in read_page(again)


def test_nobody_is_shown_the_page_of_somebody_else(open_app, fake_api: FakeApi) -> None:
    open_app(viewer="100")
    fake_api.down = True
    assert not shown_ids(open_app(viewer="101"))


def test_a_refused_like_is_taken_off_and_said(open_app, fake_api: FakeApi) -> None:
    app = open_app(viewer="100")
    fake_api.refuse_feedback = True
    liked = shown_ids(app)[9]
    press_card(app, "home", "like", liked)
    assert "Not stored: Refused for this test" in read_page(app)
    assert find_card(app, liked)["marks"] == []


def test_earlier_likes_that_cannot_be_loaded_are_said(open_app, fake_api: FakeApi) -> None:
    fake_api.feedback_down = True
    app = open_app(viewer="100")
    assert "earlier likes cannot be loaded" in read_page(app)
    assert len(shown_ids(app)) == 12
