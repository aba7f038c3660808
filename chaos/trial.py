"""What a trial is: a promise, a fault injected against it, and figures that say whether it held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Figure = int | float | str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a trial works with.

    Attributes
    ----------
    home : a home with a current bundle, read only: copy what is to be changed
    folder : an empty folder of the trial's own
    effort : share of the full length, above 0; 1 is what the report is made with
    tell : takes one line of progress
    """

    home: Path
    folder: Path
    effort: float
    tell: Callable[[str], None]

    def scale(self, full: float, least: int = 1) -> int:
        """Return how many rounds or seconds to run, of ``full`` at effort 1; at least ``least``."""
        return max(least, round(full * self.effort))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial found.

    Attributes
    ----------
    kept : whether the promise held
    figures : what was counted and measured, in the order of the report
    remarks : whole sentences: what broke, or what a figure needs to be understood
    """

    kept: bool
    figures: Mapping[str, Figure]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault against one promise; ``promise`` is a whole sentence for the report."""

    name: str
    promise: str
    run: Callable[[Ground], Outcome] = field(repr=False)
