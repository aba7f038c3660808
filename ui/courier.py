"""Carries waiting events to the API beside the pages, so that a slow API never holds up a press."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from ui.api_client import ApiRefused, ApiUnavailable, FeedbackEvent
from ui.outbox import Outbox

PAUSE_SECONDS: Final = 2.0
"""Between two tries while the API is away."""


class Courier:
    """One thread per server process that empties an outbox, in order, for as long as it takes.

    Sending an event twice does no harm, since its id makes it one.
    """

    def __init__(
        self, outbox: Outbox, send: Callable[[FeedbackEvent], None], pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._outbox = outbox
        self._send = send
        self._pause_seconds = pause_seconds
        self._changed = threading.Condition()
        self._wanted = self._done = 0
        self._thread: threading.Thread | None = None

    def hurry(self, patience: float) -> bool:
        """Ask for a round now and return whether it ended within ``patience`` seconds."""
        with self._changed:
            self._wanted += 1
            round_ = self._wanted
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= round_, patience)

    def _run(self) -> None:
        rest = False
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._wanted > self._done, self._pause_seconds if rest else None
                )
                round_ = self._wanted
            rest = not self._deliver()
            with self._changed:
                self._done = max(self._done, round_)
                self._changed.notify_all()

    def _deliver(self) -> bool:
        """Send everything; return False where something has to wait."""
        for kept in self._outbox.waiting():
            try:
                self._send(kept.event)
            except ApiUnavailable:
                return False
            except ApiRefused as error:
                self._outbox.refuse(kept.event.event_id, str(error))
            else:
                self._outbox.forget(kept.event.event_id)
        return True
