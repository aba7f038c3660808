"""Choices that look free and are the same every time for the same film."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of choices that follows from a text alone, on every platform and Python version."""

    def __init__(self, seed_text: str) -> None:
        digest = hashlib.sha256(seed_text.encode("utf-8", "replace")).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - artwork, no secret

    def roll(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def between(self, low: float, high: float) -> int:
        """Return a whole number from ``low`` to ``high``."""
        return round(low + (high - low) * self.roll())

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.roll() * len(options))]
