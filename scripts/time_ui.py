"""Measure what people wait for in the app and write ``reports/ui_timings.md``.

First useful paint, a thumb until the list has moved, a wall of sixty posters: medians over several fresh
browser sessions, of a running app (``--ui``) or of one it starts on a built home folder (``--home``). A bare
Streamlit app is measured in turn with it: on a busy machine only the ratio of the two says anything.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright
from take_screenshots import CHROMIUM, ROOT, find_free_port, run_demo, wait_for, wait_until_settled

WALL: Final = 60
TARGETS: Final = {"first paint": 2.0, "press": 0.5, "thumb": 0.5, "wall": 2.5}
MEANINGS: Final = {
    "bare paint": "bare Streamlit app: from opening the address to its line of text",
    "bare press": "bare Streamlit app: from pressing its button to the changed text",
    "first paint": "from opening the address to the first poster that is drawn, in a fresh session",
    "press": "from pressing a like to the changed button",
    "thumb": "from pressing a like to the re-ranked list that says why",
    "wall": f"from opening the address to {WALL} posters on the page, those in sight drawn",
}
_FIRST_POSTER: Final = "() => [...document.querySelectorAll('.mr-poster img')].some(i => i.naturalWidth > 0)"
_WALL: Final = f"""() => {{
  const posters = [...document.querySelectorAll('.mr-poster img')];
  return posters.length >= {WALL} && posters.filter(
    i => i.getBoundingClientRect().top < innerHeight).every(i => i.complete && i.naturalWidth > 0);
}}"""
WAIT_MS: Final = 120_000
_BARE: Final = """import streamlit as st
pressed = st.button("Press")
st.html(f"<p id='bare'>{pressed}</p>")
"""


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
    with run_demo(chosen.ui, chosen.home) as url, run_bare() as bare, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        address = f"{url}/?viewer={chosen.viewer}"
        measured = measure(browser, address, bare, chosen.runs)
        browser.close()
    report = write_report(measured, chosen.runs)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(report, "utf-8")
    print(report)
    return int(any(statistics.median(measured[name]) > target for name, target in TARGETS.items()))


@contextmanager
def run_bare() -> Iterator[str]:
    """Give the address of a Streamlit app of one button and one line, and stop it at the end."""
    port = find_free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(_BARE, "utf-8")
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as shown:
            try:
                wait_for(f"http://127.0.0.1:{port}/_stcore/health")
                yield f"http://127.0.0.1:{port}/"
            finally:
                shown.terminate()


def measure(browser: Browser, address: str, bare: str, runs: int) -> dict[str, list[float]]:
    """Return seconds of ``runs`` fresh sessions, app and bare app in turn; a round before is not counted."""
    measured: dict[str, list[float]] = {name: [] for name in MEANINGS}
    for run in range(runs + 1):
        for name, time_it in TIMERS.items():
            context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
            seconds = time_it(context.new_page(), bare if name.startswith("bare") else address)
            context.close()
            if run:
                measured[name].append(seconds)
    return measured


def time_bare_paint(page: Page, address: str) -> float:
    """Return the seconds until the bare app's line stands there."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("#bare", timeout=WAIT_MS)
    return time.perf_counter() - start


def time_bare_press(page: Page, address: str) -> float:
    """Return the seconds from a press to the changed line of the bare app."""
    page.goto(address)
    page.wait_for_selector("#bare", timeout=WAIT_MS)
    page.wait_for_timeout(1000)
    start = time.perf_counter()
    page.get_by_role("button", name="Press").click()
    page.get_by_text("True").wait_for(timeout=WAIT_MS)
    return time.perf_counter() - start


def time_first_paint(page: Page, address: str) -> float:
    """Return the seconds until the first poster is drawn."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(_FIRST_POSTER, polling="raf", timeout=WAIT_MS)
    return time.perf_counter() - start


def time_press(page: Page, address: str) -> float:
    """Return the seconds from a like to the button that takes it back; the like is taken back."""
    return _time_like(page, address, ".mr-on[data-action=like]")


def time_thumb(page: Page, address: str) -> float:
    """Return the seconds from a like to the list that has moved for it; the like is taken back."""
    return _time_like(page, address, ".mr-line.mr-up")


def _time_like(page: Page, address: str, effect: str) -> float:
    page.goto(address)
    wait_until_settled(page)
    button = page.locator(".st-key-wall-home [data-action=like]").nth(6)
    shown = page.locator(f".st-key-wall-home {effect}").first
    start = time.perf_counter()
    button.click()
    shown.wait_for(state="visible", timeout=WAIT_MS)
    seconds = time.perf_counter() - start
    page.locator(".st-key-wall-home .mr-line.mr-up").first.wait_for(state="visible", timeout=WAIT_MS)
    page.get_by_role("button", name=re.compile("^Take back like: ")).first.click()
    shown.wait_for(state="detached", timeout=WAIT_MS)
    page.wait_for_timeout(500)  # the press is on its way to the API
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


TIMERS: Final = {
    "bare paint": time_bare_paint,
    "bare press": time_bare_press,
    "first paint": time_first_paint,
    "press": time_press,
    "thumb": time_thumb,
    "wall": time_wall,
}


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
        "| What | Median | Fastest | Slowest | Times bare | Target | Met |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, times in measured.items():
        middle, target = statistics.median(times), TARGETS.get(name)
        bare = measured["bare press" if "press" in name or name == "thumb" else "bare paint"]
        aim, met = ("–", "–") if target is None else (f"< {target:g} s", "yes" if middle < target else "no")
        lines.append(
            f"| {MEANINGS[name]} | {middle:.2f} s | {min(times):.2f} s | {max(times):.2f} s | "
            f"{middle / statistics.median(bare):.1f} | {aim} | {met} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
