"""A look at a viewer's feedback that takes microseconds and never waits, for the thread that answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy.engine import Engine

from movierec.feedback.events import FeedbackEvent, select_in_force
from movierec.feedback.rows import normalise_id, row_to_event

MOST_EVENTS: Final = 100
"""Whoever said more is read by a thread of its own: parsing takes some ten microseconds an event."""

_REVISION: Final = "SELECT revision FROM feedback_revision WHERE dataset = ?"


class _Row(NamedTuple):
    """The columns :func:`row_to_event` reads."""

    event_id: str
    user_id: str
    item_id: str
    action: str
    undoes: str | None
    server_time_us: int
    client_time_us: int | None
    context: str
    rating: float | None


_EVENTS: Final = (
    f"SELECT {', '.join(_Row._fields)} FROM feedback_event "  # noqa: S608  # nosec B608 - names of our own
    f"WHERE dataset = ? AND user_id = ? ORDER BY accepted_us, sequence LIMIT {MOST_EVENTS + 1}"
)


class Glance:
    """Reads SQLite through a connection of its own, beside the pool that everything else uses.

    Every answer may be None: somebody holds a lock, there is too much to read at once, or the file cannot be
    read. Then the store itself is to be asked, which waits, or says what is wrong.

    Parameters
    ----------
    engine : of the store; for anything but SQLite every answer is None
    dataset : name of the data set, in normal form
    """

    def __init__(self, engine: Engine, dataset: str) -> None:
        self._path = engine.url.database if engine.dialect.name == "sqlite" else None
        self._dataset = dataset
        self._lock = threading.Lock()
        self._connection: Any = None

    def revision(self) -> int | None:
        """Return the number of the last change."""
        rows = self._ask(_REVISION, self._dataset)
        return None if not rows else int(rows[0][0])

    def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...] | None:
        """Return what stands of what a viewer said, newest first."""
        rows = self._ask(_EVENTS, self._dataset, normalise_id("user_id", user_id))
        if rows is None or len(rows) > MOST_EVENTS:
            return None
        return select_in_force(row_to_event(_Row(*row)) for row in rows) if rows else ()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._drop()
            self._path = None

    def _ask(self, statement: str, *values: str) -> list[Any] | None:
        if self._path is None or not self._lock.acquire(blocking=False):
            return None
        try:
            if self._connection is None:
                self._connection = _connect(self._path)
            rows: list[Any] = self._connection.execute(statement, values).fetchall()
        except Exception:  # whatever it is: the store meets it, too, and reports it
            self._drop()
            return None
        finally:
            self._lock.release()
        return rows

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connect(path: str) -> Any:
    """Return a connection that gives up at once where it would have to wait."""
    import pysqlite3.dbapi2 as sqlite  # only here: PostgreSQL users need not have it

    # By its address: a plain path would make a file that is gone anew, and empty.
    address = f"{Path(path).absolute().as_uri()}?mode=rw"
    connection = sqlite.connect(address, uri=True, timeout=0.0, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON").close()
    return connection
