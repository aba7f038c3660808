"""Take pictures of every page, wide and narrow, light and dark, as small WebP files.

Of a running demo (``--ui http://127.0.0.1:8501``), or of one it starts on a built home folder
(``--home data``). Needs Chromium and the test extra.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
CHROMIUM: Final = Path("/usr/bin/chromium")
PAGES: Final = {
    "for-you": "/",
    "title": "/title?movie={movie}",
    "taste": "/taste",
    "together": "/together?with=7&with=99",
    "inspect": "/inspect",
    "generations": "/inspect?look=generations",
    "what-if": "/inspect?look=what-if",
    "evaluation": "/evaluation",
    "simulation": "/simulation",
    "tour": "/tour",
}
SIZES: Final = {"wide": (1440, 1000), "phone": (390, 844)}
THEMES: Final = ("light", "dark")
START_SECONDS: Final = 180.0
QUALITY: Final = 72
_SETTLED: Final = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const busy = document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]');
  const running = app && app.getAttribute('data-test-script-state') === 'running';
  const seen = [...document.querySelectorAll('.mr-poster img')].filter(
    image => image.getBoundingClientRect().top < innerHeight);
  return app && !busy && !running && document.querySelector('h1, [class*="st-key-"]') &&
    seen.every(image => image.complete);
}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures that are asked for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ui", help="address of a running app; without it one is started")
    parser.add_argument("--home", type=Path, default=Path("data"), help="built home folder to start from")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--viewer", default="42")
    parser.add_argument("--movie", default="738", help="a film id; Mulholland Drive of the sample")
    parser.add_argument("--pages", nargs="*", choices=list(PAGES), default=list(PAGES))
    parser.add_argument("--full", action="store_true", help="the whole page, not only the first screen")
    chosen = parser.parse_args(arguments)
    if not CHROMIUM.exists():
        print(f"take_screenshots: {CHROMIUM} is missing; install Chromium", file=sys.stderr)
        return 2
    chosen.out.mkdir(parents=True, exist_ok=True)
    with run_demo(chosen.ui, chosen.home) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for theme in THEMES:
            for size in SIZES:
                for name in chosen.pages:
                    address = make_address(url, PAGES[name], chosen.viewer, chosen.movie)
                    picture = take_picture(browser, address, size, theme, chosen.full)
                    path = chosen.out / f"{name}-{size}-{theme}.webp"
                    save_picture(picture, path)
                    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)
        browser.close()
    return 0


def make_address(url: str, path: str, viewer: str, movie: str) -> str:
    """Return the deep link of a page for a viewer."""
    joint = "&" if "?" in path else "?"
    return f"{url}{path.format(movie=movie)}{joint}viewer={viewer}"


def take_picture(browser: Browser, address: str, size: str, theme: str, full: bool) -> bytes:
    """Return a PNG of a page once nothing moves any more."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.goto(address)
        wait_until_settled(page)
        if full:
            tallest = page.evaluate(
                "Math.max(...[...document.querySelectorAll('[data-testid=\"stMain\"], body')]"
                ".map(part => part.scrollHeight))"
            )
            page.set_viewport_size({"width": width, "height": min(int(tallest), 6000)})
            wait_until_settled(page)
        return page.screenshot()
    finally:
        context.close()


def wait_until_settled(page: Page) -> None:
    """Wait until the app has drawn and the pictures in sight have arrived, twice in a row."""
    for _ in range(2):
        page.wait_for_function(_SETTLED, timeout=120_000)
        page.wait_for_timeout(700)  # charts fade in after the script has ended
    page.wait_for_function(_SETTLED, timeout=120_000)


def save_picture(png: bytes, path: Path) -> None:
    """Write a picture as WebP."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)


@contextmanager
def run_demo(ui: str | None, home: Path) -> Iterator[str]:
    """Give the address of the app; where none runs, start API and app and stop them at the end."""
    if ui is not None:
        yield ui.rstrip("/")
        return
    api_port, ui_port = find_free_port(), find_free_port()
    api = f"http://127.0.0.1:{api_port}"
    serve = [sys.executable, "-m", "app.server", "--home", str(home.resolve()), "--port", str(api_port)]
    show = [sys.executable, "scripts/run_ui.py"]
    environment = {**os.environ, "MOVIEREC_API_URL": api, "MOVIEREC_UI_PORT": str(ui_port)}
    with (
        subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server,
        subprocess.Popen(show, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as shown,
    ):
        try:
            wait_for(f"{api}/health/ready")
            wait_for(f"http://127.0.0.1:{ui_port}/_stcore/health")
            yield f"http://127.0.0.1:{ui_port}"
        finally:
            server.terminate()
            shown.terminate()


def wait_for(address: str) -> None:
    """Wait until an address answers with success; raises ``TimeoutError``."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with opener.open(address, timeout=2):
                return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.2)
    raise TimeoutError(f"{address} does not answer after {START_SECONDS:.0f} s; is the home folder built?")


def find_free_port() -> int:
    """Return a port nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
