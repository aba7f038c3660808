"""The real brokers: whatever happens to consumers and connections, stored is what was acknowledged, once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live import clean_environment
from local_servers import need
from relay import Relay, relay

from movierec.errors import FeedbackUnavailableError
from movierec.events.consumer import FeedbackConsumer
from movierec.events.message import AcceptedFeedback
from movierec.events.publisher import FeedbackPublisher
from movierec.events.transport import open_transport
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

pytest.importorskip("faststream", reason="FastStream is not installed")

from brokers import BROKERS, Broker

# What a killed consumer had taken is told again after it by Redis and NATS, and at once by RabbitMQ.
REDELIVER_SECONDS = 0.5


@pytest.fixture(params=BROKERS, ids=lambda broker: broker.name)
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.param
    need(found.url, found.name)
    return found


@pytest.fixture
def queue(broker: Broker) -> Iterator[str]:
    name = f"movierec.test-{uuid.uuid4().hex}"
    yield name
    asyncio.run(broker.delete(name))


@contextmanager
def consume(home: Path, queue: str, url: str) -> Iterator[subprocess.Popen[str]]:
    environment = clean_environment(
        MOVIEREC_BROKER_URL=url,
        MOVIEREC_BROKER_QUEUE=queue,
        MOVIEREC_BROKER_REDELIVER_SECONDS=str(REDELIVER_SECONDS),
    )
    command = [sys.executable, "-m", "movierec.cli", "consume", "--home", str(home)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any("storing feedback from " in line for line in process.stderr)
            yield process
        finally:
            process.kill()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "feedback.sqlite3", "toy") as opened:
        yield opened


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def encode(messages: list[AcceptedFeedback]) -> list[bytes]:
    return [message.model_dump_json().encode() for message in messages]


async def send(url: str, queue: str, bodies: list[bytes]) -> None:
    transport = open_transport(url, queue, REDELIVER_SECONDS)
    await transport.connect()
    for body in bodies:
        await transport.send(body)
    await transport.close()


def test_a_killed_consumer_loses_nothing_and_stores_nothing_twice(tmp_path, broker, queue, accept, store):
    told = [accept("like", item=f"i{number}", user=f"u{number % 7}") for number in range(60)]
    told += [accept("undo", item=each.item_id, user=each.user_id, undoes=each.event_id) for each in told[::5]]
    # Backwards: undos come before what they take back; every third one twice; and one that is no event.
    asyncio.run(send(broker.url, queue, [b"poison", *encode([*told[::-1], *told[::3]])]))
    with consume(tmp_path, queue, broker.url) as process:
        wait_until(lambda: store.revision() >= 15)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    with consume(tmp_path, queue, broker.url) as process:
        wait_until(lambda: store.revision() >= len(told))
        # What is acknowledged leaves the queue: nothing grows, and nothing is told for ever.
        wait_until(lambda: asyncio.run(broker.count(queue)) == 0)
        process.terminate()
        process.wait(30)
    assert process.returncode == 0
    assert [event.event_id for event in store.events()] == [message.event_id for message in told]
    undone = {message.undoes for message in told}
    for user in store.users():
        expected = [each.event_id for each in told[:60] if each.user_id == user]
        standing = [event.event_id for event in store.in_force(user)]
        assert standing == [event_id for event_id in reversed(expected) if event_id not in undone]
    body, reason = asyncio.run(broker.read_dead(queue))
    assert body == b"poison"
    assert "not an accepted event" in reason


def test_cut_connections_lose_nothing_that_was_acknowledged(tmp_path, broker, queue, store):
    parts = urlsplit(broker.url)
    acknowledged: list[uuid.UUID] = []

    async def publish(line: Relay, url: str) -> None:
        publisher = FeedbackPublisher(open_transport(url, queue, REDELIVER_SECONDS))
        for number in range(30):
            event = FeedbackEvent(uuid.uuid4(), "u", f"i{number}", FeedbackAction.LIKE)
            if number in (10, 20):
                await asyncio.to_thread(line.cut)
                task = asyncio.create_task(publisher.publish("toy", event))
                await asyncio.sleep(0)
                await asyncio.to_thread(line.open)
                try:
                    await task
                except FeedbackUnavailableError:
                    # What was not acknowledged is told again with the same id, as the app does.
                    await repeat(publisher, event)
            else:
                await repeat(publisher, event)
            acknowledged.append(event.event_id)
        await publisher.close()

    async def repeat(publisher: FeedbackPublisher, event: FeedbackEvent) -> None:
        for _ in range(600):
            try:
                await publisher.publish("toy", event)
                return
            except FeedbackUnavailableError:
                await asyncio.sleep(0.1)
        raise AssertionError("the publisher did not come back")

    with relay(parts.hostname, parts.port) as line:
        url = parts._replace(netloc=parts.netloc.replace(str(parts.port), str(line.port))).geturl()
        with consume(tmp_path, queue, url) as process:
            asyncio.run(publish(line, url))
            wait_until(lambda: store.revision() >= 30)
            process.terminate()
            process.wait(30)
        # Each cut makes both sides come back.
        assert line.connections >= 4
    assert [event.event_id for event in store.events()] == acknowledged


def test_after_a_queue_is_gone_whatever_is_acknowledged_is_stored(broker, queue, store):
    """RabbitMQ and NATS refuse; Redis makes the stream anew, and the group reads it from its beginning."""
    acknowledged: list[uuid.UUID] = []

    async def lose() -> None:
        transport = open_transport(broker.url, queue)
        await transport.connect()
        await broker.delete(queue)
        publisher = FeedbackPublisher(transport)
        publisher._connected = True
        event = FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE)
        if broker.name == "Redis":
            await publisher.publish("toy", event)
            acknowledged.append(event.event_id)
        else:
            with pytest.raises(FeedbackUnavailableError, match=r"NO_ROUTE|NoStream"):
                await publisher.publish("toy", event)
        await publisher.close()

    async def start_again() -> None:
        transport = open_transport(broker.url, queue)
        FeedbackConsumer(transport, lambda _: store)
        await transport.connect()
        await transport.broker.start()
        await asyncio.to_thread(wait_until, lambda: store.revision() >= len(acknowledged))
        await transport.close()

    asyncio.run(lose())
    asyncio.run(start_again())
    assert [event.event_id for event in store.events()] == acknowledged
