"""Two replicas over one PostgreSQL and one Redis: what each takes and gives, and what the death of one costs.

``python benchmarks/replicas.py --home data --database postgresql:///movierec --cache redis://127.0.0.1:6379/1``

The database is given feedback of made-up viewers; use an empty one.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from load import put_load
from over_http import Api, read_memory, run_api, wait_until_ready
from round_robin import proxy

CLIENTS, SECONDS = 8, 6


@dataclass(frozen=True)
class Outcome:
    """What clients met while a replica died.

    Attributes
    ----------
    requests, failed : all that were sent, and those without a good answer
    retried : those the proxy had to send twice
    acknowledged : ids of feedback that was answered with 200, 201 or 202
    """

    requests: int
    failed: int
    retried: int
    acknowledged: tuple[str, ...]


@contextmanager
def run_replicas(home: Path, environment: Mapping[str, str], count: int = 2) -> Iterator[tuple[Api, ...]]:
    """Give replicas that are ready."""
    with ExitStack() as stack:
        replicas = tuple(stack.enter_context(run_api(home, home, environment)) for _ in range(count))
        for replica in replicas:
            wait_until_ready(replica)
        yield replicas


def call(port: int, method: str, path: str, **body: object) -> tuple[int, bytes]:
    """Send one request and return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def kill_under_load(replicas: tuple[Api, ...], users: int, items: list[str], requests: int) -> Outcome:
    """Kill the first replica after a third of the requests; half are feedback, all go through a proxy."""
    acknowledged: list[str] = []
    failed = 0
    sent = 0
    lock = threading.Lock()

    def ask(seed: int, port: int) -> None:
        nonlocal failed, sent
        rng = np.random.default_rng(seed)
        while True:
            with lock:
                number, sent = sent, sent + 1
            if number >= requests:
                return
            if number == requests // 3:
                replicas[0].process.kill()
            event_id = str(uuid.UUID(bytes=rng.bytes(16), version=4))
            said = {"user_id": f"v{seed}", "item_id": items[rng.integers(len(items))], "action": "like"}
            try:
                if number % 2:
                    status, _ = call(port, "POST", "/feedback", event_id=event_id, **said)
                else:
                    status, _ = call(port, "GET", f"/recommend/user/{rng.integers(users)}?k=20")
            except (OSError, http.client.HTTPException):
                status = 0
            with lock:
                failed += status not in (200, 201, 202)
                if number % 2 and status in (200, 201, 202):
                    acknowledged.append(event_id)

    with proxy([replica.port for replica in replicas]) as front:
        threads = [threading.Thread(target=ask, args=(seed, front.port)) for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Outcome(requests, failed, front.retried, tuple(acknowledged))


def measure(home: Path, environment: Mapping[str, str]) -> None:
    """Print what each replica takes and gives, then kill one."""
    with run_replicas(home, environment) as replicas:
        health = json.loads(call(replicas[0].port, "GET", "/health")[1])
        users = int(health["n_users"])
        listed = json.loads(call(replicas[0].port, "GET", "/recommend/user/0?k=20")[1])["items"]
        print("| | requests/s | p50 ms | p99 ms | own memory MB | with its share MB |")
        print("|---|---|---|---|---|---|")
        for number, replica in enumerate(replicas, start=1):
            put_load(replica.port, users, 1, 1)
            load = put_load(replica.port, users, CLIENTS, SECONDS)
            memory = read_memory(replica.process.pid)
            print(
                f"| replica {number} alone | {load.rate:.0f} | {load.p50:.1f} | {load.p99:.1f} "
                f"| {memory.private:.0f} | {memory.proportional:.0f} |"
            )
        rates: list[float] = []
        threads = [
            threading.Thread(
                target=lambda port=replica.port: rates.append(
                    put_load(port, users, CLIENTS // 2, SECONDS).rate
                )
            )
            for replica in replicas
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"| both at once | {sum(rates):.0f} | | | | |")
        outcome = kill_under_load(replicas, users, [item["item_id"] for item in listed], 600)
        print(
            f"\n{outcome.requests} requests through the proxy, one replica killed among them: "
            f"{outcome.retried} sent twice, {outcome.failed} failed."
        )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path("data"), help="home with a bundle")
    parser.add_argument("--database", required=True, help="SQLAlchemy URL of an empty PostgreSQL database")
    parser.add_argument("--cache", help="Redis; without it each replica keeps its own answers")
    given = parser.parse_args()
    environment = {"MOVIEREC_DATABASE_URL": given.database, "MOVIEREC_KEPT_ANSWERS": "256"}
    if given.cache:
        environment["MOVIEREC_CACHE_URL"] = given.cache
    measure(given.home, environment)


if __name__ == "__main__":
    main()
