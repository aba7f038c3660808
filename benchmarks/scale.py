"""What a build costs as data grows: ``python benchmarks/scale.py`` writes ``reports/scale.md`` and a plot.

Every size is generated, built and asked for lists in processes of their own. Wall seconds mean something on
a quiet machine only; processor seconds and memory survive others' work better. ``--home DIR`` keeps what was
built and measured: a run that was stopped goes on from there, and the bundles serve other measurements.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ("100k", "1m", "5m", "20m")
MOST_SECONDS, MOST_BYTES, LEAST_RATE, MOST_GENERATING = 720.0, 6e9, 1000.0, 120.0
ASKED = 20_000
_USERS = """
import sys, polars as pl
from pathlib import Path
from movierec.artifacts import open_current
from movierec.bundles import read_contents
users = read_contents(open_current(Path(sys.argv[1]) / "bundles")).user_id[: int(sys.argv[3])]
pl.DataFrame({"userId": users}).write_csv(sys.argv[2])
"""


@dataclass(frozen=True)
class Run:
    """What one process took.

    Attributes
    ----------
    seconds, cpu_seconds : on the clock, of all its threads and children
    peak_bytes : its largest resident memory
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass
class Size:
    """The measurements of one shape; ``stages`` as the bundle's manifest has them."""

    shape: str
    n_ratings: int
    generate: Run
    build: Run
    stages: list[dict[str, float | str | bool]] = field(default_factory=list)
    n_asked: int = 0
    recommend: Run | None = None


def run(command: list[str]) -> Run:
    """Run a command to its end; raises ``CalledProcessError`` where it fails."""
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def measure(shape: str, home: Path) -> Size:
    """Generate, build and ask; what a stopped run has generated is used again, timed as it was then."""
    from movierec.artifacts import open_current

    python, data, own = sys.executable, home / f"simulated-{shape}", home / f"home-{shape}"
    notes = home / f"generate-{shape}.json"
    if notes.exists() and (data / "ratings.csv").exists():
        generated = Run(**json.loads(notes.read_text(encoding="utf-8")))
    else:
        generated = run([python, "scripts/generate_ratings.py", "--shape", shape, "--out", str(data)])
        notes.write_text(json.dumps(asdict(generated)), encoding="utf-8")
    command = [python, "-c", "from movierec.cli import main; raise SystemExit(main())", "build"]
    built = run([*command, "--dataset", str(data), "--home", str(own)])
    manifest = open_current(own / "bundles").manifest
    # The build resets its own record with every stage, and the system's with it.
    highest = max([built.peak_bytes, *(cost.peak_bytes for cost in manifest.stages)])
    built = replace(built, peak_bytes=highest)
    size = Size(shape, manifest.dataset.n_interactions, generated, built)
    size.stages = [asdict(cost) for cost in manifest.stages]
    users = home / f"users-{shape}.csv"
    run([python, "-c", _USERS, str(own), str(users), str(ASKED)])
    size.n_asked = min(ASKED, manifest.dataset.n_users)
    command[-1] = "recommend"
    lists = home / f"lists-{shape}.csv"
    command += ["--home", str(own), "--users", str(users), "--k", "20", "--no-feedback", "--out", str(lists)]
    size.recommend = run(command)
    return size


def recall_or_measure(shape: str, home: Path) -> Size:
    """Return what an earlier run in the same home measured, else measure it now and write it down."""
    notes = home / f"size-{shape}.json"
    if notes.exists():
        known = json.loads(notes.read_text(encoding="utf-8"))
        runs = {name: Run(**known[name]) for name in ("generate", "build", "recommend")}
        return Size(**{**known, **runs})
    size = measure(shape, home)
    notes.write_text(json.dumps(asdict(size)), encoding="utf-8")
    return size


def fit_exponent(n: list[float], cost: list[float]) -> float:
    """Return the slope of log cost over log n: 1 is linear."""
    import numpy as np

    return float(np.polyfit(np.log(n), np.log(cost), 1)[0])


