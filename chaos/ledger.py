"""What writers said they were told, set against what a store holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos.report import ROOT
from chaos.writer import DATASET
from movierec.feedback.store import FeedbackStore


@dataclass
class Ledger:
    """Acknowledgements of many writers; ``told`` keeps each writer's own order."""

    told: list[list[str]] = field(default_factory=list)
    refused: int = 0
    repeated: int = 0

    @property
    def acknowledged(self) -> int:
        """How many events were acknowledged."""
        return sum(map(len, self.told))

    def read(self, output: bytes) -> None:
        """Take over what one writer said; a last line that a kill cut off does not count."""
        own: list[str] = []
        for line in output.decode().splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            if line[0] == "+":
                own.append(line[2:].strip())
            self.refused += line[0] == "-"
            self.repeated += line[0] == "="
        self.told.append(own)


@dataclass(frozen=True)
class Audit:
    """A store set against a ledger.

    Attributes
    ----------
    stored : events in the store
    lost : acknowledged events that are not in it
    extra : stored events that nobody acknowledged
    twice : events stored more than once
    disordered : writers whose events do not stand in the order in which they were acknowledged
    sound : whether the numbers run without a gap and SQLite finds its file in order
    """

    stored: int
    lost: int
    extra: int
    twice: int
    disordered: int
    sound: bool

    @property
    def exact(self) -> bool:
        """Whether nothing acknowledged is missing, doubled or out of order."""
        return not (self.lost or self.twice or self.disordered) and self.sound


def audit(target: str, ledger: Ledger) -> Audit:
    """Read a store from its first event to its last."""
    with FeedbackStore.open(target, DATASET) as store:
        stored = [str(event.event_id) for event in store.events()]
        whole = store.revision() == len(stored) and check_file(target)
    place = {event_id: number for number, event_id in enumerate(stored)}
    told = {event_id for own in ledger.told for event_id in own}
    disordered = 0
    for own in ledger.told:
        places = [place[event_id] for event_id in own if event_id in place]
        disordered += places != sorted(places)
    return Audit(
        len(stored),
        len(told - place.keys()),
        len(place.keys() - told),
        len(stored) - len(place),
        disordered,
        whole,
    )


def check_file(target: str) -> bool:
    """Return whether SQLite finds a file of its own in order; True for any other database."""
    if "://" in target:
        return True
    import pysqlite3.dbapi2 as sqlite

    connection = sqlite.connect(target)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()


def start_writer(target: str | Path, *options: str, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a writer; ``prefix`` is a program to run it under."""
    command = [*prefix, sys.executable, "-m", "chaos.writer", str(target), *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    return subprocess.Popen(
        command,
        bufsize=0,  # whoever reads the first lines must not swallow those behind them
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
