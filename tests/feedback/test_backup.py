"""A copy is the store at one moment, and comes back as it was."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner

from movierec.cli import movierec
from movierec.errors import ConfigError, FeedbackUnavailableError
from movierec.feedback.backup import back_up, count_events, restore
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore


def fill(path: Path, count: int, dataset: str = "toy") -> list[FeedbackEvent]:
    with FeedbackStore.open(path, dataset) as store:
        for number in range(count):
            store.append(FeedbackEvent(uuid.uuid4(), "u", f"i{number}", FeedbackAction.LIKE))
        return list(store.events())


def read(path: Path, dataset: str = "toy") -> list[FeedbackEvent]:
    with FeedbackStore.open(path, dataset) as store:
        assert store.revision() == len(list(store.events()))
        return list(store.events())


def test_what_was_backed_up_comes_back_and_nothing_else(tmp_path: Path) -> None:
    store, copy = tmp_path / "feedback.sqlite3", tmp_path / "copies" / "copy.sqlite3"
    first, other = fill(store, 5), fill(store, 2, "other")
    assert back_up(store, copy) == 7
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy.sqlite3"]
    fill(store, 4)
    assert restore(copy, store) == 7
    assert read(store) == first
    assert read(store, "other") == other
    assert len(fill(store, 1)) == 6


def test_a_copy_made_while_others_write_is_whole(tmp_path: Path) -> None:
    store = tmp_path / "feedback.sqlite3"
    fill(store, 20)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            fill(store, 5)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [back_up(store, tmp_path / f"{number}.sqlite3") for number in range(5)]
    finally:
        done.set()
        writer.join()
    everything = read(store)
    for number, count in enumerate(counts):
        assert read(tmp_path / f"{number}.sqlite3") == everything[:count]
    assert counts == sorted(counts)
    assert counts[0] >= 20


def test_a_bad_copy_leaves_the_store_alone(tmp_path: Path) -> None:
    store, copy = tmp_path / "feedback.sqlite3", tmp_path / "copy.sqlite3"
    before = fill(store, 50)
    back_up(store, copy)
    content = bytearray(copy.read_bytes())
    content[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    copy.write_bytes(content)
    empty, words = tmp_path / "empty.sqlite3", tmp_path / "words.sqlite3"
    empty.write_bytes(b"")
    words.write_text("no database at all" * 100)
    for bad in (copy, empty, words, tmp_path / "nowhere.sqlite3"):
        with pytest.raises(ConfigError):
            restore(bad, store)
    assert read(store) == before
    assert not (tmp_path / "nowhere.sqlite3").exists()


def test_there_must_be_something_to_copy_and_somewhere_to_put_it(tmp_path: Path) -> None:
    store = tmp_path / "feedback.sqlite3"
    with pytest.raises(FeedbackUnavailableError, match="no feedback store"):
        back_up(store, tmp_path / "copy.sqlite3")
    fill(store, 1)
    with pytest.raises(ConfigError, match="another file"):
        back_up(store, store)
    assert count_events(store) == 1


def test_the_commands_back_up_restore_and_keep_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path))
    store, copy = tmp_path / "feedback.sqlite3", tmp_path / "copy.sqlite3"
    first = fill(store, 3)
    run = CliRunner().invoke
    assert run(movierec, ["feedback", "backup", str(copy)]).exit_code == 0
    more = fill(store, 2)
    done = run(movierec, ["feedback", "restore", str(copy)])
    assert done.exit_code == 0, done.output
    assert read(store) == first
    assert read(tmp_path / "feedback.sqlite3.before-restore") == more
    monkeypatch.setenv("MOVIEREC_DATABASE_URL", "postgresql://127.0.0.1/x")
    refused = run(movierec, ["feedback", "backup", str(copy)])
    assert refused.exit_code != 0
    assert "pg_dump" in str(refused.exception) + refused.output
