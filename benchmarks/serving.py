"""What a request costs, stage by stage and over HTTP, each beside its reference in the same run.

``python benchmarks/serving.py --home data`` writes ``reports/benchmarks.md``. In process it is the time
of the processor that is told, and every part alternates with its reference: a busy machine spoils times,
but hardly their ratios.
"""

# ruff: noqa: E402

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is loaded, as the API does

import numpy as np
import orjson
from load import Load, put_load

from movierec.recall.als import Als
from movierec.recall.base import select
from movierec.service import Query, RecommenderService

USERS, WARM, ROUNDS, K, LOAD_SECONDS = 300, 10, 60, 20, 5
HEAD = "| | CPU ms, median | p99 | |\n|---|---|---|---|"

Row = tuple[str, float, float, str]
Answer = TypeVar("Answer")


def measure(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, np.ndarray]:
    """Return CPU milliseconds of every call, taken in turns, so that noise meets all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.thread_time()
            call()
            times[name].append((time.thread_time() - started) * 1e3)
    return {name: np.array(values) for name, values in times.items()}


def compare(title: str, calls: dict[str, Callable[[], object]]) -> list[Row]:
    """Return one row per call; the first is ours, the others say how many times its median they take."""
    times = measure(calls)
    own = float(np.median(next(iter(times.values()))))
    return [
        (
            f"{title}: {name}",
            float(np.median(taken)),
            float(np.percentile(taken, 99)),
            "" if place == 0 else f"{np.median(taken) / own:.1f} times",
        )
        for place, (name, taken) in enumerate(times.items())
    ]


def time_requests(service: RecommenderService) -> list[Row]:
    """Return the whole path in process, then its stages; reasons are what is left."""
    users = np.random.default_rng(0).choice(len(service.user_id), min(USERS, len(service.user_id)), False)
    engine, fusion = service.engine, service.engine.fusion
    spent: dict[str, list[float]] = {}

    def clock(name: str, call: Callable[[], Answer]) -> Answer:
        started = time.thread_time()
        answer = call()
        spent.setdefault(name, []).append((time.thread_time() - started) * 1e3)
        return answer

    for user in [*users[:WARM], *users]:
        history = service.trained_history(int(user))
        clock("whole request, with reasons", partial(service.recommend, history, Query(k=K)))
        scores = clock("stage recall", partial(fusion.score, history))
        merged = clock("stage merge", partial(fusion.merge, history, scores))
        build = partial(engine.builder.build, history, merged.item_idx, scores, merged.score)
        features = clock("stage features", build)
        if engine.ranker is not None:
            clock("stage ranker", partial(engine.ranker.score, features))
    times = {name: np.array(own[WARM:]) for name, own in spent.items()}
    whole = times["whole request, with reasons"]
    stages = [own for name, own in times.items() if name.startswith("stage")]
    times["stage order, reasons and the rest"] = whole - np.sum(stages, axis=0)
    return [
        (
            name,
            float(np.median(own)),
            float(np.percentile(own, 99)),
            f"{np.median(own) / np.median(whole):.0%}",
        )
        for name, own in times.items()
    ]


def compare_parts(service: RecommenderService) -> list[Row]:
    """Return our parts of a request beside the libraries' way of doing the same."""
    import duckdb
    import polars as pl
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse

    engine, ranker = service.engine, service.engine.ranker
    events = np.diff(service.interactions.offsets)
    history = service.trained_history(int(np.argsort(events)[len(events) // 2]))
    ranked = engine.rank(history, K)
    features, rows = ranked.features, []
    if ranker is not None and features is not None and ranker.forest is not None:
        share = ranker.shares()
        rows += compare(
            f"trees, {len(features)} rows",
            {
                "bit-vector kernel": lambda: ranker.forest.score(features, share),
                "scikit-learn": lambda: ranker._score_by_library(features, "balanced"),
            },
        )
    als = engine.sources["als"]
    assert isinstance(als, Als)  # noqa: S101  # narrows the type only
    config = als.config
    theirs = AlternatingLeastSquares(
        config.factors, config.regularization, config.alpha, num_threads=1, iterations=1
    )
    theirs.item_factors = als.item_factors_
    theirs.user_factors = np.zeros((1, config.factors), np.float32)
    liked = history.item_idx[history.rating >= config.min_rating]
    one = sparse.csr_matrix(
        (np.full(len(liked), config.alpha, np.float32), (np.zeros(len(liked), np.int32), liked)),
        shape=(1, engine.n_items),
    )
    rows += compare(
        "ALS, fold-in and top 300",
        {
            "ours": lambda: select(als.score(history), history, 300),
            "implicit": lambda: theirs.recommend(0, one, N=300, recalculate_user=True),
        },
    )
    candidates = ranked.merged.item_idx
    connection = duckdb.connect()
    connection.execute("SET threads TO 1")
    table = pl.DataFrame(engine.builder.item_columns, schema=[f"c{n}" for n in range(7)])
    connection.register("frame", table.with_row_index("item").to_arrow())
    connection.execute("CREATE TABLE items AS SELECT * FROM frame")
    wanted = pl.DataFrame({"item": candidates}).to_arrow()

    def query() -> object:
        connection.register("wanted", wanted)
        return connection.execute("SELECT items.* FROM wanted JOIN items USING (item)").fetchnumpy()

    rows += compare(
        "facts of the candidates",
        {"array": lambda: engine.builder.item_columns[candidates], "DuckDB": query},
    )
    made = service.recommend(history, Query(k=50))
    body = {"items": [{"title": service.catalog.title[i.item_idx], "score": i.score} for i in made.items]}
    return rows + compare(
        "50 films as JSON",
        {"orjson": lambda: orjson.dumps(body), "stdlib": lambda: json.dumps(body).encode()},
    )


def serve(home: Path, users: int, clients: Sequence[int]) -> tuple[float, float, list[Load]]:
    """Start the API; return seconds until it is ready, its memory in MB, and what clients get."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    command = [sys.executable, "-m", "app.server", "--home", str(home), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(port, process)
        ready = time.perf_counter() - started
        put_load(port, users, 1, 1)
        loads = [put_load(port, users, number, LOAD_SECONDS) for number in clients]
        status = Path(f"/proc/{process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        memory = next(
            (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), float("nan")
        )
    finally:
        process.terminate()
        process.wait(20)
    return ready, memory, loads


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once ``/health/ready`` says so; raise where the process ends or takes two minutes."""
    for _ in range(12_000):
        if process.poll() is not None:
            raise RuntimeError(f"the API ended with code {process.returncode}; run movierec serve to see why")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError("the API was not ready within two minutes")


def describe_machine() -> str:
    """Return processor, load and versions in a sentence."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "numba", "scikit-learn", "implicit")
    )
    return (
        f"{os.cpu_count()} cores of {model}, load {load:.1f} at the start, "
        f"Python {platform.python_version()}, {libraries}."
    )


def render(machine: str, data: str, parts: list[Row], http: tuple[float, float, list[Load]] | None) -> str:
    """Return the report as Markdown."""
    lines = ["# Benchmarks of serving", "", machine, "", data, "", "## One request", "", HEAD]
    lines += [f"| {name} | {median:.3f} | {tail:.3f} | {note} |" for name, median, tail, note in parts]
    if http is not None:
        ready, memory, loads = http
        lines += ["", "## Over HTTP", ""]
        lines += [f"Ready {ready:.2f} s after the start, {memory:.0f} MB after the load.", ""]
        lines += ["| clients | requests/s | p50 ms | p99 ms | failed | tool |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {one.clients} | {one.rate:.0f} | {one.p50:.2f} | {one.p99:.2f} | {one.failed} | {one.tool} |"
            for one in loads
        ]
    lines += [
        "",
        "Command: `make bench`. In process it is time of the processor that is told, over HTTP time",
    ]
    lines += ["on the clock, with the load generator and whatever else ran beside it."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure the current bundle of a home and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path("data"), help="folder with the bundle (data)")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmarks.md"))
    parser.add_argument("--no-http", action="store_true", help="measure in process only")
    chosen = parser.parse_args()
    machine = describe_machine()
    service = RecommenderService.open(chosen.home)
    data = (
        f"Data: {service.info.name}, {len(service.user_id):,} viewers, {len(service.catalog):,} films, "
        f"{len(service.interactions):,} events; k = {K}."
    )
    print("one request …", file=sys.stderr)
    parts = time_requests(service)
    print("parts beside their references …", file=sys.stderr)
    parts += compare_parts(service)
    print("over HTTP …", file=sys.stderr)
    http = None if chosen.no_http else serve(chosen.home, len(service.user_id), (1, 16))
    text = render(machine, data, parts, http)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
