"""Clients that send slowly, and more clients than can be served."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from chaos.api import TIMEOUT, Api, gather, serve
from chaos.bundles import copy_home
from chaos.trial import Figure, Ground, Outcome, Trial

SLOW_CLIENTS: Final = 300
HEAD: Final = b"POST /recommend HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BEGINNINGS: Final = (
    b"GET /recommend/user/0 HT",
    b"GET /recommend/user/0 HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    HEAD + b"Content-Length: 500\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
    b"POST /viewers/0/imports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n",
)
DRIP_SECONDS: Final = 1.0
CLOSED_WITHIN: Final = 15.0
"""Seconds after which every half-sent request must be gone; the API's deadline is ten."""

PLACES: Final = "8"
OVERLOADING_CLIENTS: Final = 64
IMPATIENCE_SECONDS: Final = 0.1
"""Refused clients come back sooner than they are told, but this program must leave the API a processor."""

PATIENCE: Final = 0.5
"""An accepted request may take this share of what it would if nobody were refused: as many times as long as
one alone as there are clients."""


def run_slow_clients(ground: Ground) -> Outcome:
    """Hold hundreds of half-sent requests open, a byte a second each, while others ask as usual."""
    home = copy_home(ground.home, ground.folder / "home")
    seconds = ground.scale(30, least=2)
    n_slow = ground.scale(SLOW_CLIENTS, least=20)
    with serve(home, ground.folder / "api.log") as api:
        alone = gather(api, clients=2, pause=0.02)
        with alone.work():
            time.sleep(seconds)
        crowd = gather(api, clients=2, pause=0.02)
        with _hold(api, n_slow) as held, crowd.work():
            time.sleep(seconds)
            most = held.most_open
        left = held.wait_until_closed(CLOSED_WITHIN)
    lost = sum(crowd.failures.values())
    figures: dict[str, Figure] = {
        "half-sent requests held": most,
        "begun again after the API closed them": held.begun - n_slow,
        f"still open {CLOSED_WITHIN:.0f} s after the last byte": left,
        "requests of others meanwhile": crowd.requests,
        "of those failed": lost,
        "p50 ms without slow clients": float(np.percentile(alone.latencies, 50)),
        "p50 ms with them": float(np.percentile(crowd.latencies, 50)),
        "p99 ms without slow clients": float(np.percentile(alone.latencies, 99)),
        "p99 ms with them": float(np.percentile(crowd.latencies, 99)),
    }
    kept = not lost and not left and most >= n_slow and len(crowd.latencies) > 0
    return Outcome(kept, figures, tuple(f"{name}: {count}." for name, count in crowd.failures.items()))


@dataclass
class _Held:
    api: Api
    sockets: list[socket.socket]
    begun: int = 0
    most_open: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def begin(self, number: int) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.api.port), timeout=TIMEOUT)
        client.sendall(BEGINNINGS[number % len(BEGINNINGS)])
        client.setblocking(False)
        self.begun += 1
        return client

    def drip(self) -> None:
        """Send each a byte more now and then; begin again where the API has hung up."""
        while not self._stop.wait(DRIP_SECONDS):
            for number, client in enumerate(self.sockets):
                if not _is_open(client) or not _send(client, b"x"):
                    client.close()
                    self.sockets[number] = self.begin(number)
            self.most_open = max(self.most_open, sum(map(_is_open, self.sockets)))

    def stop(self) -> None:
        self._stop.set()

    def wait_until_closed(self, seconds: float) -> int:
        """Return how many the API has not closed after so many seconds."""
        end = time.monotonic() + seconds
        while (left := sum(map(_is_open, self.sockets))) and time.monotonic() < end:
            time.sleep(0.1)
        for client in self.sockets:
            client.close()
        return left


@contextlib.contextmanager
def _hold(api: Api, count: int) -> Iterator[_Held]:
    held = _Held(api, [])
    held.sockets += [held.begin(number) for number in range(count)]
    held.most_open = sum(map(_is_open, held.sockets))
    thread = threading.Thread(target=held.drip)
    thread.start()
    try:
        yield held
    finally:
        held.stop()
        thread.join(TIMEOUT)


def _send(client: socket.socket, data: bytes) -> bool:
    try:
        return bool(client.send(data))
    except OSError:
        return False


def _is_open(client: socket.socket) -> bool:
    try:
        while client.recv(4096):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def run_overload(ground: Ground) -> Outcome:
    """Ask with many times more clients than there are places, and count what is refused and how soon."""
    home = copy_home(ground.home, ground.folder / "home")
    seconds = ground.scale(30, least=2)
    with serve(home, ground.folder / "api.log", MOVIEREC_MAX_UNDER_WAY=PLACES) as api:
        n_users = int(api.ask("GET", "/health")[1]["n_users"])
        alone = _Rush(api, n_users)
        alone.ask_until(time.monotonic() + seconds / 3, 0)
        rush = _Rush(api, n_users)
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=rush.ask_until, args=(end, seed)) for seed in range(OVERLOADING_CLIENTS)
        ]
        for thread in threads:
            thread.start()
        ready = [api.ask("GET", "/health/ready")[0] for _ in range(5)]
        for thread in threads:
            thread.join(seconds + TIMEOUT)
        alive = api.ask("GET", "/recommend/user/0")[0] == 200
    usual, accepted = np.median(alone.accepted), np.percentile(rush.accepted, [50, 99])
    figures: dict[str, Figure] = {
        "clients": OVERLOADING_CLIENTS,
        "places": int(PLACES),
        "requests": len(rush.accepted) + len(rush.refused) + sum(rush.faults.values()),
        "accepted": len(rush.accepted),
        "refused with 503 and Retry-After": len(rush.refused),
        "anything else": sum(rush.faults.values()),
        "ms of one client alone, median": float(usual),
        "ms of accepted requests, p50": float(accepted[0]),
        "ms of accepted requests, p99": float(accepted[1]),
        "ms if nobody were refused, expected": float(OVERLOADING_CLIENTS * usual),
        "ms of refusals, median": float(np.median(rush.refused)) if rush.refused else 0.0,
        "readiness answered meanwhile": sum(status == 200 for status in ready),
    }
    kept = alive and not rush.faults and bool(rush.refused) and all(status == 200 for status in ready)
    kept = kept and bool(accepted[0] <= PATIENCE * OVERLOADING_CLIENTS * usual)
    return Outcome(kept, figures, tuple(f"{name}: {count}." for name, count in rush.faults.items()))


@dataclass
class _Rush:
    api: Api
    n_users: int
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def ask_until(self, end: float, seed: int) -> None:
        """Ask without a pause, each time for another viewer."""
        chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
        connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=TIMEOUT)
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                connection.request("GET", f"/recommend/user/{chance.randrange(self.n_users)}?k=20")
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.faults[type(error).__name__] += 1
                connection.close()
                continue
            milliseconds = (time.perf_counter() - began) * 1000.0
            if answer.status == 200 and json.loads(content)["items"]:
                self.accepted.append(milliseconds)
            elif answer.status == 503 and int(answer.getheader("Retry-After") or 0) > 0:
                self.refused.append(milliseconds)
                time.sleep(IMPATIENCE_SECONDS)
            else:
                self.faults[f"status {answer.status}"] += 1
        connection.close()


SLOW: Final = Trial(
    "slow-clients",
    "Hundreds of half-sent requests starve nobody and are closed in time.",
    run_slow_clients,
)
OVERLOAD: Final = Trial(
    "overload",
    "Under overload some are told at once when to come back, and whoever is let in is answered soon.",
    run_overload,
)
