import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import pytest
import sqlalchemy as sa

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

POSTGRES = os.environ.get("MOVIEREC_TEST_POSTGRES", "postgresql://127.0.0.1:5432/test")


def _miss(what: str) -> NoReturn:
    if os.environ.get("MOVIEREC_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what}, and MOVIEREC_REQUIRE_SERVERS=1 wants it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.Engine]:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        _miss("the PostgreSQL driver psycopg is not installed")
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        _miss(f"no PostgreSQL server at {engine.url}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_url(postgres_server: sa.Engine) -> Iterator[str]:
    name = f"movierec_{uuid.uuid4().hex}"
    with postgres_server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield postgres_server.url.set(database=name).render_as_string(hide_password=False)
    with postgres_server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "home" / "feedback.sqlite3")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock() -> Callable[[], datetime]:
    ticks = iter(range(1_000_000))
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks), microseconds=123_457)


@pytest.fixture
def store(target: str, clock: Callable[[], datetime]) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(target, "toy", clock) as opened:
        yield opened


@pytest.fixture
def tell(store: FeedbackStore) -> Callable[..., UUID]:
    def append(action: str, item: str = "i", user: str = "u", undoes: UUID | None = None) -> UUID:
        event = FeedbackEvent(uuid.uuid4(), user, item, FeedbackAction(action), undoes)
        assert store.append(event).created
        return event.event_id

    return append
