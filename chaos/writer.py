"""A program that tells feedback to a store and says what was acknowledged; trials kill or starve it.

Lines are ``+ ID`` acknowledged, ``= ID`` told again and counted once, ``- ID reason`` refused. A refused
event is told again until it is taken, as the app does; each line is one write, so that no kill tears it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import uuid

from movierec.errors import FeedbackUnavailableError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

DATASET = "chaos"
REPEAT_EVERY = 7
PAUSE_SECONDS = 0.02


def main() -> int:
    """Write ``--count`` events and return 0; 1 where refusals did not end in time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to go on after a refusal")
    parser.add_argument("--pad", type=int, default=0, help="bytes of context, to fill a disk sooner")
    parser.add_argument("--fsize", type=int, default=0, help="RLIMIT_FSIZE until the first refusal")
    options = parser.parse_args()
    store = open_store(options.target, time.monotonic() + options.patience)
    if options.fsize:
        limit_files(options.fsize)
    for number in range(options.count):
        event = FeedbackEvent(
            uuid.uuid4(),
            f"u{os.getpid()}",
            f"i{number % 50}",
            FeedbackAction.LIKE,
            context={"pad": "x" * options.pad},
        )
        end = time.monotonic() + options.patience
        while True:
            try:
                store.append(event)
                break
            except FeedbackUnavailableError as error:
                say(f"- {event.event_id} {error}")
                if time.monotonic() > end:
                    return 1
                if options.fsize:
                    limit_files(None)
                time.sleep(PAUSE_SECONDS)
        say(f"+ {event.event_id}")
        if number % REPEAT_EVERY == 0:
            repeat(store, event, end)
    return 0


def open_store(target: str, end: float) -> FeedbackStore:
    """Open the store, trying again until ``end``."""
    while True:
        try:
            return FeedbackStore.open(target, DATASET)
        except FeedbackUnavailableError as error:
            say(f"- open {error}")
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE_SECONDS)


def repeat(store: FeedbackStore, event: FeedbackEvent, end: float) -> None:
    """Tell an acknowledged event again and say whether it was known."""
    while time.monotonic() < end:
        try:
            if not store.append(event).created:
                say(f"= {event.event_id}")
            return
        except FeedbackUnavailableError:
            time.sleep(PAUSE_SECONDS)


def limit_files(size: int | None) -> None:
    """Let no file of this process grow over ``size`` bytes; None takes the limit away."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def say(line: str) -> None:
    """Write one line at once."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
