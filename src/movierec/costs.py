"""What each stage of a build costs: seconds, seconds of the processor, and the most memory it took."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")
_RESET_PEAK: Final = "5"


@dataclass(frozen=True)
class StageCost:
    """One finished stage.

    Attributes
    ----------
    name : of the stage
    seconds, cpu_seconds : on the clock and of all threads
    peak_bytes : largest resident memory while it ran; 0 where the system does not tell
    resumed : taken over from a build that was stopped; the figures are those of reading it
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    resumed: bool = False

    def __str__(self) -> str:
        memory = f", {self.peak_bytes / 1e9:.2f} GB" if self.peak_bytes else ""
        kept = ", taken over" if self.resumed else ""
        return f"{self.name}: {self.seconds:.1f} s ({self.cpu_seconds:.1f} s CPU{memory}{kept})"


class CostMeter:
    """Collects the costs of stages that follow each other."""

    def __init__(self) -> None:
        self.stages: list[StageCost] = []
        self._resumed = False

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside; nothing is kept of a stage that fails."""
        _reset_peak()
        self._resumed = False
        started, cpu = perf_counter(), process_time()
        yield
        self.stages.append(
            StageCost(
                name,
                round(perf_counter() - started, 3),
                round(process_time() - cpu, 3),
                read_peak(),
                self._resumed,
            )
        )

    def mark_resumed(self) -> None:
        """Say that the running stage was taken over from a build that was stopped."""
        self._resumed = True


def read_peak() -> int:
    """Return the largest resident memory in bytes, since the last stage began where Linux can tell."""
    with suppress(OSError, ValueError, IndexError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _reset_peak() -> None:
    # Refused in some containers: then the peak is that of all stages so far.
    with suppress(OSError):
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
