from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from movierec.errors import ConfigError, FeedbackUnavailableError
from movierec.events import publisher as publisher_module
from movierec.events.message import AcceptedFeedback
from movierec.events.publisher import FeedbackPublisher
from movierec.events.transport import Handle, Transport, name_place, open_transport
from movierec.feedback.events import FeedbackAction, FeedbackEvent

START = datetime(2026, 3, 1, tzinfo=UTC)


class MemoryTransport(Transport):
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.connections = 0
        self.refuses = self.loses = self.closed = False

    async def connect(self) -> None:
        self.connections += 1
        if self.refuses:
            raise ConnectionRefusedError("nobody there")

    async def send(self, body: bytes) -> None:
        if self.loses:
            raise RuntimeError("returned")
        self.sent.append(body)

    async def bury(self, body: bytes, reason: str) -> None:
        raise AssertionError

    def subscribe(self, handle: Handle) -> None:
        raise AssertionError

    async def close(self) -> None:
        self.closed = True


def like(**changes) -> FeedbackEvent:
    return FeedbackEvent(uuid.uuid4(), changes.pop("user_id", "u"), "i", FeedbackAction.LIKE, **changes)


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


def test_every_event_follows_the_one_before_whatever_the_clock_does(transport):
    clock = iter([START, START, START - timedelta(hours=1), START + timedelta(seconds=1)])
    publisher = FeedbackPublisher(transport, lambda: next(clock))
    events = [like() for _ in range(4)]

    async def run() -> list[datetime]:
        return [await publisher.publish("toy", event) for event in events]

    moments = asyncio.run(run())
    tick = timedelta(microseconds=1)
    assert moments == [START, START + tick, START + 2 * tick, START + timedelta(seconds=1)]
    messages = [AcceptedFeedback.model_validate_json(body) for body in transport.sent]
    assert [message.event for message in messages] == events
    assert [message.accepted for message in messages] == moments
    assert {message.dataset for message in messages} == {"toy"}
    assert transport.connections == 1


def test_what_cannot_be_stored_is_refused_before_it_is_sent(transport):
    with pytest.raises(ConfigError, match="user_id"):
        asyncio.run(FeedbackPublisher(transport).publish("toy", like(user_id="")))
    assert transport.sent == []


def test_without_a_confirm_nothing_is_acknowledged(transport):
    transport.loses = True
    with pytest.raises(FeedbackUnavailableError, match="did not confirm"):
        asyncio.run(FeedbackPublisher(transport).publish("toy", like()))


def test_a_broker_that_is_away_is_tried_again_after_a_while(transport, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(publisher_module.time, "monotonic", lambda: moment[0])
    transport.refuses = True
    publisher = FeedbackPublisher(transport)

    async def run() -> None:
        for _ in range(3):
            with pytest.raises(FeedbackUnavailableError):
                await publisher.publish("toy", like())
        assert transport.connections == 1
        transport.refuses = False
        moment[0] += publisher_module.RETRY_SECONDS
        await publisher.publish("toy", like())
        await publisher.close()

    asyncio.run(run())
    assert (transport.connections, len(transport.sent), transport.closed) == (2, 1, True)


def test_a_broker_that_never_answers_is_given_up(transport, monkeypatch):
    monkeypatch.setattr(publisher_module, "CONFIRM_SECONDS", 0.01)

    async def hang(body: bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(transport, "send", hang)
    with pytest.raises(FeedbackUnavailableError, match="TimeoutError"):
        asyncio.run(FeedbackPublisher(transport).publish("toy", like()))


def test_addresses_are_checked_and_shown_without_the_password():
    for url in ("http://host/", "", "amqp"):
        with pytest.raises(ConfigError, match="broker_url must begin"):
            open_transport(url, "queue")
    assert name_place("amqp://guest:secret@host:5672/x") == "amqp://host:5672"
    assert name_place("amqps://:secret@/") == "amqps://localhost"


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "movierec.events.rabbit", None)
    with pytest.raises(ConfigError, match=r"movierec\[cluster\]"):
        open_transport("amqp://host/", "queue")
