"""What the consumer does with a message, on FastStream's broker in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from movierec.errors import FeedbackUnavailableError
from movierec.events.consumer import FeedbackConsumer
from movierec.events.transport import read_body
from movierec.feedback.store import FeedbackStore

rabbit = pytest.importorskip("faststream.rabbit", reason="FastStream is not installed")

from movierec.events.rabbit import RabbitTransport  # noqa: E402

Dead = list[tuple[bytes, str]]


def deliver(consume: Callable[[RabbitTransport], FeedbackConsumer], *bodies: bytes) -> Dead:
    """Send messages through a broker in memory and return the dead letters with their reasons."""
    transport = RabbitTransport("amqp://127.0.0.1:1/", "toy")
    consume(transport)
    dead: Dead = []

    @transport.broker.subscriber("toy.dead", decoder=read_body)
    async def mourn(body: bytes, message: rabbit.RabbitMessage) -> None:
        dead.append((body, message.headers["reason"]))

    async def run() -> None:
        async with rabbit.TestRabbitBroker(transport.broker):
            for body in bodies:
                await transport.send(body)

    asyncio.run(run())
    return dead


def encode(message) -> bytes:
    return message.model_dump_json().encode()


def test_events_are_stored_as_they_were_accepted_each_once(store: FeedbackStore, accept):
    like, dislike = accept("like", client_time=accept().accepted, context={"page": "Ünï"}), accept("dislike")
    undo = accept("undo", undoes=dislike.event_id)
    told = [encode(message) for message in (undo, dislike, like, dislike)]
    assert deliver(lambda transport: FeedbackConsumer(transport, lambda _: store), *told) == []
    stored = list(store.events())
    assert [event.event_id for event in stored] == [like.event_id, dislike.event_id, undo.event_id]
    assert [event.server_time for event in stored] == [like.accepted, dislike.accepted, undo.accepted]
    assert (stored[0].client_time, stored[0].context) == (like.client_time, {"page": "Ünï"})
    assert [event.event_id for event in store.in_force("u")] == [like.event_id]


def test_data_sets_have_stores_of_their_own(store: FeedbackStore, accept):
    asked: list[str] = []
    bodies = [encode(accept()) for _ in range(3)]
    deliver(lambda transport: FeedbackConsumer(transport, lambda name: asked.append(name) or store), *bodies)
    assert asked == ["toy"]
    assert store.revision() == 3


def test_poison_goes_to_the_dead_letters_with_a_logged_reason(store: FeedbackStore, accept, caplog):
    good, first = accept(), accept()
    poison = {
        b"no json at all \xff": "JSON",
        b"{}": "Field required",
        encode(good).replace(b'"version":1', b'"version":2'): "version",
        encode(good)[:-1] + b',"later":1}': "later",
        encode(accept(user="x" * 65)): "user_id",
        encode(accept("undo")): "undoes",
        encode(accept("rate")): "rating",
        encode(first.model_copy(update={"item_id": "other"})): "belongs to another event",
    }
    with caplog.at_level(logging.ERROR, "movierec.events"):
        bodies = [encode(first), *poison, encode(good)]
        dead = deliver(lambda transport: FeedbackConsumer(transport, lambda _: store), *bodies)
    assert [body for body, _ in dead] == list(poison)
    for (_, reason), expected in zip(dead, poison.values(), strict=True):
        assert expected in reason
        assert f"feedback-dead: {reason}" in caplog.messages
    assert {event.event_id for event in store.events()} == {first.event_id, good.event_id}


def test_while_the_store_is_down_messages_wait(store: FeedbackStore, accept):
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def open_store(dataset: str) -> FeedbackStore:
        if len(pauses) < 8:
            raise FeedbackUnavailableError("the database is away")
        return store

    wait: Callable[[float], Awaitable[None]] = pause
    dead = deliver(lambda transport: FeedbackConsumer(transport, open_store, wait), encode(accept()))
    assert dead == []
    assert store.revision() == 1
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_an_erased_viewer_is_not_stored_from_the_queue(store: FeedbackStore, accept):
    stored, queued, other, later = accept(), accept(), accept(user="v"), accept()
    store.append(stored.event, stored.accepted)
    assert store.delete_user("u", until=queued.accepted) == 1
    told = [encode(message) for message in (later, queued, stored, other)]
    assert deliver(lambda transport: FeedbackConsumer(transport, lambda _: store), *told) == []
    assert {event.event_id for event in store.events()} == {other.event_id, later.event_id}


def test_a_fault_nobody_foresaw_does_not_stop_the_others(store: FeedbackStore, accept, monkeypatch, caplog):
    strange, good = accept(item="strange"), accept()
    append = store.append

    def fail(event, accepted):
        if event.item_id == "strange":
            raise RuntimeError("secret")
        return append(event, accepted)

    monkeypatch.setattr(store, "append", fail)
    dead = deliver(
        lambda transport: FeedbackConsumer(transport, lambda _: store), encode(strange), encode(good)
    )
    assert dead == [(encode(strange), "unforeseen: RuntimeError")]
    assert str(strange.event_id) in caplog.text
    assert [event.event_id for event in store.events()] == [good.event_id]
