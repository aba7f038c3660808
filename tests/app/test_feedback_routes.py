from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.schemas import FeedbackListResponse, FeedbackResponse


def make_event(**changes):
    event = {"event_id": str(uuid4()), "user_id": "ann", "item_id": "m4", "action": "like"}
    return {**event, **changes}


def test_stored_once(client, store):
    event = make_event(client_time="2026-02-03T04:05:06+02:00", context={"page": "home"})
    first, second = client.post("/feedback", json=event), client.post("/feedback", json=event)
    assert (first.status_code, second.status_code) == (201, 200)
    stored = FeedbackResponse.model_validate_json(first.content)
    again = FeedbackResponse.model_validate_json(second.content)
    assert (stored.status, again.status) == ("stored", "already stored")
    assert stored.server_time == again.server_time
    assert len(store.timeline) == 1
    assert store.timeline[0].client_time == datetime(2026, 2, 3, 2, 5, 6, tzinfo=UTC)
    assert store.timeline[0].context == {"page": "home"}


def test_time_without_offset_is_utc(client, store):
    client.post("/feedback", json=make_event(client_time="2026-02-03T04:05:06"))
    assert store.timeline[0].client_time == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_listed_while_in_force(client):
    liked = make_event()
    saved = make_event(item_id="m0", action="save", user_id="ann")
    for event in (liked, saved, make_event(user_id="bob")):
        client.post("/feedback", json=event)
    parsed = FeedbackListResponse.model_validate_json(client.get("/feedback?user_id=ann").content)
    assert [(entry.item.item_id, entry.action) for entry in parsed.feedback] == [
        ("m0", "save"),
        ("m4", "like"),
    ]
    client.post("/feedback", json=make_event(action="undo", undoes=liked["event_id"]))
    body = client.get("/feedback?user_id=ann").json()
    assert [entry["item"]["item_id"] for entry in body["feedback"]] == ["m0"]


def test_listing_nobody_is_empty(client):
    assert client.get("/feedback?user_id=someone").json() == {"user_id": "someone", "feedback": []}


@pytest.mark.parametrize("query", ["", "?user_id=", "?user_id=a%00b", "?user_id=" + "x" * 65])
def test_listing_refuses(client, query):
    assert client.get(f"/feedback{query}").status_code == 422


def test_feedback_about_movies_of_another_bundle_is_left_out(client, store, service):
    client.post("/feedback", json=make_event())
    del service.catalog.index_of["m4"]
    assert client.get("/feedback?user_id=ann").json()["feedback"] == []
    assert client.get("/users/0/taste").status_code == 200


def test_conflict(client):
    event = make_event()
    client.post("/feedback", json=event)
    response = client.post("/feedback", json={**event, "action": "dislike"})
    assert response.status_code == 409
    assert response.json()["type"] == "/problems/feedback-conflict"


def test_unknown_movie_or_event(client):
    response = client.post("/feedback", json=make_event(item_id="nope"))
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-item")
    response = client.post("/feedback", json=make_event(action="undo", undoes=str(uuid4())))
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-feedback")


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "love"},
        {"action": "undo"},
        {"undoes": str(uuid4())},
        {"event_id": "1"},
        {"event_id": 1},
        {"user_id": "a\u0007"},
        {"user_id": True},
        {"item_id": ""},
        {"client_time": 1_700_000_000},
        {"client_time": True},
        {"client_time": "0001-01-01T00:00:00+14:00"},
        {"client_time": "yesterday"},
        {"context": {"a": 1}},
        {"context": {"a": "x" * 201}},
        {"context": {"k" * 41: "x"}},
        {"context": {str(n): "x" for n in range(11)}},
        {"context": {"a\u0000": "x"}},
        {"server_time": "2026-01-01T00:00:00Z"},
    ],
)
def test_refuses(client, store, changes):
    response = client.post("/feedback", json=make_event(**changes))
    assert response.status_code == 422, response.text
    assert store.timeline == []


def test_store_out_of_order(client, store):
    store.down = True
    for response in (client.post("/feedback", json=make_event()), client.get("/feedback?user_id=ann")):
        assert response.status_code == 503
        assert response.headers["retry-after"] == "5"
        assert response.json()["type"] == "/problems/feedback-unavailable"
        assert "/home" not in response.text
    assert client.get("/health").json()["feedback"] == "unavailable"
    store.down = False
    assert client.post("/feedback", json=make_event()).status_code == 201
    assert client.get("/health").json()["feedback"] == "ok"
