"""The API as a process of its own, and clients that ask it for lists and tell it feedback."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from chaos.artifacts import make_environment
from chaos.report import ROOT

ADMIN_KEY: Final = "chaos-admin"
TIMEOUT: Final = 30.0


@dataclass
class Api:
    """A running API on a port of its own."""

    port: int
    process: subprocess.Popen[bytes]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            return ask(connection, method, path, body)
        finally:
            connection.close()

    def measure_memory(self) -> float:
        """Return the resident memory of the process and its children in MB."""
        pids = [self.process.pid, *_list_children(self.process.pid)]
        return sum(_read_rss(pid) for pid in pids)


@contextlib.contextmanager
def serve(home: Path, log: Path, **settings: str) -> Iterator[Api]:
    """Run the API on a home until the block ends; its log lines go to a file."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "app.server", "--home", str(home), "--port", str(port)]
    environment = make_environment(MOVIEREC_ADMIN_KEY=ADMIN_KEY, PYTHONUNBUFFERED="1", **settings)
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
        api = Api(port, process)
        try:
            _wait_until_ready(api)
            yield api
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: object = None
) -> tuple[int, Any]:
    """Send one request and return its status and body, parsed where it is JSON."""
    headers = {"X-Admin-Key": ADMIN_KEY} if path.startswith("/admin/") else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    is_json = "json" in (answer.getheader("Content-Type") or "")
    return answer.status, json.loads(content) if is_json else content


@dataclass
class Crowd:
    """Clients that keep asking; one of them likes films and takes some of that back.

    Attributes
    ----------
    pause : seconds between two requests of a client
    latencies : milliseconds of every answered request
    bundles : by name of a bundle, how many lists came from it
    failures : what went wrong, and how often
    acknowledged : event ids of feedback that was answered with 201
    """

    api: Api
    n_users: int
    item_ids: list[str]
    clients: int = 4
    pause: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bundles: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Let the clients ask until the block ends, and wait for their last answers."""
        threads = [threading.Thread(target=self._read, args=(seed,)) for seed in range(self.clients)]
        threads.append(threading.Thread(target=self._write))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(2 * TIMEOUT)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return len(self.latencies) + sum(self.failures.values())

    def _read(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
        connection = self._connect()
        while not self._stop.is_set():
            user, item = chance.randrange(self.n_users), chance.choice(self.item_ids)
            path = chance.choice(
                [f"/recommend/user/{user}?k=20"] * 6
                + [f"/recommend/user/{user}/debug?k=5", f"/movies/{item}/similar", f"/users/{user}/taste"]
                + ["/trending", "/movies?query=the", "/health", f"/posters/{item}.svg"]
            )
            connection = self._count(connection, "GET", path, 200)[0]
            time.sleep(self.pause)

    def _write(self) -> None:
        chance = random.Random(99)  # noqa: S311 - chance, not secrecy
        connection = self._connect()
        while not self._stop.is_set():
            event: dict[str, str] = {
                "event_id": str(uuid4()),
                "user_id": f"guest-{chance.randrange(50)}",
                "item_id": chance.choice(self.item_ids),
                "action": chance.choice(["like", "dislike", "save"]),
            }
            connection, fine = self._count(connection, "POST", "/feedback", 201, event)
            if fine:
                self.acknowledged.append(event["event_id"])
                if chance.random() < 0.2:
                    undo = {**event, "event_id": str(uuid4()), "action": "undo", "undoes": event["event_id"]}
                    connection, fine = self._count(connection, "POST", "/feedback", 201, undo)
                    if fine:
                        self.acknowledged.append(undo["event_id"])
            time.sleep(max(self.pause, 0.02))

    def _count(
        self, connection: http.client.HTTPConnection, method: str, path: str, wanted: int, body: object = None
    ) -> tuple[http.client.HTTPConnection, bool]:
        began = time.perf_counter()
        try:
            status, content = ask(connection, method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self.failures[type(error).__name__] += 1
            connection.close()
            return self._connect(), False
        self.latencies.append((time.perf_counter() - began) * 1000.0)
        if status != wanted:
            self.failures[f"status {status}"] += 1
            self.latencies.pop()
            return connection, False
        if isinstance(content, dict) and "bundle" in content:
            self.bundles[content["bundle"]] += 1
        return connection, True

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=TIMEOUT)


def gather(api: Api, clients: int, pause: float) -> Crowd:
    """Return a crowd that knows viewers and films of the served bundle."""
    n_users = int(api.ask("GET", "/health")[1]["n_users"])
    movies = api.ask("GET", "/movies?limit=100")[1]["movies"]
    return Crowd(api, n_users, [movie["item_id"] for movie in movies], clients, pause)


def _wait_until_ready(api: Api) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and api.process.poll() is None:
        with contextlib.suppress(OSError):
            if api.ask("GET", "/health/ready")[0] == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the API did not become ready")


def _read_rss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _list_children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    except OSError:
        return []
    own = [int(part) for part in text.split()]
    return own + [deeper for child in own for deeper in _list_children(child)]
