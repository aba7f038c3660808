"""With a broker, feedback is published and acknowledged; nothing is stored by the API itself."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas import FeedbackResponse
from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.events.message import AcceptedFeedback
from movierec.events.publisher import FeedbackPublisher
from movierec.events.transport import Handle, Transport


class Wire(Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[AcceptedFeedback] = []
        self.broken = self.closed = False

    async def connect(self) -> None:
        pass

    async def send(self, body: bytes) -> None:
        if self.broken:
            raise OSError("connection reset")
        self.sent.append(AcceptedFeedback.model_validate_json(body))

    async def bury(self, body: bytes, reason: str) -> None:
        raise AssertionError

    def subscribe(self, handle: Handle) -> None:
        raise AssertionError

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(tmp_path, service, store, wire) -> Iterator[TestClient]:
    app = create_app(Settings(home=tmp_path), service, store, publisher=FeedbackPublisher(wire))
    with TestClient(app) as opened:
        yield opened
    assert wire.closed


def test_all_three_ways_in_publish_and_store_nothing(client, store, wire):
    event_id = str(uuid4())
    said = {"item_id": "m4", "action": "like"}
    answers = [
        client.post("/feedback", json={**said, "event_id": event_id, "user_id": "ann"}),
        client.post("/interact", json={**said, "user_id": "bob"}),
        client.post("/api/v1/interaction", json={**said, "username": "cyd"}),
        client.post(
            "/feedback",
            json={
                "event_id": str(uuid4()),
                "user_id": "ann",
                "item_id": "m4",
                "action": "undo",
                "undoes": event_id,
            },
        ),
    ]
    assert [answer.status_code for answer in answers] == [202] * 4
    bodies = [FeedbackResponse.model_validate_json(answer.content) for answer in answers]
    assert {body.status for body in bodies} == {"accepted"}
    assert [body.event_id for body in bodies] == [message.event_id for message in wire.sent]
    assert [body.server_time for body in bodies] == [message.accepted for message in wire.sent]
    assert [message.user_id for message in wire.sent] == ["ann", "bob", "cyd", "ann"]
    assert str(wire.sent[3].undoes) == event_id
    assert {message.dataset for message in wire.sent} == {"toy"}
    assert store.timeline == []


def test_what_is_published_and_stored_counts_like_any_other(client, store, wire):
    client.post("/interact", json={"item_id": "m4", "action": "like", "user_id": "ann"})
    store.append(wire.sent[0].event, wire.sent[0].accepted)
    assert client.get("/feedback?user_id=ann").json()["feedback"][0]["item"]["item_id"] == "m4"
    assert "m4" not in {item["item_id"] for item in client.get("/recommend/user/0").json()["items"]}


def test_erasing_a_viewer_takes_what_is_under_way_along(client, store, wire):
    said = {"item_id": "m4", "action": "like", "user_id": "ann"}
    client.post("/interact", json=said)
    assert client.delete("/viewers/ann/feedback?only=imports").status_code == 200
    assert store.erased_until is None
    assert client.delete("/viewers/ann/feedback").json()["erased"] == 0
    client.post("/interact", json=said)
    before, after = (message.accepted for message in wire.sent)
    assert before < store.erased_until < after


def test_without_a_confirm_nothing_is_acknowledged(client, wire):
    wire.broken = True
    answer = client.post("/interact", json={"item_id": "m4", "action": "like", "user_id": "ann"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/feedback-unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "connection reset" not in answer.text
    assert client.get("/recommend/user/0").status_code == 200
    wire.broken = False
    again = client.post("/interact", json={"item_id": "m4", "action": "like", "user_id": "ann"})
    assert again.status_code == 202


def test_unknown_films_are_refused_before_anything_is_sent(client, wire):
    said = {"item_id": "nowhere", "action": "like", "user_id": "ann"}
    assert client.post("/interact", json=said).status_code == 404
    assert wire.sent == []


def test_a_broker_that_is_not_supported_is_told_at_the_start(tmp_path, service, store):
    with pytest.raises(ConfigError, match="broker_url"):
        create_app(Settings(home=tmp_path, broker_url="ftp://host/"), service, store)
