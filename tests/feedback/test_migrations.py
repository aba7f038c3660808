from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from movierec.errors import FeedbackUnavailableError
from movierec.feedback import connection
from movierec.feedback.events import FeedbackAction, FeedbackEvent
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
    connection.migrate(engine, "base", down=True)
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


def test_events_of_an_older_store_are_kept_and_ratings_go_when_it_is_taken_back(
    engine: sa.Engine, target: str
) -> None:
    row = (
        "INSERT INTO feedback_event (dataset, sequence, event_id, user_id, item_id, action, server_time_us, "
        "context) VALUES ('toy', 1, '6f1c1a52-7d0f-4f5b-9b43-0c8a3f6f2b11', 'u', 'i', 'like', 1, '{}')"
    )
    connection.migrate(engine, "0001")
    with connection.begin_write(engine) as opened:
        opened.execute(sa.text(row))
        opened.execute(sa.text("INSERT INTO feedback_revision VALUES ('toy', 1)"))
    with FeedbackStore.open(target, "toy") as store:
        (like,) = store.events()
        assert (like.user_id, like.action, like.rating) == ("u", FeedbackAction.LIKE, None)
        rated = FeedbackEvent(uuid4(), "u", "j", FeedbackAction.RATE, rating=3.5)
        assert store.append(rated).created
        store.append(FeedbackEvent(uuid4(), "u", "j", FeedbackAction.UNDO, rated.event_id))
    connection.migrate(engine, "0001", down=True)
    with engine.connect() as opened:
        assert list(opened.execute(sa.text("SELECT action FROM feedback_event")).scalars()) == ["like"]
    connection.migrate(engine)
    with FeedbackStore.open(target, "toy") as store:
        assert tuple(store.events()) == (like,)


def test_the_database_itself_refuses_stars_out_of_range(engine: sa.Engine) -> None:
    connection.migrate(engine)
    row = (
        "INSERT INTO feedback_event (dataset, sequence, event_id, user_id, item_id, action, "
        "server_time_us, context, rating) "
        "VALUES ('toy', 1, '6f1c1a52-7d0f-4f5b-9b43-0c8a3f6f2b11', 'u', 'i', 'rate', 1, '{}', "
    )
    for rating in ("NULL", "0", "5.5"):
        with pytest.raises(sa.exc.IntegrityError), connection.begin_write(engine) as opened:
            opened.execute(sa.text(f"{row}{rating})"))
