"""What was aimed at, beside what was found: met or missed, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from in_process import Row
from over_http import Served


@dataclass(frozen=True)
class Target:
    """A figure with its bound; ``least`` says that it is a least value, else it is a largest one."""

    name: str
    unit: str
    bound: float
    found: float
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether what was found keeps the bound."""
        return self.found >= self.bound if self.least else self.found <= self.bound

    @property
    def distance(self) -> float:
        """How many times the bound was missed by; below 1 where it is met."""
        return self.bound / self.found if self.least else self.found / self.bound


def list_targets(parts: Sequence[Row], http: Served | None) -> Iterator[Target]:
    """Yield the targets for a bundle of 20 million ratings with what this run found."""
    whole = next(row for row in parts if row.name == "whole request, with reasons")
    yield Target("a request in process, median", "ms", 1.2, whole.median)
    yield Target("a request in process, p99", "ms", 2.5, whole.p99)
    usual, longest = [row.median for row in parts if row.name.startswith("recall of a history")]
    yield Target("recall of the longest history, of the median one's", "times", 3.0, longest / usual)
    if http is None:
        return
    alone = next(one for workers, one in http.loads if (workers, one.clients) == (1, 1))
    many = next(one for workers, one in http.loads if (workers, one.clients) == (2, 16))
    yield Target("over HTTP, one client, median", "ms", 1.6, alone.p50)
    yield Target("over HTTP, one client, p99", "ms", 4.0, alone.p99)
    yield Target("16 clients, two workers", "requests/s", 1400.0, many.rate, least=True)
    yield Target("16 clients, two workers, p99", "ms", 30.0, many.p99)
    debug, feedback = "list with contributions", "feedback, then a list"
    yield Target("a list with contributions, median", "ms", 60.0, float(np.median(http.times[debug])))
    yield Target("feedback, then a list, median", "ms", 12.0, float(np.median(http.times[feedback])))
    yield Target("start to first list", "s", 1.5, min(http.ready))
    yield Target("memory of a second worker", "MB", 150.0, http.added)


def render_targets(parts: Sequence[Row], http: Served | None) -> list[str]:
    """Return the table as lines of Markdown."""
    lines = ["", "## Targets", "", "Set for 20 million ratings.", ""]
    lines += ["| | target | found | |", "|---|---|---|---|"]
    for one in list_targets(parts, http):
        sign = "≥" if one.least else "≤"
        verdict = "met" if one.met else f"**missed**, {one.distance:.1f} times"
        lines.append(
            f"| {one.name} | {sign} {one.bound:g} {one.unit} | {one.found:.3g} {one.unit} | {verdict} |"
        )
    return lines
