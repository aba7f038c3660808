"""Copies of an SQLite feedback store, made and put back while others may read and write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from movierec.artifacts.files import replace_atomically
from movierec.errors import ConfigError, FeedbackUnavailableError

BUSY_SECONDS: Final = 30


def back_up(store: Path, target: Path) -> int:
    """Write a consistent copy of a store to ``target`` and return how many events it holds.

    Uses SQLite's online backup, so writers need not stop: the copy is the store at one moment. The file
    appears whole or not at all. Raises ``FeedbackUnavailableError`` where the store cannot be read.
    """
    if not store.is_file():
        raise FeedbackUnavailableError(f"there is no feedback store to copy at {store}")
    if target.exists() and target.samefile(store):
        raise ConfigError(f"target must be another file than the store, got {target}")
    with replace_atomically(target) as temporary:
        _copy(store, temporary)
        return count_events(temporary)


def restore(copy: Path, store: Path) -> int:
    """Make a store what a copy holds, in one transaction, and return how many events that are.

    Raises ``ConfigError`` where the copy is no sound feedback store; the store is then left as it was.
    """
    if not copy.is_file():
        raise ConfigError(f"there is no copy at {copy}")
    try:
        count = count_events(copy)
    except FeedbackUnavailableError as error:
        raise ConfigError(str(error)) from error
    store.parent.mkdir(parents=True, exist_ok=True)
    _copy(copy, store)
    return count


def count_events(path: Path) -> int:
    """Return how many events a store holds; raises ``FeedbackUnavailableError`` where it is not sound."""
    import pysqlite3.dbapi2 as sqlite

    connection = _open(path)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()
        if verdict != ("ok",):
            raise FeedbackUnavailableError(f"{path} is a damaged SQLite file")
        return int(connection.execute("SELECT count(*) FROM feedback_event").fetchone()[0])
    except sqlite.Error as error:
        raise FeedbackUnavailableError(f"{path} is no feedback store: {error}") from error
    finally:
        connection.close()


def _copy(source: Path, target: Path) -> None:
    import pysqlite3.dbapi2 as sqlite

    reader, writer = _open(source), _open(target)
    try:
        reader.backup(writer)
        # The copy of a store in WAL mode says so, too; a single file is what people can carry about.
        writer.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite.Error as error:
        raise FeedbackUnavailableError(f"{source} could not be copied to {target}: {error}") from error
    finally:
        writer.close()
        reader.close()


def _open(path: Path) -> Any:
    import pysqlite3.dbapi2 as sqlite

    return sqlite.connect(str(path), timeout=BUSY_SECONDS)
