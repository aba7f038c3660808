"""Bundles published, killed, read and damaged."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unittest import mock

from chaos.bundles import copy_home
from chaos.publisher import publish, read_numbers
from chaos.report import ROOT
from chaos.trial import Ground, Outcome, Trial
from movierec.artifacts import open_bundle, open_current, read_current
from movierec.errors import ArtifactError


def run_reads(ground: Ground) -> Outcome:
    """Read the current bundle again and again while a publisher swaps it and is killed now and then."""
    bundles = ground.folder / "bundles"
    publish(bundles, 0)
    wanted, kills = ground.scale(4_000, least=40), ground.scale(40, least=3)
    moments = random.Random(3)  # noqa: S311 - chance, not secrecy
    faults: Counter[str] = Counter()
    versions: set[str] = set()
    reads = killed = 0
    number = 1
    while reads < wanted or killed < kills:
        publisher = _start_publisher(bundles, number)
        end = time.monotonic() + moments.uniform(0.4, 1.4)
        try:
            while time.monotonic() < end:
                reads += 1
                version, numbers = read_current(
                    bundles, lambda bundle: (bundle.version, read_numbers(bundle))
                )
                versions.add(version)
                faults["mixed"] += len(numbers) != 1
        except (ArtifactError, OSError) as error:
            faults[type(error).__name__] += 1
            ground.tell(f"  {error}")
        finally:
            publisher.kill()
            publisher.communicate(timeout=30)
        killed += 1
        number += 100_000  # never a number that was there before
    figures = {
        "reads": reads,
        "different bundles read": len(versions),
        "publishers killed": killed,
        "reads refused": sum(faults.values()) - faults["mixed"],
        "reads of two bundles mixed": faults["mixed"],
    }
    return Outcome(
        not sum(faults.values()), figures, tuple(f"{name}: {n}." for name, n in faults.items() if n)
    )


def run_kills(ground: Ground) -> Outcome:
    """Kill a build that writes a bundle of real size at a moment of chance; the old or the new one serves."""
    home = copy_home(ground.home, ground.folder / "home")
    bundles = home / "bundles"
    rounds = ground.scale(40, least=3)
    moments = random.Random(5)  # noqa: S311 - chance, not secrecy
    before = open_current(bundles).version
    old = new = 0
    for number in range(rounds):
        command = [sys.executable, "-m", "chaos.bundles", str(home), f"killed-{number}"]
        build = subprocess.Popen(command, cwd=ROOT, env=make_environment(), stdout=subprocess.PIPE)
        assert build.stdout is not None  # noqa: S101 - narrows the type only
        build.stdout.readline()  # everything is imported: from here on it writes
        time.sleep(moments.uniform(0.0, 2.5))
        build.kill()
        build.communicate(timeout=30)
        now = open_current(bundles).version  # raises where it is not whole
        old, new = old + (now == before), new + (now != before)
        before = now
    figures = {"builds killed": rounds, "old bundle serving": old, "new bundle serving": new, "torn": 0}
    return Outcome(old + new == rounds, figures)


def run_bytes(ground: Ground) -> Outcome:
    """Flip every byte of a small bundle and bytes of chance of a real one; nothing may be unpickled."""
    small = ground.folder / "bundles"
    folder = small / publish(small, 1)
    tried = refused = unpickled = 0
    real = copy_home(ground.home, ground.folder / "home") / "bundles"
    real_folder = open_current(real).path
    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    step = max(1, round(1 / ground.effort / 4)) * 16
    plans: list[tuple[Path, Sequence[int]]] = [
        (path, range(0, path.stat().st_size, _stride(path, step))) for path in _list_files(folder)
    ]
    plans += [
        (path, [chance.randrange(path.stat().st_size) for _ in range(ground.scale(12))])
        for path in _list_files(real_folder)
    ]
    with mock.patch("joblib.load") as load:
        for path, positions in plans:
            root = folder if path.is_relative_to(folder) else real_folder
            good = path.read_bytes()
            for position in positions:
                if path.name == "manifest.sha256" and position >= 64:
                    continue  # behind the digest comes the name of the file, which nothing reads
                damaged = bytearray(good)
                damaged[position] ^= 1 << chance.randrange(8)
                path.write_bytes(damaged)
                tried += 1
                try:
                    bundle = open_bundle(root)
                    [bundle.model(name) for name in bundle.manifest.files if name.endswith(".joblib")]
                except ArtifactError:
                    refused += 1
            path.write_bytes(good)
        unpickled = load.call_count
    open_bundle(folder)
    open_bundle(real_folder)
    figures = {"bytes corrupted": tried, "refused": refused, "unpickled all the same": unpickled}
    return Outcome(refused == tried and not unpickled, figures)


def _stride(path: Path, step: int) -> int:
    """Return 1 for what is read as code or structure, more for plain numbers, which repeat."""
    return step if path.suffix == ".npy" else 1


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def _start_publisher(bundles: Path, number: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "chaos.publisher", str(bundles), str(number)]
    publisher = subprocess.Popen(
        command,
        bufsize=0,
        cwd=ROOT,
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert publisher.stdout is not None  # noqa: S101 - narrows the type only
    publisher.stdout.readline()
    return publisher


def make_environment(**more: str) -> dict[str, str]:
    """Return the environment of a program under trial: this working copy, no settings of the caller's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOVIEREC_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), **more}


READS: Final = Trial(
    "bundle-reads",
    "A reader never sees a torn or mixed bundle while bundles are published, swapped and pruned, and "
    "publishers killed.",
    run_reads,
)
BUILD_KILLS: Final = Trial(
    "build-kills",
    "A build killed at any instant leaves a whole bundle current: the old one or the new.",
    run_kills,
)
BYTES: Final = Trial(
    "bundle-bytes", "Every corrupted byte is refused before anything is unpickled.", run_bytes
)
