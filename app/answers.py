"""Answers that were given before, kept where nothing they depend on can have changed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from movierec.feedback.events import FeedbackEvent

MAX_BYTES: Final = 32 * 1024 * 1024
"""All bodies together; a list of twenty takes about 20 kB."""


class AnswerCache:
    """Bodies of lists for known viewers, the least recently asked for going first.

    A list follows from the bundle, the viewer, what was asked and the viewer's feedback in force. The cache
    belongs to one backend and so to one bundle; the rest is compared at every look-up. Answers that a fault
    had a part in are not to be kept.

    Parameters
    ----------
    limit : answers kept at most; 0 keeps none
    max_bytes : bytes of all bodies together
    """

    def __init__(self, limit: int, max_bytes: int = MAX_BYTES) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._kept: dict[Hashable, tuple[Sequence[FeedbackEvent], bytes]] = {}
        self._bytes = 0
        self.hits = self.misses = 0

    def find(self, asked: Hashable, feedback: Sequence[FeedbackEvent]) -> bytes | None:
        """Return the body of the same question with the same feedback, None where there is none."""
        kept = self._kept.get(asked)
        if kept is None or kept[0] != feedback:
            self.misses += 1
            return None
        self.hits += 1
        self._kept[asked] = self._kept.pop(asked)
        return kept[1]

    def keep(self, asked: Hashable, feedback: Sequence[FeedbackEvent], body: bytes) -> None:
        """Keep an answer in place of an older one to the same question."""
        if not self._limit or len(body) > self._max_bytes:
            return
        self._drop(asked)
        self._kept[asked] = feedback, body
        self._bytes += len(body)
        while len(self._kept) > self._limit or self._bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, asked: Hashable) -> None:
        kept = self._kept.pop(asked, None)
        if kept is not None:
            self._bytes -= len(kept[1])
