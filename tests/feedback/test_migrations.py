from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from movierec.errors import FeedbackUnavailableError
from movierec.feedback import connection
from movierec.feedback.store import FeedbackStore
from movierec.feedback.tables import VERSION_TABLE, metadata

TABLES = {"feedback_event", "feedback_revision"}


@pytest.fixture
def engine(target: str) -> Iterator[sa.Engine]:
    opened = connection.create_engine(connection.resolve_url(target))
    yield opened
    opened.dispose()


def list_tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {VERSION_TABLE}


def test_up_down_up(engine: sa.Engine) -> None:
    connection.migrate(engine)
    assert list_tables(engine) == TABLES
    connection.migrate(engine)
    connection.migrate(engine, "base")
    assert list_tables(engine) == set()
    connection.migrate(engine)
    assert list_tables(engine) == TABLES


def test_the_migrations_make_the_tables_the_code_expects(engine: sa.Engine) -> None:
    connection.migrate(engine)
    with engine.connect() as opened:
        context = MigrationContext.configure(opened, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_a_store_of_a_newer_version_is_refused(engine: sa.Engine, target: str) -> None:
    connection.migrate(engine)
    with connection.begin_write(engine) as opened:
        opened.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(FeedbackUnavailableError, match="9999"):
        FeedbackStore.open(target, "toy")
