"""Measure what people wait for in the app and write ``reports/ui_timings.md``.

First useful paint, a thumb until something moves, a wall of sixty posters: medians over several fresh
browser sessions, of a running app (``--ui``) or of one it starts on a built home folder (``--home``).
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright
from take_screenshots import CHROMIUM, ROOT, run_demo, wait_until_settled

WALL: Final = 60
TARGETS: Final = {"first paint": 2.0, "thumb": 0.5, "wall": 2.5}
MEANINGS: Final = {
    "first paint": "from opening the address to the first poster that is drawn, in a fresh session",
    "thumb": "from pressing a like to its first visible effect",
    "wall": f"from opening the address to {WALL} posters on the page, those in sight drawn",
}
_FIRST_POSTER: Final = "() => [...document.querySelectorAll('.mr-poster img')].some(i => i.naturalWidth > 0)"
_WALL: Final = f"""() => {{
  const posters = [...document.querySelectorAll('.mr-poster img')];
  return posters.length >= {WALL} && posters.filter(
    i => i.getBoundingClientRect().top < innerHeight).every(i => i.complete && i.naturalWidth > 0);
}}"""
WAIT_MS: Final = 120_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write the report and return the exit code: 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ui", help="address of a running app; without it one is started")
    parser.add_argument("--home", type=Path, default=Path("data"), help="built home folder to start from")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "ui_timings.md")
    parser.add_argument("--viewer", default="42")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args(arguments)
    if not CHROMIUM.exists():
        print(f"time_ui: {CHROMIUM} is missing; install Chromium", file=sys.stderr)
        return 2
    with run_demo(chosen.ui, chosen.home) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        address = f"{url}/?viewer={chosen.viewer}"
        measured = {name: measure(browser, address, time_it, chosen.runs) for name, time_it in TIMERS.items()}
        browser.close()
    report = write_report(measured, chosen.runs)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(report, "utf-8")
    print(report)
    return int(any(statistics.median(times) > TARGETS[name] for name, times in measured.items()))


def measure(browser: Browser, address: str, time_it: Callable[[Page, str], float], runs: int) -> list[float]:
    """Return seconds of ``runs`` fresh sessions; one before them warms the servers and is not counted."""
    times = []
    for run in range(runs + 1):
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
        seconds = time_it(context.new_page(), address)
        context.close()
        if run:
            times.append(seconds)
    return times


def time_first_paint(page: Page, address: str) -> float:
    """Return the seconds until the first poster is drawn."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(_FIRST_POSTER, polling="raf", timeout=WAIT_MS)
    return time.perf_counter() - start


def time_thumb(page: Page, address: str) -> float:
    """Return the seconds from a like to the button that takes it back; the like is taken back."""
    page.goto(address)
    wait_until_settled(page)
    button = page.get_by_role("button", name=re.compile("^Like: ")).first
    title = button.inner_text().rpartition("Like: ")[2].strip()
    back = page.get_by_role("button", name=re.compile(f"^Take back like: {re.escape(title)}")).first
    start = time.perf_counter()
    button.click()
    back.wait_for(state="visible", timeout=WAIT_MS)
    seconds = time.perf_counter() - start
    back.click()
    back.wait_for(state="detached", timeout=WAIT_MS)
    return seconds


def time_wall(page: Page, address: str) -> float:
    """Return the seconds until the page holds sixty posters; more are asked for where it has fewer."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    more = page.get_by_role("button", name="Load more").first
    while time.perf_counter() - start < WAIT_MS / 1000:
        if page.evaluate(_WALL):
            break
        idle = page.evaluate(
            "document.querySelector('[data-testid=\"stApp\"]')"
            "?.getAttribute('data-test-script-state') === 'notRunning'"
        )
        if idle and page.locator(".mr-poster img").count() < WALL and more.is_visible():
            more.click()
        page.wait_for_timeout(20)
    return time.perf_counter() - start


TIMERS: Final = {"first paint": time_first_paint, "thumb": time_thumb, "wall": time_wall}


def write_report(measured: dict[str, list[float]], runs: int) -> str:
    """Return the report as Markdown."""
    load = os.getloadavg()[0]
    lines = [
        "# How long people wait in the app",
        "",
        f"Written by `python scripts/time_ui.py`, {datetime.now(UTC):%Y-%m-%d}: medians of {runs} fresh "
        f"sessions of headless Chromium at 1440 × 1000, API, app and browser on one machine with "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}; load average "
        f"{load:.1f} at the end (above {os.cpu_count()}, other programs slow what is measured).",
        "",
        "| What | Median | Fastest | Slowest | Target | Met |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, times in measured.items():
        middle, target = statistics.median(times), TARGETS[name]
        lines.append(
            f"| {MEANINGS[name]} | {middle:.2f} s | {min(times):.2f} s | {max(times):.2f} s | "
            f"< {target:g} s | {'yes' if middle < target else 'no'} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
