"""A bounded load on a running API over loopback: wrk where it is installed, threads of Python otherwise."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SCRIPT = """
local users = {users}
math.randomseed(1)
request = function()
  local path = "{path}"
  if path == "" then path = "/recommend/user/" .. math.random(0, users - 1) .. "?k=20" end
  return wrk.format("GET", path)
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""


@dataclass(frozen=True)
class Load:
    """What a number of clients got: requests a second, milliseconds, failed requests, and by which tool."""

    clients: int
    rate: float
    p50: float
    p99: float
    failed: int
    tool: str


def put_load(port: int, users: int, clients: int, seconds: float, path: str = "") -> Load:
    """Ask for lists of random viewers, or for one path, ``clients`` at a time."""
    if shutil.which("wrk"):
        return _run_wrk(port, users, clients, seconds, path)
    return _run_threads(port, users, clients, seconds, path)


def _run_wrk(port: int, users: int, clients: int, seconds: float, path: str) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "viewers.lua"
        script.write_text(_SCRIPT.replace("{users}", str(users)).replace("{path}", path), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:.0f}s", "-s", str(script)]
        command.append(f"http://127.0.0.1:{port}")
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)", output)
    if match is None:
        raise RuntimeError(f"wrk said nothing that can be read: {output}")
    requests, micros, p50, p99, failed = (float(value) for value in match.groups())
    return Load(clients, requests / (micros / 1e6), p50 / 1e3, p99 / 1e3, int(failed), "wrk")


def _run_threads(port: int, users: int, clients: int, seconds: float, path: str) -> Load:
    latencies: list[float] = []
    failed = [0]
    end = time.perf_counter() + seconds

    def ask(seed: int) -> None:
        rng = np.random.default_rng(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            connection.request("GET", path or f"/recommend/user/{rng.integers(users)}?k=20")
            response = connection.getresponse()
            response.read()
            failed[0] += response.status != 200
            latencies.append((time.perf_counter() - started) * 1e3)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p99 = np.percentile(latencies, [50, 99])
    return Load(clients, len(latencies) / seconds, float(p50), float(p99), failed[0], "threads")
