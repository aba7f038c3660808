"""Feedback over RabbitMQ: a durable queue, persistent messages, publisher confirms."""

from __future__ import annotations

from typing import Any

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from movierec.events.transport import (
    CONNECT_SECONDS,
    MESSAGES_HELD,
    RECONNECT_SECONDS,
    REDELIVER_SECONDS,
    Handle,
    Transport,
    read_body,
)


class RabbitTransport(Transport):
    """Queue ``name`` and, for dead letters, ``name.dead``."""

    def __init__(self, url: str, name: str, redeliver_seconds: float = REDELIVER_SECONDS) -> None:
        # RabbitMQ tells a message again as soon as the connection of who took it is gone.
        del redeliver_seconds
        # A message no queue takes comes back as an error instead of being dropped.
        channel = Channel(prefetch_count=MESSAGES_HELD, on_return_raises=True)
        self.broker: RabbitBroker = RabbitBroker(
            url,
            timeout=CONNECT_SECONDS,
            reconnect_interval=RECONNECT_SECONDS,
            default_channel=channel,
            logger=None,
            app_id="movierec",
        )
        self._queue = RabbitQueue(name, durable=True)
        self._dead = RabbitQueue(f"{name}.dead", durable=True)

    async def connect(self) -> None:
        """Connect and declare both queues."""
        await self.broker.connect()
        for queue in (self._queue, self._dead):
            await self.broker.declare_queue(queue)

    async def send(self, body: bytes) -> None:
        """Return after the confirm, which follows the message's way to the disk."""
        await self._publish(body, self._queue, None)

    async def bury(self, body: bytes, reason: str) -> None:
        """Put the message into the queue of dead letters, the reason in its headers."""
        await self._publish(body, self._dead, {"reason": reason})

    def subscribe(self, handle: Handle) -> None:
        """Consume the queue."""

        @self.broker.subscriber(self._queue, decoder=read_body, ack_policy=AckPolicy.NACK_ON_ERROR)
        async def consume(body: bytes) -> None:
            await handle(body)

    async def _publish(self, body: bytes, queue: RabbitQueue, headers: dict[str, Any] | None) -> None:
        await self.broker.publish(
            body,
            queue,
            persist=True,
            mandatory=True,
            timeout=CONNECT_SECONDS,
            headers=headers,
            content_type="application/json",
        )
