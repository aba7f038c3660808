"""The consumer: takes events from the broker and stores them, each exactly once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import ValidationError

from movierec.errors import (
    ConfigError,
    FeedbackConflictError,
    FeedbackErasedError,
    FeedbackUnavailableError,
)
from movierec.events.handler import EventStore, store_event
from movierec.events.message import AcceptedFeedback
from movierec.events.transport import Transport

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0

log = logging.getLogger("movierec.events")


class FeedbackConsumer:
    """Stores what a transport delivers.

    A message is acknowledged after the event is on the disk, so one that was under way when a process died is
    told again and found stored. While the store is down messages wait, unacknowledged. What can never be
    stored goes to the dead letters with the reason, but for events of a viewer who was erased meanwhile.

    Parameters
    ----------
    open_store : opens the store for the ids of a data set
    pause : waits some seconds
    """

    def __init__(
        self,
        transport: Transport,
        open_store: Callable[[str], EventStore],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._open_store = open_store
        self._pause = pause
        self._stores: dict[str, EventStore] = {}
        self._opening = threading.Lock()
        transport.subscribe(self.handle)

    async def handle(self, body: bytes) -> None:
        """Store the event of a message, or bury the message; returns when either is done."""
        try:
            accepted = AcceptedFeedback.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            await self._bury(body, f"not an accepted event: {place or 'body'}: {first['msg']}")
            return
        pause = FIRST_PAUSE
        while True:
            try:
                await asyncio.to_thread(self._store, accepted)
                return
            except FeedbackUnavailableError as error:
                log.warning("feedback-waits: %s", error)
                await self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            except FeedbackErasedError as error:
                # Not among the dead letters: nothing of it is to be kept.
                log.info("feedback-erased: %s", error)
                return
            except (ConfigError, FeedbackConflictError) as error:
                await self._bury(body, str(error))
                return
            except Exception as error:
                # Told again it would fail again, before everything behind it; buried it can be looked at.
                log.exception("feedback-unforeseen: event_id=%s", accepted.event_id)
                await self._bury(body, f"unforeseen: {type(error).__name__}")
                return

    def _store(self, accepted: AcceptedFeedback) -> None:
        with self._opening:
            if accepted.dataset not in self._stores:
                self._stores[accepted.dataset] = self._open_store(accepted.dataset)
        store_event(self._stores[accepted.dataset], accepted.event, accepted.accepted)

    async def _bury(self, body: bytes, reason: str) -> None:
        log.error("feedback-dead: %s", reason)
        await self._transport.bury(body, reason)
