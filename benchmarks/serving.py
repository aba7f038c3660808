"""What a request costs, beside references in the same run: ``make bench`` or ``make bench SCALE=20m``.

``python benchmarks/serving.py --home data`` measures the bundle of a home, ``--scale 20m`` one that is drawn
in the shape of MovieLens-20M; both write ``reports/benchmarks.md``.
"""

# ruff: noqa: E402

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is loaded, as the API does

import numpy as np
from drawn import DrawnConfig, write_drawn_bundle
from floor import render_floor
from hot_spots import render_hot_spots
from in_process import K, Row, compare_histories, compare_parts, time_requests
from over_http import Served, serve
from targets import render_targets

from movierec.data.population import SHAPES
from movierec.service import RecommenderService

HEAD = "| | CPU ms, median | p99 | |\n|---|---|---|---|"


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


def describe_data(service: RecommenderService) -> str:
    """Return the size of the data in a sentence."""
    drawn = " (drawn, see benchmarks/drawn.py)" if service.info.name.startswith("drawn-") else ""
    return (
        f"Data: {service.info.name}{drawn}, {len(service.user_id):,} viewers, "
        f"{len(service.catalog):,} films, {len(service.interactions):,} events; k = {K}."
    )


def render(machine: str, data: str, parts: list[Row], within: list[str], http: Served | None) -> str:
    """Return the report as Markdown; ``within`` are further sections about the request in process."""
    lines = ["# Benchmarks of serving", "", machine, "", data]
    lines += [*render_targets(parts, http), "", "## One request", "", HEAD]
    lines += [f"| {row.name} | {row.median:.3f} | {row.p99:.3f} | {row.note} |" for row in parts]
    lines += within
    if http is not None:
        lines += render_served(http)
    lines += [
        "",
        "Command: `make bench`, with `SCALE=20m` where the data is drawn. In process it is time of the",
        "processor that is told, over HTTP time on the clock, with the load generator and whatever else ran.",
    ]
    return "\n".join(lines) + "\n"


def render_served(http: Served) -> list[str]:
    """Return what was found over HTTP, as lines of Markdown."""
    ready = " and ".join(f"{seconds:.2f} s" for seconds in http.ready)
    lines = ["", "## Over HTTP", "", f"From the start to the first recommendation: {ready}.", ""]
    lines += [
        "| workers | clients | requests/s | p50 ms | p99 ms | failed | tool |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {workers} | {one.clients} | {one.rate:.0f} | {one.p50:.2f} | {one.p99:.2f} | {one.failed} "
        f"| {one.tool} |"
        for workers, one in http.loads
    ]
    lines += ["", "| one client | p50 ms | p99 ms |", "|---|---|---|"]
    lines += [
        f"| {name} | {np.percentile(taken, 50):.2f} | {np.percentile(taken, 99):.2f} |"
        for name, taken in http.times.items()
    ]
    lines += ["", "| memory, MB | resident | proportional | private |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {own.resident:.0f} | {own.proportional:.0f} | {own.private:.0f} |"
        for name, own in (("one process", http.alone), *(("one of two workers", own) for own in http.workers))
    ]
    return [*lines, "", f"Two workers and what started them take {http.added:.0f} MB more than one process."]


def measure(home: Path, *, with_http: bool) -> str:
    """Return the report on the current bundle of a home."""
    machine = describe_machine()
    service = RecommenderService.open(home)
    say("one request …")
    parts = time_requests(service)
    say("histories of all lengths, parts beside their references …")
    parts += compare_histories(service) + compare_parts(service)
    within = [*render_hot_spots(service), *render_floor(service)]
    data, user_ids, item_ids = describe_data(service), service.user_id, service.catalog.item_id
    http = None
    if with_http:
        say("over HTTP …")
        del service
        with tempfile.TemporaryDirectory() as folder:
            http = serve(home, Path(folder), user_ids, item_ids)
    return render(machine, data, parts, within, http)


_started = time.perf_counter()


def say(line: str) -> None:
    """Tell how far it is."""
    print(f"{time.perf_counter() - _started:6.1f} s  {line}", file=sys.stderr)


def main() -> int:
    """Measure a bundle and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path("data"), help="folder with the bundle (data)")
    parser.add_argument("--scale", choices=SHAPES, help="draw a bundle of this size instead")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmarks.md"))
    parser.add_argument("--no-http", action="store_true", help="measure in process only")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home: Path = chosen.home
        if chosen.scale is not None:
            home = Path(folder)
            write_drawn_bundle(DrawnConfig(SHAPES[chosen.scale]), home, say)
        text = measure(home, with_http=not chosen.no_http)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
