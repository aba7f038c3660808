"""What the tests do at a broker by its own client: look at the dead letters, delete a queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import nats
from faststream.rabbit import RabbitBroker, RabbitQueue
from faststream.redis import BinaryMessageFormatV1
from local_servers import NATS, RABBIT, REDIS
from redis.asyncio import Redis


@dataclass(frozen=True)
class Broker:
    """A server and how to look into it."""

    name: str
    url: str
    delete: Callable[[str], Awaitable[None]]
    read_dead: Callable[[str], Awaitable[tuple[bytes, str]]]
    count: Callable[[str], Awaitable[int]]


async def delete_in_rabbit(queue: str) -> None:
    async with RabbitBroker(RABBIT, logger=None) as broker:
        for name in (queue, f"{queue}.dead"):
            declared = await broker.declare_queue(RabbitQueue(name, durable=True))
            await declared.delete(if_unused=False, if_empty=False)


async def read_dead_in_rabbit(queue: str) -> tuple[bytes, str]:
    async with RabbitBroker(RABBIT, logger=None) as broker:
        dead = await broker.declare_queue(RabbitQueue(f"{queue}.dead", durable=True))
        message = await dead.get(no_ack=True)
        # Persistent, in a queue that is durable: declaring it succeeds with the same properties only.
        assert message.delivery_mode == 2
        return message.body, str(message.headers["reason"])


async def count_in_rabbit(queue: str) -> int:
    async with RabbitBroker(RABBIT, logger=None) as broker:
        declared = await broker.declare_queue(RabbitQueue(queue, durable=True))
        return declared.declaration_result.message_count or 0


async def delete_in_redis(queue: str) -> None:
    async with Redis.from_url(REDIS) as redis:
        await redis.delete(queue, f"{queue}.dead")


async def read_dead_in_redis(queue: str) -> tuple[bytes, str]:
    async with Redis.from_url(REDIS) as redis:
        ((_, entry),) = await redis.xrange(f"{queue}.dead")
        body, headers = BinaryMessageFormatV1.parse(entry[b"__data__"])
        return body, headers["reason"]


async def count_in_redis(queue: str) -> int:
    async with Redis.from_url(REDIS) as redis:
        waiting = await redis.xpending(queue, "movierec")
        return int(await redis.xlen(queue)) + int(waiting["pending"])


async def delete_in_nats(queue: str) -> None:
    client = await nats.connect(NATS)
    for name in (queue, f"{queue}.dead"):
        await client.jetstream().delete_stream(name.replace(".", "_"))
    await client.close()


async def read_dead_in_nats(queue: str) -> tuple[bytes, str]:
    client = await nats.connect(NATS)
    message = await client.jetstream().get_msg(f"{queue}.dead".replace(".", "_"), seq=1)
    await client.close()
    assert message.data is not None
    assert message.headers is not None
    return message.data, message.headers["reason"]


async def count_in_nats(queue: str) -> int:
    client = await nats.connect(NATS)
    found = await client.jetstream().stream_info(queue.replace(".", "_"))
    await client.close()
    return found.state.messages


BROKERS = (
    Broker("RabbitMQ", RABBIT, delete_in_rabbit, read_dead_in_rabbit, count_in_rabbit),
    Broker("Redis", REDIS, delete_in_redis, read_dead_in_redis, count_in_redis),
    Broker("NATS", NATS, delete_in_nats, read_dead_in_nats, count_in_nats),
)
