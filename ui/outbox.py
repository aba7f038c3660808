"""What viewers said and the API has not stored yet, kept on disk so that no closed tab loses it."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from ui.api_client import FeedbackEvent
from ui.models import Movie

FILE_NAME: Final = "ui_outbox.sqlite3"
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS outbox (sequence INTEGER PRIMARY KEY, api TEXT NOT NULL, "
    "user_id TEXT NOT NULL, event_id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, movie TEXT NOT NULL, "
    "refused TEXT)"
)
_EVENT: Final = TypeAdapter(FeedbackEvent)
_MOVIE: Final = TypeAdapter(Movie)


@dataclass(frozen=True, slots=True)
class Kept:
    """An event on its way and the film it is about, so that it can be shown before it is stored."""

    event: FeedbackEvent
    movie: Movie


class Outbox:
    """Events for one API, oldest first; several threads may use it.

    Parameters
    ----------
    path : the SQLite file, made where missing; None keeps everything in memory
    api : address of the API, so that events never reach another one
    """

    def __init__(self, path: Path | None, api: str) -> None:
        self._api = api
        self._lock = threading.Lock()
        place = ":memory:"
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            place = str(path)
        self._database = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=5.0)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(_TABLE)

    @classmethod
    def open(cls, api: str, environment: Mapping[str, str] = os.environ) -> Outbox:
        """Return the outbox in ``MOVIEREC_HOME`` (or ``data``); in memory where it cannot be written."""
        home = Path(environment.get("MOVIEREC_HOME") or "data")
        try:
            return cls(home / FILE_NAME, api)
        except (OSError, sqlite3.Error):
            return cls(None, api)

    def keep(self, event: FeedbackEvent, movie: Movie) -> None:
        """Write an event down; it is on the disk when this returns."""
        row = (self._api, event.user_id, event.event_id, json.dumps(asdict(event)), json.dumps(asdict(movie)))
        with self._using() as database:
            database.execute(
                "INSERT OR IGNORE INTO outbox (api, user_id, event_id, event, movie) VALUES (?, ?, ?, ?, ?)",
                row,
            )

    def forget(self, event_id: str) -> None:
        """Drop an event the API has stored."""
        with self._using() as database:
            database.execute("DELETE FROM outbox WHERE event_id = ?", (event_id,))

    def refuse(self, event_id: str, why: str) -> None:
        """Note that the API will never take this event."""
        with self._using() as database:
            database.execute("UPDATE outbox SET refused = ? WHERE event_id = ?", (why, event_id))

    def waiting(self, user_id: str | None = None) -> tuple[Kept, ...]:
        """Return what is still to be sent, of one viewer or of all."""
        with self._using() as database:
            rows = database.execute(
                "SELECT event, movie FROM outbox WHERE api = ? AND refused IS NULL "
                "AND (? IS NULL OR user_id = ?) ORDER BY sequence",
                (self._api, user_id, user_id),
            ).fetchall()
        return tuple(Kept(_EVENT.validate_json(event), _MOVIE.validate_json(movie)) for event, movie in rows)

    def take_refused(self, user_id: str) -> dict[str, str]:
        """Return event id → reason of what was refused, once."""
        with self._using() as database:
            rows = database.execute(
                "DELETE FROM outbox WHERE api = ? AND user_id = ? AND refused IS NOT NULL "
                "RETURNING event_id, refused",
                (self._api, user_id),
            ).fetchall()
        return dict(rows)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._database
