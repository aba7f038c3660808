"""What retraining remembers between attempts, and that only one runs in a home folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from movierec.artifacts.files import replace_atomically
from movierec.errors import ConfigError

STATE_NAME: Final = "state.json"
_LOCK_NAME: Final = ".lock"


class LastAttempt(BaseModel):
    """How far the last finished attempt saw.

    ``dataset_hash`` is that of the data set without feedback, ``revision`` that of the feedback store.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    dataset: str
    dataset_hash: str
    revision: int
    finished_at: datetime


def recall_attempt(folder: Path, dataset: str) -> LastAttempt | None:
    """Return the last finished attempt about a data set; None where there is none that can be read."""
    try:
        last = LastAttempt.model_validate_json((folder / STATE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
    return last if last.dataset == dataset else None


def remember_attempt(folder: Path, last: LastAttempt) -> None:
    """Write an attempt down; until then it counts as not made."""
    with replace_atomically(folder / STATE_NAME) as temporary:
        temporary.write_text(last.model_dump_json(indent=1) + "\n", encoding="utf-8")


@contextmanager
def hold_alone(folder: Path) -> Iterator[None]:
    """Keep other retrainers of the same home out; the lock ends with the process, however it ends.

    Raises ``ConfigError`` where another one runs. Windows has no such lock and goes without.
    """
    if os.name == "nt":
        yield
        return
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_NAME).open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"another `movierec retrain` works in {folder.parent}; let it finish") from None
        yield
