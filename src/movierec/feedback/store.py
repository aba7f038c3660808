"""The append-only store of feedback: what it has acknowledged survives a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from movierec.errors import (
    ConfigError,
    FeedbackConflictError,
    FeedbackErasedError,
    UnknownFeedbackError,
)
from movierec.feedback.connection import begin_write, create_engine, migrate, report_plainly, resolve_url
from movierec.feedback.events import FeedbackAction, FeedbackEvent, StoredFeedback, select_in_force
from movierec.feedback.glance import Glance
from movierec.feedback.rows import event_to_row, normalise_id, row_to_event, to_microseconds
from movierec.feedback.tables import feedback_erasure, feedback_event, feedback_revision

_PAGE: Final = 1000
_SAID: Final = ("user_id", "item_id", "action", "undoes")


class FeedbackStore:
    """Feedback about one data set, in SQLite or PostgreSQL; open it with :meth:`open`.

    Several threads and several processes may use the same database at once. Every method raises
    ``FeedbackUnavailableError`` where the database fails. ``glance`` reads what can be read without waiting.
    """

    def __init__(self, engine: Engine, dataset: str, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._dataset = dataset
        self._clock = clock
        self._write_lock = threading.Lock()
        self.glance = Glance(engine, dataset)

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        dataset: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Open the store and bring its tables up to date.

        Parameters
        ----------
        url_or_path : a SQLAlchemy URL (sqlite or postgresql), or the path of a SQLite file
        dataset : name of the data set the ids belong to; events of others are neither seen nor touched
        clock : where the server time comes from; timezone-aware
        """
        dataset = normalise_id("dataset", dataset)
        url = resolve_url(url_or_path)
        engine = create_engine(url)
        store = cls(engine, dataset, clock)
        try:
            with report_plainly(engine, "be opened"):
                migrate(engine)
                with begin_write(engine) as connection:
                    store._insert_new(connection, feedback_revision, {"dataset": dataset, "revision": 0})
        except BaseException:
            engine.dispose()
            raise
        return store

    def append(self, event: FeedbackEvent, accepted: datetime | None = None) -> StoredFeedback:
        """Store an event and return it with its server time; it is on the disk when this returns.

        Telling the same event again (same ``event_id``, user, item, action and ``undoes``) changes nothing
        and returns the stored one.

        Parameters
        ----------
        accepted : when the server took an event that reaches the store later than that, as through a broker.
            Such events may come in any order and any number of times with the same outcome: each stands at
            the earliest moment it was accepted, and an undo may come before what it takes back. Without it
            the event follows everything its viewer has said, whatever the clock does.

        Raises ``FeedbackConflictError`` where the ``event_id`` belongs to
        another event or an undo is to be undone, ``UnknownFeedbackError`` where ``undoes`` names no event
        of this user about this item, ``FeedbackErasedError`` where the viewer was erased since the event was
        accepted, ``ConfigError`` for values that cannot be stored.
        """
        row = event_to_row(event, accepted or self._clock())
        with self._writing("take an event") as connection:
            sequence = self._lock_revision(connection) + 1
            if accepted is not None:
                self._check_erasure(connection, row)
            stored = self._find(connection, event.event_id)
            created = stored is None
            if stored is None:
                if accepted is None:
                    self._check_undo(connection, event, row)
                    self._put_last(connection, [row])
                values = {**row, "dataset": self._dataset, "sequence": sequence}
                self._insert_new(connection, feedback_event, values)
                stored = self._find(connection, event.event_id)
                self._set_revision(connection, sequence)
            elif accepted is not None and self._says(stored, row) and row["accepted_us"] < stored.accepted_us:
                self._move(connection, row)
                stored = self._find(connection, event.event_id)
                self._set_revision(connection, sequence)
        if stored is None or not self._says(stored, row):
            raise FeedbackConflictError(f"event_id {event.event_id} belongs to another event; use a new one")
        return StoredFeedback(row_to_event(stored), created)

    def append_all(self, events: Sequence[FeedbackEvent]) -> int:
        """Store many new events at once, all or none, and return how many there were.

        Every ``event_id`` must be new and no event may be an undo; raises ``ConfigError`` for values that
        cannot be stored.
        """
        if any(event.action is FeedbackAction.UNDO for event in events):
            raise ConfigError("events must not hold an undo; send it by itself")
        now = self._clock()
        rows = [event_to_row(event, now) for event in events]
        if not rows:
            return 0
        with self._writing("take many events") as connection:
            revision = self._lock_revision(connection)
            self._put_last(connection, rows)
            for place, row in enumerate(rows, start=1):
                row |= {"dataset": self._dataset, "sequence": revision + place}
            connection.execute(sa.insert(feedback_event), rows)
            self._set_revision(connection, revision + len(rows))
        return len(rows)

    def in_force(self, user_id: str) -> tuple[FeedbackEvent, ...]:
        """Return the likes, dislikes, ratings and saves of a user that stand, newest first."""
        return select_in_force(self.events(user_id))

    def recent(self, since: datetime, limit: int = 20_000) -> tuple[FeedbackEvent, ...]:
        """Return what all users said from a moment on and that stands, newest first.

        At most the newest ``limit`` events are looked at, so that one answer stays quick. Imported ratings
        are left out: they tell of other days.
        """
        columns = feedback_event.c
        earliest = to_microseconds("since", since)
        query = (
            sa.select(feedback_event)
            .where(columns.dataset == self._dataset, columns.server_time_us >= earliest)
            .where(columns.action != FeedbackAction.RATE.value)
            .order_by(columns.accepted_us.desc(), columns.sequence.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            # Row by row: thousands of rows beside their events would be the largest thing the API holds.
            events = [row_to_event(row) for row in connection.execute(query)]
        timelines: dict[str, list[FeedbackEvent]] = {}
        for event in reversed(events):
            timelines.setdefault(event.user_id, []).append(event)
        standing = {event.event_id for own in timelines.values() for event in select_in_force(own)}
        return tuple(event for event in events if event.event_id in standing)

    def events(self, user_id: str | None = None) -> Iterator[FeedbackEvent]:
        """Yield all events, or those of one user, in server order."""
        columns = feedback_event.c
        chosen = sa.select(feedback_event).where(columns.dataset == self._dataset)
        if user_id is not None:
            chosen = chosen.where(columns.user_id == normalise_id("user_id", user_id))
        place = sa.tuple_(columns.accepted_us, columns.sequence)
        page = chosen.order_by(columns.accepted_us, columns.sequence).limit(_PAGE)
        last = sa.tuple_(sa.literal(-1), sa.literal(-1))
        while True:
            with self._reading() as connection:
                rows = connection.execute(page.where(place > last)).all()
            for row in rows:
                yield row_to_event(row)
            if len(rows) < _PAGE:
                return
            last = sa.tuple_(sa.literal(rows[-1].accepted_us), sa.literal(rows[-1].sequence))

    def users(self) -> list[str]:
        """Return the ids of the users with events, sorted."""
        columns = feedback_event.c
        query = sa.select(columns.user_id).where(columns.dataset == self._dataset).distinct()
        with self._reading() as connection:
            return sorted(connection.execute(query).scalars())

    def delete_user(
        self, user_id: str, action: FeedbackAction | None = None, until: datetime | None = None
    ) -> int:
        """Erase a user's events, with ``action`` only those and their undos; return how many there were.

        Parameters
        ----------
        until : events accepted up to then, which may still be on their way through a broker, will not be
            stored either, whatever their action; their viewer's id and the moment are kept for that
        """
        columns = feedback_event.c
        user_id = normalise_id("user_id", user_id)
        own = (columns.dataset == self._dataset, columns.user_id == user_id)
        statement = sa.delete(feedback_event).where(*own)
        if action is not None:
            chosen = sa.select(columns.event_id).where(*own, columns.action == action.value)
            statement = statement.where((columns.action == action.value) | columns.undoes.in_(chosen))
        with self._writing("erase a user") as connection:
            sequence = self._lock_revision(connection) + 1
            erased = connection.execute(statement).rowcount
            if until is not None:
                self._note_erasure(connection, user_id, to_microseconds("until", until))
            if erased:
                self._set_revision(connection, sequence)
        return erased

    def revision(self) -> int:
        """Return the number of the last change; equal numbers mean equal content."""
        query = sa.select(feedback_revision.c.revision).where(feedback_revision.c.dataset == self._dataset)
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def close(self) -> None:
        """Let go of the database."""
        self.glance.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        with (
            self._write_lock,
            report_plainly(self._engine, doing),
            begin_write(self._engine) as connection,
        ):
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with report_plainly(self._engine, "be read"), self._engine.connect() as connection:
            yield connection

    def _says(self, stored: Any, row: dict[str, Any]) -> bool:
        """Tell whether a stored row is the event of ``row``."""
        return bool(
            stored.dataset == self._dataset and all(getattr(stored, name) == row[name] for name in _SAID)
        )

    def _put_last(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Let rows follow everything their viewers said; a clock that was set back must not reorder it."""
        columns = feedback_event.c
        viewers = {row["user_id"] for row in rows}
        query = (
            sa.select(columns.user_id, sa.func.max(columns.accepted_us))
            .where(columns.dataset == self._dataset, columns.user_id.in_(viewers))
            .group_by(columns.user_id)
        )
        last = {user_id: int(accepted_us) for user_id, accepted_us in connection.execute(query)}
        for row in rows:
            row["accepted_us"] = max(row["accepted_us"], last.get(row["user_id"], 0))

    def _move(self, connection: Connection, row: dict[str, Any]) -> None:
        """Give a stored event the earlier moment of ``row``."""
        times = {name: row[name] for name in ("server_time_us", "accepted_us")}
        own = feedback_event.c.event_id == row["event_id"]
        connection.execute(sa.update(feedback_event).where(own).values(times))

    def _note_erasure(self, connection: Connection, user_id: str, moment: int) -> None:
        values = {"dataset": self._dataset, "user_id": user_id, "erased_us": moment}
        self._insert_new(connection, feedback_erasure, values)
        columns = feedback_erasure.c
        own = (columns.dataset == self._dataset, columns.user_id == user_id, columns.erased_us < moment)
        connection.execute(sa.update(feedback_erasure).where(*own).values(erased_us=moment))

    def _check_erasure(self, connection: Connection, row: dict[str, Any]) -> None:
        columns = feedback_erasure.c
        query = sa.select(columns.erased_us).where(
            columns.dataset == self._dataset, columns.user_id == row["user_id"]
        )
        erased = connection.execute(query).scalar_one_or_none()
        if erased is not None and row["accepted_us"] <= erased:
            raise FeedbackErasedError(f"event_id {row['event_id']} was accepted before its viewer was erased")

    def _lock_revision(self, connection: Connection) -> int:
        """Return the revision and keep other writers out, so that server order is commit order."""
        query = sa.select(feedback_revision.c.revision).where(feedback_revision.c.dataset == self._dataset)
        return int(connection.execute(query.with_for_update()).scalar_one())

    def _set_revision(self, connection: Connection, revision: int) -> None:
        statement = sa.update(feedback_revision).where(feedback_revision.c.dataset == self._dataset)
        connection.execute(statement.values(revision=revision))

    def _find(self, connection: Connection, event_id: UUID) -> Any:
        query = sa.select(feedback_event).where(feedback_event.c.event_id == str(event_id))
        return connection.execute(query).one_or_none()

    def _check_undo(self, connection: Connection, event: FeedbackEvent, row: dict[str, Any]) -> None:
        if event.undoes is None:
            return
        target = self._find(connection, event.undoes)
        wanted = (self._dataset, row["user_id"], row["item_id"])
        if target is None or (target.dataset, target.user_id, target.item_id) != wanted:
            raise UnknownFeedbackError(
                f"undoes must name an event of this user about this item, got {event.undoes}"
            )
        if target.action == FeedbackAction.UNDO:
            raise FeedbackConflictError("an undo cannot be taken back; send the like, dislike or save again")

    def _insert_new(self, connection: Connection, table: sa.Table, values: dict[str, Any]) -> None:
        """Insert a row unless its key is taken, also by a transaction that ends only now."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(table).values(values).on_conflict_do_nothing())
