"""HTTP servers under the same application, in one run: ``python benchmarks/servers.py --home data``.

Each answers ``/health/live``, where nothing but the server works, and recommended lists, alone and while
300 clients hold connections with half a request. Those that are not installed are left out:
``pip install granian hypercorn httptools uvloop`` brings them.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from load import Load, put_load
from over_http import Api, wait_until_ready

HALF_OPEN, PATIENCE, SECONDS, REQUESTS = 300, 12.0, 5, 150
FACTORY = "app.main:create_app"
UVICORN = ("-m", "uvicorn", FACTORY, "--factory", "--no-access-log", "--log-level", "warning", "--port")
GRANIAN = (
    "-m",
    "granian",
    FACTORY,
    "--factory",
    "--interface",
    "asgi",
    "--no-ws",
    "--log-level",
    "warning",
    "--port",
)
HYPERCORN = ("-m", "hypercorn", f"{FACTORY}()", "--bind")

SERVERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "movierec serve (uvicorn, h11, deadline)": (("-m", "app.server", "--port"), ()),
    "uvicorn, h11": ((*UVICORN[:-1], "--http", "h11", "--loop", "asyncio", "--port"), ()),
    "uvicorn, httptools": (
        (*UVICORN[:-1], "--http", "httptools", "--loop", "asyncio", "--port"),
        ("httptools",),
    ),
    "uvicorn, httptools, uvloop": (
        (*UVICORN[:-1], "--http", "httptools", "--loop", "uvloop", "--port"),
        ("httptools", "uvloop"),
    ),
    "granian": (GRANIAN, ("granian",)),
    "hypercorn": (HYPERCORN, ("hypercorn",)),
}
"""Arguments of the interpreter, the port comes last; and the packages a server needs."""


@dataclass(frozen=True)
class Found:
    """What one server did: alone, with lists, with lists beside half requests; how many of those it ended."""

    name: str
    live: Load
    lists: tuple[Load, ...]
    beside: np.ndarray
    ended: int


@contextmanager
def run_server(arguments: tuple[str, ...], home: Path, folder: Path) -> Iterator[Api]:
    """Give a server that answers; feedback goes to a store in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}" if "hypercorn" in arguments else str(port)
    environment = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
        "MOVIEREC_HOME": str(home),
        "MOVIEREC_DATABASE_URL": f"sqlite:///{folder / 'feedback.sqlite3'}",
        "MOVIEREC_KEPT_ANSWERS": "0",
        "MOVIEREC_LOG_LEVEL": "ERROR",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *arguments, address], env=environment, **quiet)
    try:
        api = Api(port, process)
        wait_until_ready(api)
        yield api
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def try_server(name: str, home: Path, users: int) -> Found:
    """Start one server and ask it for everything."""
    with tempfile.TemporaryDirectory() as folder, run_server(SERVERS[name][0], home, Path(folder)) as api:
        put_load(api.port, users, 1, 1)
        live = put_load(api.port, users, 16, SECONDS, "/health/live")
        lists = tuple(put_load(api.port, users, clients, SECONDS) for clients in (1, 16))
        started = time.perf_counter()
        held = hold_open(api.port)
        beside = time_lists(api.port, users)
        time.sleep(max(0.0, PATIENCE - (time.perf_counter() - started)))
        ended = sum(is_closed(one) for one in held)
        for one in held:
            one.close()
    return Found(name, live, lists, beside, ended)


def hold_open(port: int) -> list[socket.socket]:
    """Return connections on which half a request was sent."""
    held = []
    for _ in range(HALF_OPEN):
        one = socket.create_connection(("127.0.0.1", port), timeout=10)
        one.sendall(b"GET /genres HTTP/1.1\r\nHost: localhost\r\n")
        held.append(one)
    return held


def is_closed(one: socket.socket) -> bool:
    """Return whether the other side has ended a connection."""
    one.setblocking(False)
    try:
        while one.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def time_lists(port: int, users: int) -> np.ndarray:
    """Return milliseconds of requests for lists, one after the other."""
    rng = np.random.default_rng(1)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        connection.request("GET", f"/recommend/user/{rng.integers(users)}?k=20")
        connection.getresponse().read()
        taken.append((time.perf_counter() - started) * 1e3)
    connection.close()
    return np.array(taken)


def render(found: list[Found]) -> str:
    """Return the table as Markdown."""
    lines = [
        f"| server | `/health/live`/s | p99 ms | lists/s, 1 client | 16 clients | p99 ms | failed "
        f"| list beside {HALF_OPEN} half requests, p50 ms | p99 ms | of them ended in {PATIENCE:.0f} s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        alone, many = one.lists
        failed = one.live.failed + alone.failed + many.failed
        p50, p99 = np.percentile(one.beside, [50, 99])
        lines.append(
            f"| {one.name} | {one.live.rate:.0f} | {one.live.p99:.2f} | {alone.rate:.0f} | {many.rate:.0f} "
            f"| {many.p99:.1f} | {failed} | {p50:.2f} | {p99:.2f} | {one.ended} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Try every server that is installed and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path("data"), help="folder with the bundle (data)")
    parser.add_argument(
        "--users", type=int, default=600, help="viewers of the bundle that are asked for (600)"
    )
    chosen = parser.parse_args()
    found = []
    for name, (_, needed) in SERVERS.items():
        missing = [package for package in needed if find_spec(package) is None]
        if missing:
            print(f"{name}: left out, {', '.join(missing)} is not installed", file=sys.stderr)
            continue
        print(f"{name} …", file=sys.stderr)
        found.append(try_server(name, chosen.home.resolve(), chosen.users))
    print(render(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
