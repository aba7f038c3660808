from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app import workers
from movierec.errors import ConfigError

# Each worker says its number and its process, then does what the first argument says.
LAUNCHER = r"""
import os, signal, sys
from app import workers

workers.BREATH_SECONDS = 0.0

def serve(number):
    os.write(1, f"{number} {os.getpid()}\n".encode())  # at once, whatever the others write
    if sys.argv[1] == "refuse" and number == 1:
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        signal.pause()

sys.exit(workers.supervise(2, serve))
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@contextmanager
def supervise(plan: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", LAUNCHER, plan]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_workers(process: subprocess.Popen[str], count: int) -> dict[int, int]:
    lines = [process.stdout.readline().split() for _ in range(count)]
    return {int(number): int(pid) for number, pid in lines}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_all_workers_end(stop):
    with supervise("wait") as process:
        pids = read_workers(process, 2)
        assert set(pids) == {0, 1}
        process.send_signal(stop)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert not any(is_alive(pid) for pid in pids.values())


def test_a_worker_that_dies_is_replaced():
    with supervise("wait") as process:
        pids = read_workers(process, 2)
        os.kill(pids[1], signal.SIGKILL)
        again = read_workers(process, 1)
        assert set(again) == {1}
        assert again[1] != pids[1]
        assert is_alive(pids[0])
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "worker 1 ended with -9" in errors


def test_a_worker_that_cannot_use_its_settings_ends_all():
    with supervise("refuse") as process:
        # The other may be told to stop before it has said anything.
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 2
        pids = dict(line.split() for line in said.splitlines())
        assert "1" in pids
        assert not any(is_alive(int(pid)) for pid in pids.values())


def test_without_fork_the_setting_is_named(monkeypatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(ConfigError, match="MOVIEREC_WORKERS"):
        workers.supervise(2, lambda number: 0)
