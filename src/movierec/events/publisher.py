"""The API's side of the broker: an event counts as accepted once the broker has confirmed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from movierec.errors import FeedbackUnavailableError
from movierec.events.message import AcceptedFeedback
from movierec.events.transport import Transport
from movierec.feedback.events import FeedbackEvent
from movierec.feedback.rows import event_to_row

CONFIRM_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 2.0
_TICK: Final = timedelta(microseconds=1)


class FeedbackPublisher:
    """Publishes events of one process and gives each its place in order.

    Parameters
    ----------
    transport : its owner is the publisher, which closes it
    clock : timezone-aware; where it stands still or goes back, events are a microsecond apart. Between
        several processes order is as good as their clocks agree.
    """

    def __init__(
        self, transport: Transport, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self._connecting = asyncio.Lock()
        self._connected = False
        self._retry_at = 0.0

    async def publish(self, dataset: str, event: FeedbackEvent) -> datetime:
        """Return the moment of acceptance; from then on the event will be stored, sooner or later.

        Raises ``ConfigError`` for what cannot be stored, ``FeedbackUnavailableError`` where the broker does
        not confirm; the event may have arrived all the same, and is then told again without harm.
        """
        accepted = self.stamp()
        event_to_row(event, accepted)
        body = AcceptedFeedback.of(dataset, event, accepted).model_dump_json().encode()
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._connect()
                await self._transport.send(body)
        except FeedbackUnavailableError:
            raise
        except Exception as error:  # every broker's client has exceptions of its own
            raise FeedbackUnavailableError(
                f"the broker did not confirm: {type(error).__name__} {error}".strip()
            ) from error
        return accepted

    def stamp(self) -> datetime:
        """Return a moment after those of all events this process accepted and before those of all others."""
        self._last = max(self._clock(), self._last + _TICK)
        return self._last

    async def close(self) -> None:
        """Disconnect."""
        await self._transport.close()

    async def _connect(self) -> None:
        if self._connected:
            return
        async with self._connecting:
            if self._connected:
                return
            if time.monotonic() < self._retry_at:
                raise FeedbackUnavailableError("the broker could not be reached a moment ago")
            try:
                await self._transport.connect()
            except BaseException:
                self._retry_at = time.monotonic() + RETRY_SECONDS
                raise
            self._connected = True
