from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from movierec.errors import FeedbackUnavailableError
from movierec.feedback import connection
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore
from movierec.feedback.tables import VERSION_TABLE, metadata

TABLES = {
    "catalogue_film",
    "catalogue_release",
    "feedback_erasure",
    "feedback_event",
    "feedback_revision",
}


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


def test_up_down_and_up_again_with_data(engine: sa.Engine, target: str) -> None:
    def tell(store: FeedbackStore, action: str, item: str, **more: object) -> FeedbackEvent:
        return store.append(FeedbackEvent(uuid4(), "u", item, FeedbackAction(action), **more)).event

    with FeedbackStore.open(target, "toy") as store, FeedbackStore.open(target, "other") as other:
        like = tell(store, "like", "a")
        tell(store, "dislike", "a")
        tell(store, "save", "b", context={"page": "home"})
        tell(store, "undo", "a", undoes=like.event_id)
        # Stored last, accepted first: what the older code calls order has to say so.
        late = FeedbackEvent(uuid4(), "u", "c", FeedbackAction.LIKE)
        store.append(late, accepted=datetime(2020, 1, 1, tzinfo=UTC))
        tell(other, "like", "a")
        store.delete_user("gone", until=datetime(2026, 1, 1, tzinfo=UTC))
        told, revision, others = list(store.events()), store.revision(), list(other.events())
    assert told[0].event_id == late.event_id
    for revision_id in ("0002", "0001"):
        connection.migrate(engine, revision_id, down=True)
        with engine.connect() as opened:
            rows = opened.execute(
                sa.text("SELECT event_id FROM feedback_event WHERE dataset = 'toy' ORDER BY sequence")
            )
            assert [UUID(text) for text in rows.scalars()] == [event.event_id for event in told]
        connection.migrate(engine)
        with FeedbackStore.open(target, "toy") as store, FeedbackStore.open(target, "other") as other:
            assert (list(store.events()), store.revision(), list(other.events())) == (told, revision, others)
            assert [event.item_id for event in store.in_force("u")] == ["b", "a", "c"]
    connection.migrate(engine, "base", down=True)
    assert list_tables(engine) == set()
    with FeedbackStore.open(target, "toy") as store:
        assert (list(store.events()), store.revision()) == ([], 0)
        tell(store, "like", "a")


def test_older_events_keep_their_order_whatever_their_clock_said(engine: sa.Engine, target: str) -> None:
    connection.migrate(engine, "0002")
    with connection.begin_write(engine) as opened:
        for sequence, moment in enumerate((5, 9, 7, 7), start=1):
            opened.execute(
                sa.text(
                    "INSERT INTO feedback_event (dataset, sequence, event_id, user_id, item_id, action, "
                    f"server_time_us, context) VALUES ('toy', {sequence}, '{uuid4()}', 'u', 'i{sequence}', "
                    f"'like', {moment}, '{{}}')"
                )
            )
        opened.execute(sa.text("INSERT INTO feedback_revision VALUES ('toy', 4)"))
    with FeedbackStore.open(target, "toy") as store:
        assert [event.item_id for event in store.events()] == ["i1", "i2", "i3", "i4"]
        assert [event.item_id for event in store.in_force("u")] == ["i4", "i3", "i2", "i1"]


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
