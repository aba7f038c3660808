"""A queue of feedback and its dead letters, whichever broker keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from movierec.errors import ConfigError

MESSAGES_HELD: Final = 64
"""Messages a consumer has taken and not yet acknowledged, at most: what is told again after a kill."""

REDELIVER_SECONDS: Final = 30.0
"""When such a message is told to another consumer where the broker does not notice a kill: Redis, NATS."""

CONNECT_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = 1.0

Handle = Callable[[bytes], Awaitable[None]]

# scheme: module, class, FastStream's name of the broker
_TRANSPORTS: Final = {
    "amqp": ("movierec.events.rabbit", "RabbitTransport", "rabbit"),
    "amqps": ("movierec.events.rabbit", "RabbitTransport", "rabbit"),
    "nats": ("movierec.events.jetstream", "NatsTransport", "nats"),
    "redis": ("movierec.events.redis_streams", "RedisTransport", "redis"),
    "rediss": ("movierec.events.redis_streams", "RedisTransport", "redis"),
}


class Transport(ABC):
    """One durable queue; what is sent is delivered at least once, in no particular order.

    Attributes
    ----------
    broker : FastStream's broker; it is started by whoever consumes
    """

    broker: Any

    @abstractmethod
    async def connect(self) -> None:
        """Connect in order to send, and make sure that the queue is there."""

    @abstractmethod
    async def send(self, body: bytes) -> None:
        """Return once the broker has taken responsibility for the message."""

    @abstractmethod
    async def bury(self, body: bytes, reason: str) -> None:
        """Put a message that can never be stored among the dead letters."""

    @abstractmethod
    def subscribe(self, handle: Handle) -> None:
        """Give every message to ``handle``; it is acknowledged when that returns, told again if it raises."""

    async def close(self) -> None:
        """Disconnect; messages under way are finished first."""
        await self.broker.stop()


def open_transport(url: str, queue: str, redeliver_seconds: float = REDELIVER_SECONDS) -> Transport:
    """Return the transport for the address of a broker; nothing is connected yet.

    Raises ``ConfigError`` for a broker that is not supported or whose package is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in _TRANSPORTS:
        raise ConfigError(f"broker_url must begin with one of {'://, '.join(_TRANSPORTS)}://, got {scheme!r}")
    module, name, broker = _TRANSPORTS[scheme]
    try:
        made: Transport = getattr(import_module(module), name)(url, queue, redeliver_seconds)
    except ImportError as error:
        raise ConfigError(
            f"broker_url needs a client: pip install 'movierec[cluster]' or 'faststream[{broker}]'"
        ) from error
    return made


async def read_body(message: Any) -> bytes:
    """Return the body of a message as it is: what it says is for the handler, a poison one may be no JSON."""
    return bytes(message.body)


def name_place(url: str) -> str:
    """Return the address without user and password, for logs."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or 'localhost'}{port}"
