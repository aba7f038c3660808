"""Writers of feedback killed at any instant."""

from __future__ import annotations

import random
import time
from typing import Final

from chaos.ledger import Ledger, audit, start_writer
from chaos.trial import Ground, Outcome, Trial

WRITERS: Final = 3


def run(ground: Ground) -> Outcome:
    """Kill three writers at a moment of chance, round after round, on one SQLite file."""
    rounds = ground.scale(30, least=2)
    target = str(ground.folder / "feedback.sqlite3")
    ledger = Ledger()
    moments = random.Random(7)  # noqa: S311 - chance, not secrecy
    extra = 0
    for number in range(rounds):
        writers = [start_writer(target) for _ in range(WRITERS)]
        heads = [writer.stdout.readline() for writer in writers if writer.stdout]
        time.sleep(moments.uniform(0.0, 0.6))
        for writer in writers:
            writer.kill()
        for writer, head in zip(writers, heads, strict=True):
            rest, _ = writer.communicate(timeout=60)
            ledger.read(head + rest)
        found = audit(target, ledger)
        extra = max(extra, found.extra)
        if not found.exact or found.extra > WRITERS * (number + 1):
            break
    else:
        number = rounds
    figures = {
        "rounds": rounds,
        "rounds survived": number,
        "writers killed": rounds * WRITERS,
        "events acknowledged": ledger.acknowledged,
        "of those stored": ledger.acknowledged - found.lost,
        "stored, killed before the answer": found.extra,
        "told twice, counted once": ledger.repeated,
        "stored twice": found.twice,
        "writers out of order": found.disordered,
    }
    return Outcome(number == rounds, figures)


KILLS: Final = Trial(
    "feedback-kills",
    "Acknowledged feedback survives kill -9 at any instant, with several writers at once.",
    run,
)
