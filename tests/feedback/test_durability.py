"""What was acknowledged is stored, whatever happens to the process or the disk."""

import contextlib
import multiprocessing
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.errors import FeedbackUnavailableError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore

resource = pytest.importorskip("resource", reason="needs POSIX processes")
FORK = multiprocessing.get_context("fork")


def acknowledge_likes(store: FeedbackStore, pipe: int, count: int) -> None:
    for _ in range(count):
        event = FeedbackEvent(
            uuid.uuid4(), f"u{os.getpid()}", "i", FeedbackAction.LIKE, context={"pad": "x" * 900}
        )
        store.append(event)
        os.write(pipe, f"{event.event_id}\n".encode())


def write_forever(target: str, pipe: int) -> None:
    acknowledge_likes(FeedbackStore.open(target, "toy"), pipe, 1_000_000)


def write_some(target: str, pipe: int) -> None:
    acknowledge_likes(FeedbackStore.open(target, "toy"), pipe, 60)


def write_until_full(target: str, pipe: int) -> None:
    store = FeedbackStore.open(target, "toy")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    with contextlib.suppress(FeedbackUnavailableError):
        acknowledge_likes(store, pipe, 10_000)
        os._exit(1)
    with contextlib.suppress(FeedbackUnavailableError):
        acknowledge_likes(store, pipe, 10_000)
        os._exit(2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    acknowledge_likes(store, pipe, 5)


def start(work: Callable[[str, int], None], target: str) -> tuple[multiprocessing.process.BaseProcess, int]:
    reader, writer = os.pipe()
    process = FORK.Process(target=work, args=(target, writer))
    process.start()
    os.close(writer)
    return process, reader


def read_ids(reader: int) -> set[str]:
    with os.fdopen(reader, "rb") as stream:
        return {line.decode().strip() for line in stream if line.endswith(b"\n")}


def stored_ids(target: str) -> set[str]:
    with FeedbackStore.open(target, "toy") as store:
        events = list(store.events())
        assert store.revision() == len(events)
        return {str(event.event_id) for event in events}


def test_kill_minus_nine_loses_nothing_acknowledged(target: str) -> None:
    acknowledged: set[str] = set()
    rounds = 6
    for number in range(rounds):
        process, reader = start(write_forever, target)
        seen = os.read(reader, 37 * (1 + 7 * number))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(30)
        acknowledged |= {line.decode() for line in seen.split()} | read_ids(reader)
        acknowledged = {text for text in acknowledged if len(text) == 36}
        stored = stored_ids(target)
        assert acknowledged <= stored
        assert len(stored - acknowledged) <= number + 1
    assert len(acknowledged) >= rounds


def test_two_processes_open_and_write_at_once(target: str) -> None:
    running = [start(write_some, target) for _ in range(2)]
    acknowledged = set().union(*(read_ids(reader) for _, reader in running))
    for process, _ in running:
        process.join(30)
        assert process.exitcode == 0
    assert len(acknowledged) == 120
    assert stored_ids(target) == acknowledged


def test_a_full_disk_stores_exactly_what_was_acknowledged_and_recovers(tmp_path: Path) -> None:
    target = str(tmp_path / "feedback.sqlite3")
    process, reader = start(write_until_full, target)
    acknowledged = read_ids(reader)
    process.join(30)
    assert process.exitcode == 0
    assert len(acknowledged) > 10
    assert stored_ids(target) == acknowledged