def report(sizes: list[Size], load: float) -> str:
    """Return the report as Markdown."""
    lines = [
        "# What size costs",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the start; "
        "simulated ratings of MovieLens shape. Written by `python benchmarks/scale.py`.",
        "",
        "| ratings | generate, s | build, s | CPU, s | peak GB | lists for users a second |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        rate = "" if size.recommend is None else f"{size.n_asked / size.recommend.seconds:,.0f}"
        lines.append(
            f"| {size.n_ratings:,} | {size.generate.seconds:.1f} | {size.build.seconds:.1f} "
            f"| {size.build.cpu_seconds:.1f} | {size.build.peak_bytes / 1e9:.2f} | {rate} |"
        )
    lines += ["", "Lists include the start of the program. By stage, CPU seconds and peak memory:", ""]
    names = [str(stage["name"]) for stage in sizes[-1].stages]
    lines += [f"| ratings | {' | '.join(names)} |", "|---:|" + "---:|" * len(names)]
    for size in sizes:
        known = {str(stage["name"]): stage for stage in size.stages}
        cells = [
            f"{known[name]['cpu_seconds']:.1f} s, {float(known[name]['peak_bytes']) / 1e9:.2f} GB"
            + (" (taken over)" if known[name]["resumed"] else "")
            if name in known
            else ""
            for name in names
        ]
        lines.append(f"| {size.n_ratings:,} | {' | '.join(cells)} |")
    if len(sizes) > 1:
        n = [float(size.n_ratings) for size in sizes]
        wall = fit_exponent(n, [size.build.seconds for size in sizes])
        cpu = fit_exponent(n, [size.build.cpu_seconds for size in sizes])
        memory = fit_exponent(n, [float(size.build.peak_bytes) for size in sizes])
        lines += [
            "",
            f"Exponents over the number of ratings (1 is linear): {wall:.2f} on the clock, {cpu:.2f} of the "
            f"processor, {memory:.2f} of memory.",
            "",
            "![cost over ratings](scale.png)",
        ]
    last = sizes[-1]
    if last.shape == SHAPES[-1] and last.recommend is not None:
        rate = last.n_asked / last.recommend.seconds
        checks = [
            ("generated within two minutes", last.generate.seconds <= MOST_GENERATING),
            ("built within twelve minutes", last.build.seconds <= MOST_SECONDS),
            ("built within 6 GB", last.build.peak_bytes <= MOST_BYTES),
            ("lists for a thousand users a second", rate >= LEAST_RATE),
        ]
        lines += ["", *(f"- {'met' if met else '**missed**'}: {what}" for what, met in checks)]
    return "\n".join(lines) + "\n"


def draw(sizes: list[Size], path: Path) -> None:
    """Draw cost over ratings on two logarithmic axes, with a line of slope one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    n = [size.n_ratings for size in sizes]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.loglog(n, [size.build.cpu_seconds for size in sizes], "o-", label="build, CPU")
    left.loglog(n, [size.build.seconds for size in sizes], "s-", label="build, clock")
    first = sizes[0].build.cpu_seconds
    left.loglog(n, [first * one / n[0] for one in n], ":", color="grey", label="linear")
    left.set(xlabel="ratings", ylabel="seconds")
    left.legend()
    right.loglog(n, [size.build.peak_bytes / 1e9 for size in sizes], "o-")
    right.set(xlabel="ratings", ylabel="peak memory, GB")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Measure the sizes asked for and write the report after each, so that nothing is lost by a stop."""
    parser = argparse.ArgumentParser(description="Measure builds as data grows, write reports/scale.md.")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES, help="default: all")
    parser.add_argument("--home", type=Path, help="keep all of it here; default: a temporary folder")
    parser.add_argument("--out", type=Path, default=ROOT / "reports", help="default: reports")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="movierec-scale-") as temporary:
        home = (chosen.home or Path(temporary)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        sizes: list[Size] = []
        for shape in chosen.shapes:
            sizes.append(recall_or_measure(shape, home))
            chosen.out.mkdir(parents=True, exist_ok=True)
            if len(sizes) > 1:
                draw(sizes, chosen.out / "scale.png")
            (chosen.out / "scale.md").write_text(report(sizes, load), encoding="utf-8")
            (chosen.out / "scale.json").write_text(
                json.dumps([asdict(size) for size in sizes], indent=1) + "\n", encoding="utf-8"
            )
            print(report(sizes, load))


if __name__ == "__main__":
    main()
