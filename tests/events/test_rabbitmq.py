"""The real RabbitMQ: whatever happens to consumers and connections, stored is what was acknowledged, once."""

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
from local_servers import RABBIT, need
from relay import Relay, relay

from movierec.errors import FeedbackUnavailableError
from movierec.events.message import AcceptedFeedback
from movierec.events.publisher import FeedbackPublisher
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

rabbit = pytest.importorskip("faststream.rabbit", reason="FastStream is not installed")

from movierec.events.rabbit import RabbitTransport  # noqa: E402


@pytest.fixture
def queue() -> Iterator[str]:
    need(RABBIT, "RabbitMQ")
    name = f"movierec-test-{uuid.uuid4().hex}"
    yield name

    async def delete() -> None:
        async with rabbit.RabbitBroker(RABBIT, logger=None) as broker:
            for queue in (name, f"{name}.dead"):
                await (await broker.declare_queue(rabbit.RabbitQueue(queue, durable=True))).delete(
                    if_unused=False, if_empty=False
                )

    asyncio.run(delete())


@contextmanager
def consume(home: Path, queue: str, url: str = RABBIT) -> Iterator[subprocess.Popen[str]]:
    environment = clean_environment(MOVIEREC_BROKER_URL=url, MOVIEREC_BROKER_QUEUE=queue)
    command = [sys.executable, "-m", "movierec.cli", "consume", "--home", str(home)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any("storing feedback from amqp://127.0.0.1" in line for line in process.stderr)
            yield process
        finally:
            process.kill()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "feedback.sqlite3", "toy") as opened:
        yield opened


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def encode(messages: list[AcceptedFeedback]) -> list[bytes]:
    return [message.model_dump_json().encode() for message in messages]


async def send(queue: str, bodies: list[bytes], url: str = RABBIT) -> None:
    transport = RabbitTransport(url, queue)
    await transport.connect()
    for body in bodies:
        await transport.send(body)
    await transport.close()


def test_a_killed_consumer_loses_nothing_and_stores_nothing_twice(tmp_path, queue, accept, store):
    told = [accept("like", item=f"i{number}", user=f"u{number % 7}") for number in range(100)]
    told += [accept("undo", item=each.item_id, user=each.user_id, undoes=each.event_id) for each in told[::5]]
    # Backwards: undos come before what they take back; every third one twice; and one that is no event.
    asyncio.run(send(queue, [b"poison", *encode([*told[::-1], *told[::3]])]))
    with consume(tmp_path, queue) as process:
        wait_until(lambda: store.revision() >= 20)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    with consume(tmp_path, queue) as process:
        wait_until(lambda: store.revision() >= len(told))
        process.terminate()
        process.wait(30)
    assert process.returncode == 0
    assert [event.event_id for event in store.events()] == [message.event_id for message in told]
    undone = {message.undoes for message in told}
    for user in store.users():
        expected = [each.event_id for each in told[:100] if each.user_id == user]
        standing = [event.event_id for event in store.in_force(user)]
        assert standing == [event_id for event_id in reversed(expected) if event_id not in undone]
    asyncio.run(find_dead(queue, b"poison"))


async def find_dead(queue: str, body: bytes) -> None:
    async with rabbit.RabbitBroker(RABBIT, logger=None) as broker:
        dead = await broker.declare_queue(rabbit.RabbitQueue(f"{queue}.dead", durable=True))
        message = await dead.get(no_ack=True)
        assert message.body == body
        assert "not an accepted event" in str(message.headers["reason"])
        # Persistent, in a queue that is durable: it cannot be declared as anything else.
        assert message.delivery_mode == 2
        with pytest.raises(Exception, match="PRECONDITION_FAILED"):
            await broker.declare_queue(rabbit.RabbitQueue(queue, durable=False))


def test_cut_connections_lose_nothing_that_was_acknowledged(tmp_path, queue, store):
    parts = urlsplit(RABBIT)
    acknowledged: list[uuid.UUID] = []

    async def publish(line: Relay, url: str) -> None:
        publisher = FeedbackPublisher(RabbitTransport(url, queue))
        for number in range(60):
            event = FeedbackEvent(uuid.uuid4(), "u", f"i{number}", FeedbackAction.LIKE)
            if number in (20, 40):
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
            wait_until(lambda: store.revision() >= 60)
            process.terminate()
            process.wait(30)
        # Each cut makes both sides come back.
        assert line.connections >= 4
    assert [event.event_id for event in store.events()] == acknowledged


def test_a_queue_that_is_gone_is_no_acknowledgement(queue):
    async def run() -> None:
        transport = RabbitTransport(RABBIT, queue)
        await transport.connect()
        declared = await transport.broker.declare_queue(rabbit.RabbitQueue(queue, durable=True))
        await declared.delete(if_unused=False, if_empty=False)
        publisher = FeedbackPublisher(transport)
        publisher._connected = True
        with pytest.raises(FeedbackUnavailableError, match="NO_ROUTE"):
            await publisher.publish("toy", FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE))
        await publisher.close()

    asyncio.run(run())
