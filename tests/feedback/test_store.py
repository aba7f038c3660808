"""One contract for the feedback store, on every database it supports."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from movierec.errors import (
    ConfigError,
    FeedbackConflictError,
    FeedbackUnavailableError,
    UnknownFeedbackError,
)
from movierec.feedback import connection
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

Tell = Callable[..., UUID]


def new_event(**changes: object) -> FeedbackEvent:
    event = FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE)
    return replace(event, **changes)  # type: ignore[arg-type]


def test_an_event_comes_back_as_it_was_told(store: FeedbackStore) -> None:
    told = new_event(
        user_id="Ünï 漢字",
        client_time=datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone(timedelta(hours=5))),
        context={"page": "home", "Ключ": "\N{CLAPPER BOARD}"},
    )
    stored = store.append(told)
    assert stored.created
    assert replace(stored.event, server_time=None) == told
    assert stored.event.server_time == datetime(2026, 1, 1, 0, 0, 0, 123_457, tzinfo=UTC)
    assert list(store.events()) == [stored.event]


def test_telling_the_same_event_again_changes_nothing(store: FeedbackStore) -> None:
    first = store.append(new_event())
    again = store.append(replace(first.event, server_time=None, context={"retry": "yes"}))
    assert not again.created
    assert again.event == first.event
    assert len(list(store.events())) == 1
    assert store.revision() == 1


@pytest.mark.parametrize(
    "change", [{"user_id": "v"}, {"item_id": "j"}, {"action": FeedbackAction.DISLIKE}], ids=str
)
def test_an_event_id_cannot_mean_two_things(store: FeedbackStore, change: dict[str, object]) -> None:
    first = store.append(new_event()).event
    with pytest.raises(FeedbackConflictError, match=str(first.event_id)):
        store.append(replace(first, **change))  # type: ignore[arg-type]
    assert list(store.events()) == [first]


def test_a_later_opinion_replaces_an_earlier_one_and_a_save_stands_beside_it(
    store: FeedbackStore, tell: Tell
) -> None:
    tell("like")
    save = tell("save")
    dislike = tell("dislike")
    other = tell("like", item="j")
    assert [event.event_id for event in store.in_force("u")] == [other, dislike, save]


def test_undo_brings_back_what_was_replaced(store: FeedbackStore, tell: Tell) -> None:
    like = tell("like")
    dislike = tell("dislike")
    tell("undo", undoes=dislike)
    assert [event.event_id for event in store.in_force("u")] == [like]
    tell("undo", undoes=like)
    assert store.in_force("u") == ()
    assert len(list(store.events("u"))) == 4


def test_undo_must_name_an_event_of_the_same_user_and_item(store: FeedbackStore, tell: Tell) -> None:
    like = tell("like")
    for changes in (
        {"undoes": uuid.uuid4()},
        {"user_id": "v", "undoes": like},
        {"item_id": "j", "undoes": like},
    ):
        with pytest.raises(UnknownFeedbackError, match="undoes"):
            store.append(new_event(action=FeedbackAction.UNDO, **changes))
    assert store.revision() == 1


def test_recent_is_what_stands_of_all_users_newest_first(store: FeedbackStore, tell: Tell) -> None:
    like = tell("like")
    dislike = tell("dislike", item="j")
    tell("undo", undoes=dislike, item="j")
    other = store.append(new_event(user_id="v")).event
    assert [event.event_id for event in store.recent(datetime(2025, 1, 1, tzinfo=UTC))] == [
        other.event_id,
        like,
    ]
    assert other.server_time is not None
    assert store.recent(other.server_time) == (other,)
    assert store.recent(other.server_time + timedelta(seconds=1)) == ()


def test_an_undo_cannot_be_undone(store: FeedbackStore, tell: Tell) -> None:
    undo = tell("undo", undoes=tell("like"))
    with pytest.raises(FeedbackConflictError, match="undo"):
        store.append(new_event(action=FeedbackAction.UNDO, undoes=undo))


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": ""},
        {"user_id": "x" * 65},
        {"user_id": "a\x00b"},
        {"item_id": "a\nb"},
        {"item_id": "\x85"},
        {"user_id": "\ud800"},
        {"undoes": uuid.UUID(int=1)},
        {"action": FeedbackAction.UNDO},
        {"client_time": datetime(2026, 1, 1)},
        {"context": {"a": "x" * 9000}},
        {"context": {"a": "\ud800"}},
    ],
    ids=ascii,
)
def test_what_cannot_be_stored_is_refused(store: FeedbackStore, change: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        store.append(new_event(**change))
    assert "\n" not in str(caught.value)
    assert str(caught.value).isascii()
    assert list(store.events()) == []


def test_ids_are_one_however_they_are_composed(store: FeedbackStore) -> None:
    store.append(new_event(user_id="Zoe\u0308"))
    store.append(new_event(user_id="Zo\u00eb", item_id="j"))
    assert store.users() == ["Zo\u00eb"]
    assert len(store.in_force("Zoe\u0308")) == 2


def test_data_sets_do_not_mix(store: FeedbackStore, target: str, tell: Tell) -> None:
    like = tell("like")
    with FeedbackStore.open(target, "other") as other:
        assert list(other.events()) == []
        assert other.revision() == 0
        with pytest.raises(FeedbackConflictError):
            other.append(new_event(event_id=like))
        with pytest.raises(UnknownFeedbackError):
            other.append(new_event(action=FeedbackAction.UNDO, undoes=like))
        assert other.delete_user("u") == 0
        other.append(new_event(user_id="v"))
        assert other.users() == ["v"]
    assert store.users() == ["u"]


def test_events_come_in_server_order_over_many_pages(
    store: FeedbackStore, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec.feedback.store._PAGE", 3)
    told = [tell("like", item=str(number), user="uv"[number % 2]) for number in range(9)]
    assert [event.event_id for event in store.events()] == told
    assert [event.event_id for event in store.events("v")] == told[1::2]
    assert store.users() == ["u", "v"]


def test_deleting_a_user_erases_them_and_moves_the_revision(store: FeedbackStore, tell: Tell) -> None:
    tell("undo", undoes=tell("like"))
    kept = tell("like", user="v")
    before = store.revision()
    assert store.delete_user("u") == 2
    assert store.revision() == before + 1
    assert store.users() == ["v"]
    assert store.delete_user("u") == 0
    assert store.revision() == before + 1
    last = tell("save", user="v")
    assert [event.event_id for event in store.events()] == [kept, last]


def test_everything_is_there_after_reopening(store: FeedbackStore, target: str, tell: Tell) -> None:
    told = [tell("like", item=str(number)) for number in range(3)]
    store.close()
    with FeedbackStore.open(target, "toy") as again:
        assert [event.event_id for event in again.events()] == told
        assert again.revision() == 3


def test_threads_share_a_store(store: FeedbackStore) -> None:
    failures: list[BaseException] = []

    def write(user: str) -> None:
        try:
            for number in range(20):
                store.append(new_event(user_id=user, item_id=str(number)))
                assert len(store.in_force(user)) == number + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(user,)) for user in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(store.events())) == store.revision() == 80


@pytest.mark.parametrize(
    "values",
    ["action = 'love'", f"user_id = '{'x' * 65}'", "item_id = ''", "undoes = event_id", "event_id = 'x'"],
)
def test_the_database_itself_refuses_what_the_code_never_writes(
    store: FeedbackStore, target: str, tell: Tell, values: str
) -> None:
    tell("like")
    engine = connection.create_engine(connection.resolve_url(target))
    with pytest.raises(sa.exc.IntegrityError), connection.begin_write(engine) as raw:
        raw.execute(sa.text(f"UPDATE feedback_event SET {values}"))
    engine.dispose()


def test_a_vanished_table_is_reported_plainly(store: FeedbackStore, target: str) -> None:
    engine = connection.create_engine(connection.resolve_url(target))
    connection.migrate(engine, "base", down=True)
    engine.dispose()
    for call in (
        store.revision,
        store.users,
        lambda: store.append(new_event()),
        lambda: store.delete_user("u"),
    ):
        with pytest.raises(FeedbackUnavailableError, match="feedback store") as caught:
            call()
        assert "\n" not in str(caught.value)
        assert "SELECT" not in str(caught.value)


def test_unusable_places_are_reported_plainly(tmp_path: Path) -> None:
    junk = tmp_path / "junk.sqlite3"
    junk.write_bytes(b"this is not a database, whatever its name says" * 100)
    (tmp_path / "file").write_text("")
    for place in (junk, tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(FeedbackUnavailableError, match="could not be opened"):
            FeedbackStore.open(place, "toy")
    for url in ("sqlite://", "mysql://host/name", "://"):
        with pytest.raises(ConfigError, match="database_url"):
            FeedbackStore.open(url, "toy")


def test_an_unreachable_server_is_reported_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver psycopg is not installed")
    with pytest.raises(FeedbackUnavailableError, match=r"127\.0\.0\.1") as caught:
        FeedbackStore.open("postgresql://me:secret@127.0.0.1:1/none", "toy")
    assert "secret" not in str(caught.value)


def rate(item: str, stars: float, **changes: object) -> FeedbackEvent:
    return new_event(item_id=item, action=FeedbackAction.RATE, rating=stars, **changes)


def test_many_ratings_are_stored_in_order_and_come_back_whole(store: FeedbackStore) -> None:
    rated = datetime(2019, 5, 4, tzinfo=UTC)
    told = [rate(f"i{number}", 0.5 + number % 10 / 2, client_time=rated) for number in range(2500)]
    before = store.append(new_event()).event
    assert store.append_all(told) == 2500
    assert [replace(event, server_time=None) for event in store.events()][1:] == told
    assert store.revision() == 2501
    assert len(store.in_force("u")) == 2501
    after = store.append(new_event(item_id="later")).event
    assert store.in_force("u")[0] == after
    assert store.in_force("u")[-1] == before


def test_many_events_are_stored_all_or_none(store: FeedbackStore) -> None:
    first = store.append(new_event()).event
    for bad in (
        [rate("a", 4.0), rate("b", 5.5)],
        [rate("a", 4.0), new_event(action=FeedbackAction.UNDO, undoes=first.event_id)],
    ):
        with pytest.raises(ConfigError):
            store.append_all(bad)
    with pytest.raises(FeedbackUnavailableError):
        store.append_all([rate("a", 4.0), rate("b", 4.0, event_id=first.event_id)])
    assert list(store.events()) == [first]
    assert store.append_all([]) == 0
    assert store.revision() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"rating": 4.0},
        {"action": FeedbackAction.RATE},
        {"action": FeedbackAction.RATE, "rating": 0.0},
        {"action": FeedbackAction.RATE, "rating": float("nan")},
    ],
    ids=str,
)
def test_stars_belong_to_ratings_and_lie_in_range(store: FeedbackStore, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="rating must be"):
        store.append(new_event(**changes))
    assert list(store.events()) == []


def test_a_rating_and_a_thumb_share_one_place(store: FeedbackStore) -> None:
    store.append_all([rate("i", 2.0)])
    like = store.append(new_event()).event
    assert store.in_force("u") == (like,)
    store.append(new_event(action=FeedbackAction.UNDO, undoes=like.event_id))
    assert [event.rating for event in store.in_force("u")] == [2.0]


def test_ratings_alone_can_be_erased(store: FeedbackStore) -> None:
    like = store.append(new_event()).event
    ratings = [rate("a", 4.0), rate("b", 3.0)]
    store.append_all([*ratings, rate("a", 1.0, user_id="v")])
    store.append(new_event(item_id="a", action=FeedbackAction.UNDO, undoes=ratings[0].event_id))
    assert store.delete_user("u", FeedbackAction.RATE) == 3
    assert list(store.events("u")) == [like]
    assert len(list(store.events("v"))) == 1


def test_imported_ratings_are_no_recent_event(store: FeedbackStore, tell: Tell) -> None:
    store.append_all([rate("a", 5.0)])
    like = tell("like", item="b")
    recent = store.recent(datetime(2020, 1, 1, tzinfo=UTC))
    assert [event.event_id for event in recent] == [like]


def test_an_sqlite_whose_wal_several_connections_may_corrupt_keeps_a_rollback_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [connection.choose_journal(version) for version in ((3, 40, 1), (3, 51, 2))] == ["DELETE"] * 2
    assert connection.choose_journal((3, 51, 3)) == "WAL"
    import pysqlite3.dbapi2 as sqlite

    assert sqlite.sqlite_version_info >= connection.FIRST_SAFE_WAL, "pysqlite3 has to bring a fixed SQLite"
    path = tmp_path / "feedback.sqlite3"
    with FeedbackStore.open(path, "toy") as store:
        store.append(new_event())
    monkeypatch.setattr(sqlite, "sqlite_version_info", (3, 40, 1))
    with FeedbackStore.open(path, "toy") as store:
        store.append(new_event())
        assert len(list(store.events())) == 2
    mode = sqlite.connect(str(path)).execute("PRAGMA journal_mode").fetchone()
    assert mode == ("delete",)
