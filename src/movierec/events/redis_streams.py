"""Feedback over Redis: a stream read by a consumer group."""

from __future__ import annotations

import logging
from typing import Any

from faststream import AckPolicy
from faststream.redis import RedisBroker, RedisStreamMessage, StreamSub
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from movierec.events.transport import (
    CONNECT_SECONDS,
    MESSAGES_HELD,
    Handle,
    Transport,
    read_body,
)

# All consumers go by one name: Redis keeps every name for good, and whose a message was matters to nobody.
_GROUP = "movierec"

log = logging.getLogger("movierec.events")


class RedisTransport(Transport):
    """Stream ``name`` and, for dead letters, ``name.dead``; what is stored is deleted from it."""

    def __init__(self, url: str, name: str, redeliver_seconds: float) -> None:
        self.broker: RedisBroker = RedisBroker(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CONNECT_SECONDS,
            client_name="movierec",
            logger=None,  # type: ignore[arg-type]  # as its own loggers take it
        )
        self._name = name
        self._dead = f"{name}.dead"
        self._redeliver_seconds = redeliver_seconds

    async def connect(self) -> None:
        """Connect, and make stream and group, which begins with what was sent before there was one."""
        redis = await self.broker.connect()
        try:
            await redis.xgroup_create(self._name, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        await self._warn(redis)

    async def send(self, body: bytes) -> None:
        """Return after the reply; whether it outlives Redis itself is a matter of Redis's configuration."""
        await self.broker.publish(body, stream=self._name)

    async def bury(self, body: bytes, reason: str) -> None:
        """Put the message into the stream of dead letters, the reason in its headers."""
        await self.broker.publish(body, stream=self._dead, headers={"reason": reason})

    def subscribe(self, handle: Handle) -> None:
        """Consume the stream: what is new, and what somebody took and did not acknowledge for a while."""
        new = StreamSub(self._name, group=_GROUP, consumer=_GROUP, max_records=MESSAGES_HELD)
        left = StreamSub(
            self._name, group=_GROUP, consumer=_GROUP, min_idle_time=round(1000 * self._redeliver_seconds)
        )

        @self.broker.subscriber(stream=new, decoder=read_body, ack_policy=AckPolicy.MANUAL)
        @self.broker.subscriber(stream=left, decoder=read_body, ack_policy=AckPolicy.MANUAL)
        async def consume(body: bytes, message: RedisStreamMessage) -> None:
            await handle(body)
            # In this order: an acknowledged entry that was not deleted would stay for good.
            await message.delete()
            await message.ack()

    async def _warn(self, redis: Redis) -> None:
        try:
            found: dict[str, Any] = {**await redis.info("persistence"), **await redis.info("memory")}
        except ResponseError:  # not every user may ask
            return
        if not found.get("aof_enabled"):
            log.warning("broker-volatile: Redis keeps no append-only file; what waits there ends with it")
        if str(found.get("maxmemory_policy")).startswith("allkeys"):
            log.warning("broker-volatile: Redis may drop the queue (%s)", found["maxmemory_policy"])
