"""The API as a process: start, load, feedback, contributions, memory of a second one; time on the clock."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from load import Load, put_load

LOAD_SECONDS, ROUND_TRIPS, DEBUGS = 6, 100, 30


@dataclass(frozen=True)
class Api:
    """A running API: its port and its process."""

    port: int
    process: subprocess.Popen[bytes]


@dataclass(frozen=True)
class Memory:
    """Megabytes of a process: resident, its share of what is shared, and what is its own."""

    resident: float
    proportional: float
    private: float


@dataclass(frozen=True)
class Served:
    """What was found over HTTP.

    Attributes
    ----------
    ready : seconds from the start of the process to the first recommendation, cold and warm
    loads : what clients get, each with the number of workers that answered
    times : milliseconds of other requests by name, float64[n]
    alone : memory of one process that serves alone
    workers : of two workers beside each other
    together : proportional share of both and of the process that started them, MB
    """

    ready: tuple[float, ...]
    loads: tuple[tuple[int, Load], ...]
    times: Mapping[str, np.ndarray]
    alone: Memory
    workers: tuple[Memory, ...]
    together: float

    @property
    def added(self) -> float:
        """Megabytes that two workers and what started them take beyond one process."""
        return self.together - self.alone.proportional


@contextmanager
def run_api(
    home: Path,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    command: tuple[str, ...] = ("-m", "app.server"),
    workers: int = 1,
) -> Iterator[Api]:
    """Give an API that is starting; feedback goes to a store in ``folder``, unless ``settings`` name one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MOVIEREC_DATABASE_URL": f"sqlite:///{folder / 'feedback.sqlite3'}",
        "MOVIEREC_KEPT_ANSWERS": "0",
        "MOVIEREC_WORKERS": str(workers),
        **(settings or {}),
    }
    process = subprocess.Popen(
        [sys.executable, *command, "--home", str(home), "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Api(port, process)
    finally:
        process.terminate()
        process.wait(20)


def serve(home: Path, folder: Path, user_ids: Sequence[str], item_ids: Sequence[str]) -> Served:
    """Start the API and try everything; ``folder`` is for a feedback store."""
    users = len(user_ids)
    ready = []
    for _ in range(2):
        started = time.perf_counter()
        with run_api(home, folder) as api:
            wait_until_ready(api)
            ready.append(time.perf_counter() - started)
    with run_api(home, folder) as api:
        wait_until_ready(api)
        put_load(api.port, users, 1, 1)
        loads = [(1, put_load(api.port, users, clients, LOAD_SECONDS)) for clients in (1, 16)]
        times = {
            "feedback, then a list": time_calls(
                api, ROUND_TRIPS, lambda ask: give_feedback(ask, user_ids, item_ids)
            ),
            "list with contributions": time_calls(api, DEBUGS, lambda ask: ask_for_debug(ask, users)),
        }
        alone = read_memory(api.process.pid)
    with run_api(home, folder, workers=2) as api:
        wait_until_ready(api)
        put_load(api.port, users, 16, 1)
        loads += [(2, put_load(api.port, users, clients, LOAD_SECONDS)) for clients in (1, 16)]
        workers = tuple(read_memory(pid) for pid in list_children(api.process.pid))
        together = sum(own.proportional for own in (*workers, read_memory(api.process.pid)))
    return Served(tuple(ready), tuple(loads), times, alone, workers, together)


Ask = Callable[[str, str, Mapping[str, object] | None], int]


def time_calls(api: Api, count: int, call: Callable[[Ask], None]) -> np.ndarray:
    """Return milliseconds of ``count`` calls over one connection; raises where an answer is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)

    def ask(method: str, path: str, body: Mapping[str, object] | None) -> int:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} gave {response.status}")
        return response.status

    taken = []
    for _ in range(count):
        started = time.perf_counter()
        call(ask)
        taken.append((time.perf_counter() - started) * 1e3)
    connection.close()
    return np.array(taken)


_random = np.random.default_rng(3)


def give_feedback(ask: Ask, user_ids: Sequence[str], item_ids: Sequence[str]) -> None:
    """Like a film and ask for the list that follows: the write is on the disk before the answer."""
    user = int(_random.integers(len(user_ids)))
    event = {
        "event_id": str(uuid.UUID(int=int.from_bytes(_random.bytes(16), "big"), version=4)),
        "user_id": user_ids[user],
        "item_id": item_ids[int(_random.integers(len(item_ids)))],
        "action": "like",
    }
    ask("POST", "/feedback", event)
    ask("GET", f"/recommend/user/{user}?k=20", None)


def ask_for_debug(ask: Ask, users: int) -> None:
    """Ask for a list with contributions and evidence."""
    ask("GET", f"/recommend/user/{int(_random.integers(users))}/debug?k=20", None)


def wait_until_ready(api: Api) -> None:
    """Return once ``/health/ready`` says so; raise where the process ends or takes two minutes."""
    for _ in range(12_000):
        if api.process.poll() is not None:
            raise RuntimeError(f"the API ended with {api.process.returncode}; run movierec serve to see why")
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError("the API was not ready within two minutes")


def list_children(pid: int) -> list[int]:
    """Return the processes a process has started; none where the system does not tell."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def read_memory(pid: int) -> Memory:
    """Return the memory of a process; not numbers where the system does not tell."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return Memory(float("nan"), float("nan"), float("nan"))
    found: dict[str, float] = {}
    for line in rollup.read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        found[name] = int(rest.split()[0]) / 1024
    return Memory(found["Rss"], found["Pss"], found["Private_Clean"] + found["Private_Dirty"])
