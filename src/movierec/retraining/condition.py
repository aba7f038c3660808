"""When to learn again: so many new events, or so much time since the last attempt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from movierec.errors import ConfigError

EXAMPLE: Final = "500 events or 24 h"

_SECONDS: Final = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_TERM: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) *([a-z]+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """What makes an attempt due; each part that is given is enough alone.

    Attributes
    ----------
    events : new feedback events since the last attempt, None for any number
    seconds : since the last attempt, None for any time; without a single new event nothing is due
    """

    events: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "500 events", "24 h" or both with "or" between; units are s, min, h and d.

        Raises ``ConfigError`` naming ``--when`` and what is wrong with it.
        """
        found: dict[str, float] = {}
        for term in text.strip().lower().split(" or "):
            match = _TERM.fullmatch(term.strip())
            unit = match.group(2) if match else ""
            if match is None or (unit not in ("event", "events") and unit not in _SECONDS):
                raise _refuse(text, f"{term.strip()!r} is neither a number of events nor a time")
            amount = float(match.group(1))
            kind = "seconds" if unit in _SECONDS else "events"
            if kind in found:
                raise _refuse(text, f"it names the {'time' if kind == 'seconds' else 'events'} twice")
            if kind == "events" and (amount < 1 or amount != int(amount)):
                raise _refuse(text, "events are a whole number from 1")
            if amount <= 0:
                raise _refuse(text, "the time must be above 0")
            found[kind] = amount * _SECONDS.get(unit, 1)
        events = found.get("events")
        return cls(None if events is None else int(events), found.get("seconds"))

    def is_met(self, new_events: int, elapsed: float) -> bool:
        """Say whether an attempt is due, ``elapsed`` seconds after the last one."""
        if new_events < 1:
            return False
        enough = self.events is not None and new_events >= self.events
        return enough or (self.seconds is not None and elapsed >= self.seconds)


def _refuse(text: str, reason: str) -> ConfigError:
    return ConfigError(f'--when must be like "{EXAMPLE}" (s, min, h or d), got {text[:80]!r}: {reason}')
