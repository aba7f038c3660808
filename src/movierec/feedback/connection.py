"""Opening the database of the feedback store and bringing its tables up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from movierec.errors import ConfigError, FeedbackUnavailableError

BUSY_SECONDS: Final = 5
FIRST_SAFE_WAL: Final = (3, 51, 3)
_MIGRATION_LOCK: Final = 7_303_014


def resolve_url(target: str | Path) -> URL:
    """Return the database URL for a SQLAlchemy URL or the path of a SQLite file."""
    if isinstance(target, Path) or "://" not in target:
        return URL.create("sqlite", database=str(target))
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        raise ConfigError("database_url must be a SQLAlchemy URL such as postgresql://host/name") from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigError(f"database_url must name sqlite or postgresql, got {backend!r}")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError("database_url must name a file for sqlite: feedback has to survive a restart")
    return url


def create_engine(url: URL) -> Engine:
    """Return an engine that threads can share.

    SQLite runs in WAL mode and reports a commit only once it is on the disk. Its library comes with
    ``pysqlite3``: versions up to 3.51.2, which systems still ship, can corrupt a WAL shared by two
    connections. A ``pysqlite3`` that was linked to such a version keeps a rollback journal instead.
    """
    if url.get_backend_name() == "postgresql":
        options = f"-c lock_timeout={BUSY_SECONDS * 1000} -c synchronous_commit=on"
        try:
            return sa.create_engine(
                url, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_SECONDS, "options": options}
            )
        except (ModuleNotFoundError, NoSuchModuleError):
            raise ConfigError(
                "a postgresql database_url needs a driver: pip install psycopg[binary], or movierec[cluster]"
            ) from None
    import pysqlite3.dbapi2 as sqlite  # only here: PostgreSQL users need not have it

    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"), module=sqlite, connect_args={"timeout": BUSY_SECONDS}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would otherwise open transactions by its own rules
        journal = choose_journal(sqlite.sqlite_version_info)
        for pragma in (f"journal_mode={journal}", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def choose_journal(version: tuple[int, ...]) -> str:
    """Return the journal mode that several connections of an SQLite version can share safely.

    The WAL-reset bug is in 3.7.0 to 3.51.2: see https://sqlite.org/wal.html
    """
    return "WAL" if version >= FIRST_SAFE_WAL else "DELETE"


@contextmanager
def begin_write(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that holds the write lock from its start."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def migrate(engine: Engine, revision: str = "head", *, down: bool = False) -> None:
    """Bring the tables up to a revision, or ``down`` to one; processes that open the store take turns."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", "movierec.feedback:migrations")
    with begin_write(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        if down:
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


@contextmanager
def report_plainly(engine: Engine, doing: str) -> Iterator[None]:
    """Turn any failure of the database into ``FeedbackUnavailableError`` with one line for people."""
    try:
        yield
    except (SQLAlchemyError, CommandError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        where = engine.url.database if engine.dialect.name == "sqlite" else engine.url.host or "local socket"
        raise FeedbackUnavailableError(
            f"the feedback store ({engine.dialect.name}, {where}) could not {doing}: {lines[0]}"
        ) from error
