"""Feedback over NATS: a JetStream work queue with a durable consumer."""

from __future__ import annotations

import asyncio

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js import JetStreamContext
from nats.js.api import AckPolicy as Acknowledge
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from movierec.events.transport import (
    CONNECT_SECONDS,
    MESSAGES_HELD,
    RECONNECT_SECONDS,
    Handle,
    Transport,
    read_body,
)

_DURABLE = "movierec"


class NatsTransport(Transport):
    """Subject ``name`` in a stream of that name and, for dead letters, ``name.dead`` in another.

    Names of streams have ``_`` where the subject has a dot.
    """

    def __init__(self, url: str, name: str, redeliver_seconds: float) -> None:
        self.broker: NatsBroker = NatsBroker(
            url,
            connect_timeout=round(CONNECT_SECONDS),
            reconnect_time_wait=round(RECONNECT_SECONDS),
            max_reconnect_attempts=-1,
            name="movierec",
            logger=None,
        )
        self._name = name
        self._dead = f"{name}.dead"
        self._consumer = ConsumerConfig(
            name=_DURABLE,
            durable_name=_DURABLE,
            ack_policy=Acknowledge.EXPLICIT,
            ack_wait=redeliver_seconds,
            filter_subject=name,
        )

    async def connect(self) -> None:
        """Connect, and make both streams and the consumer."""
        # The client itself would try for ever.
        async with asyncio.timeout(CONNECT_SECONDS):
            context = (await self.broker.connect()).jetstream()
            await _make_stream(context, self._name, RetentionPolicy.WORK_QUEUE)
            await _make_stream(context, self._dead, RetentionPolicy.LIMITS)
            await context.add_consumer(_name_stream(self._name), self._consumer)

    async def send(self, body: bytes) -> None:
        """Return after the stream's acknowledgement."""
        await self._publish(body, self._name, None)

    async def bury(self, body: bytes, reason: str) -> None:
        """Put the message into the stream of dead letters, the reason in its headers."""
        await self._publish(body, self._dead, {"reason": reason})

    def subscribe(self, handle: Handle) -> None:
        """Consume the stream."""

        @self.broker.subscriber(
            self._name,
            stream=JStream(_name_stream(self._name), declare=False),
            durable=_DURABLE,
            config=self._consumer,
            pull_sub=PullSub(batch_size=MESSAGES_HELD, timeout=RECONNECT_SECONDS),
            decoder=read_body,
            ack_policy=AckPolicy.NACK_ON_ERROR,
        )
        async def consume(body: bytes) -> None:
            await handle(body)

    async def _publish(self, body: bytes, subject: str, headers: dict[str, str] | None) -> None:
        await self.broker.publish(
            body, subject, headers=headers, stream=_name_stream(subject), timeout=CONNECT_SECONDS
        )


def _name_stream(subject: str) -> str:
    return subject.replace(".", "_")


async def _make_stream(context: JetStreamContext, subject: str, retention: RetentionPolicy) -> None:
    """Make a stream unless it is there: how many copies it keeps and how much it holds is its owner's."""
    name = _name_stream(subject)
    try:
        await context.stream_info(name)
    except NotFoundError:
        await context.add_stream(
            StreamConfig(name=name, subjects=[subject], retention=retention, storage=StorageType.FILE)
        )
