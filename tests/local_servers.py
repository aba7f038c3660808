"""The servers some tests need: they skip where one is missing, or fail where it is required."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

POSTGRES = os.environ.get("MOVIEREC_TEST_POSTGRES", "postgresql://127.0.0.1:5432/test")
RABBIT = os.environ.get("MOVIEREC_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
REDIS = os.environ.get("MOVIEREC_TEST_REDIS", "redis://127.0.0.1:6379/9")
NATS = os.environ.get("MOVIEREC_TEST_NATS", "nats://127.0.0.1:4222")


def miss(what: str) -> NoReturn:
    if os.environ.get("MOVIEREC_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what}, and MOVIEREC_REQUIRE_SERVERS=1 wants it")
    pytest.skip(what)


def need(url: str, name: str) -> str:
    """Return the address of a server that listens."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=3).close()
    except OSError:
        miss(f"no {name} at {parts.hostname}:{parts.port}")
    return url


@contextmanager
def connect_postgres() -> Iterator[sa.Engine]:
    """Connect to the PostgreSQL server in which databases can be made."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        miss("the PostgreSQL driver psycopg is not installed")
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        miss(f"no PostgreSQL server at {engine.url}")
    yield engine
    engine.dispose()


@contextmanager
def make_database(server: sa.Engine) -> Iterator[str]:
    """Make an empty database, give its address, and drop it afterwards."""
    name = f"movierec_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
