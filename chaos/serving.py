"""Bundles swapped under load, and a long run of mixed traffic."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from chaos.api import Api, Crowd, gather, serve
from chaos.artifacts import make_environment
from chaos.bundles import copy_home
from chaos.report import ROOT
from chaos.trial import Figure, Ground, Outcome, Trial
from movierec.artifacts import open_current, point_current, prune_bundles
from movierec.feedback.store import FeedbackStore

BAD_EVERY: Final = 4
LOOK_SECONDS: Final = "0.2"
SWAP_SECONDS: Final = 30.0
MAX_GROWTH: Final = 0.05
"""Share by which memory may differ between the middle and the last third of the soak."""


def run_swaps(ground: Ground) -> Outcome:
    """Make another bundle current again and again under load; every fourth one is damaged."""
    home = copy_home(ground.home, ground.folder / "home")
    bundles = home / "bundles"
    rounds = ground.scale(24, least=2)
    swapped = refused = 0
    served = {open_current(bundles).version}
    bad: set[str] = set()
    remarks: list[str] = []
    with serve(home, ground.folder / "api.log", MOVIEREC_RELOAD_SECONDS=LOOK_SECONDS) as api:
        crowd = gather(api, clients=4, pause=0.0)
        with crowd.work():
            for number in range(1, rounds + 1):
                before = open_current(bundles).version
                if number % BAD_EVERY:
                    version = _publish(home, f"swap-{number}")
                    served.add(version)
                    swapped += _wait_for(api, "bundle", version)
                else:
                    version = _publish_damaged(home, f"swap-{number}")
                    bad.add(version)
                    refused += _wait_for(api, "bundle_problem", version)
                    point_current(bundles, before)
                prune_bundles(bundles, keep=3)
    lost = sum(crowd.failures.values())
    stray = set(crowd.bundles) - served
    remarks += [f"{name}: {count}." for name, count in crowd.failures.items()]
    figures: dict[str, Figure] = {
        "swap rounds": rounds,
        "good bundles served": swapped,
        "bad bundles refused": refused,
        "requests": crowd.requests,
        "requests lost": lost,
        "lists from a bad bundle": sum(crowd.bundles[name] for name in stray),
        "bundles that lists came from": len(crowd.bundles),
        "p50 ms": float(np.percentile(crowd.latencies, 50)),
        "p99 ms, swaps included": float(np.percentile(crowd.latencies, 99)),
        "longest ms": max(crowd.latencies),
        **_compare_feedback(home, crowd),
    }
    kept = not lost and not stray and swapped + refused == rounds and figures["feedback lost"] == 0
    return Outcome(kept, figures, tuple(remarks))


def run_soak(ground: Ground) -> Outcome:
    """Mixed traffic, feedback and a swap every half minute for eight minutes; memory must stay flat."""
    home = copy_home(ground.home, ground.folder / "home")
    seconds = ground.scale(480, least=20)
    memory: list[tuple[float, float]] = []
    swaps = number = 0
    with serve(home, ground.folder / "api.log", MOVIEREC_RELOAD_SECONDS=LOOK_SECONDS) as api:
        crowd = gather(api, clients=3, pause=0.01)
        began = time.monotonic()
        swap_at = began + min(SWAP_SECONDS, seconds / 4)
        with crowd.work():
            while (now := time.monotonic()) < began + seconds:
                memory.append((now - began, api.measure_memory()))
                if now >= swap_at:
                    number += 1
                    swaps += _wait_for(api, "bundle", _publish(home, f"soak-{number}"))
                    prune_bundles(home / "bundles", keep=2)
                    swap_at = now + SWAP_SECONDS
                time.sleep(0.5)
    lost = sum(crowd.failures.values())
    moments, sizes = np.array(memory).T
    middle, last = (
        float(np.median(sizes[(moments >= seconds * a) & (moments < seconds * b)]))
        for a, b in ((1 / 3, 2 / 3), (2 / 3, 1))
    )
    settled = moments >= seconds / 3
    slope = float(np.polyfit(moments[settled] / 60, sizes[settled], 1)[0])
    figures: dict[str, Figure] = {
        "seconds": seconds,
        "requests": crowd.requests,
        "errors": lost,
        "swaps": swaps,
        "p50 ms": float(np.percentile(crowd.latencies, 50)),
        "p99 ms": float(np.percentile(crowd.latencies, 99)),
        "memory in the middle third, MB": middle,
        "memory in the last third, MB": last,
        "slope of memory after the first third, MB a minute": slope,
        "most memory, two bundles open, MB": float(sizes.max()),
        **_compare_feedback(home, crowd),
    }
    kept = not lost and swaps == number and last < middle * (1 + MAX_GROWTH) and not figures["feedback lost"]
    return Outcome(kept, figures, tuple(f"{name}: {count}." for name, count in crowd.failures.items()))


def _wait_for(api: Api, field: str, version: str, patience: float = 60.0) -> bool:
    """Return whether a field of ``GET /health`` names a bundle before long."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if version in str(api.ask("GET", "/health")[1].get(field)):
            return True
        time.sleep(0.05)
    return False


def _publish(home: Path, mark: str) -> str:
    """Publish in a process of its own: the clients of this one must not wait for it."""
    command = [sys.executable, "-m", "chaos.bundles", str(home), mark]
    done = subprocess.run(command, cwd=ROOT, env=make_environment(), stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()[-1]


def _publish_damaged(home: Path, mark: str) -> str:
    """Publish a bundle with one wrong byte and make it current; nobody ever finds it whole."""
    bundles = home / "bundles"
    before = open_current(bundles).version
    aside = home / "aside"
    version = _publish(copy_home(home, aside), mark)
    file = aside / "bundles" / version / "interactions.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (aside / "bundles" / version).rename(bundles / version)
    shutil.rmtree(aside)
    assert open_current(bundles).version == before  # noqa: S101 - the trial would prove nothing
    point_current(bundles, version)
    return version


def _compare_feedback(home: Path, crowd: Crowd) -> dict[str, Figure]:
    dataset = open_current(home / "bundles").manifest.dataset.name
    with FeedbackStore.open(home / "feedback.sqlite3", dataset) as store:
        stored = [str(event.event_id) for event in store.events()]
    lost = len(set(crowd.acknowledged) - set(stored))
    return {
        "feedback acknowledged": len(crowd.acknowledged),
        "feedback stored": len(stored),
        "feedback lost": lost,
    }


SWAPS: Final = Trial(
    "swaps",
    "Swapping bundles under load loses no request, and a bad bundle never replaces a good one.",
    run_swaps,
)
SOAK: Final = Trial(
    "soak",
    "Mixed traffic with feedback and swaps meets no error, and memory stays flat.",
    run_soak,
)
