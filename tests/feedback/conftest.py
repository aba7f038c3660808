import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from local_servers import connect_postgres, make_database

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.Engine]:
    with connect_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: sa.Engine) -> Iterator[str]:
    with make_database(postgres_server) as url:
        yield url


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
