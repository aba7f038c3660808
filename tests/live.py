"""The product in its own processes: API, app, browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 60_000


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def clean_environment(**added: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOVIEREC_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **added}


@dataclass
class Api:
    """A running API, spoken to over HTTP."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, **body: object) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def list_ids(self, user_idx: int, k: int = 20) -> list[str]:
        return [item["item_id"] for item in self.get(f"/recommend/user/{user_idx}?k={k}")["items"]]

    def say(self, user_id: str, action: str, item_id: str, **more: str) -> str:
        event_id = str(uuid4())
        status, answer = self.post(
            "/feedback", event_id=event_id, user_id=user_id, item_id=item_id, action=action, **more
        )
        assert (status, answer["status"]) == (201, "stored")
        return event_id


@contextmanager
def serve(home: Path, port: int = 0, **settings: str) -> Iterator[Api]:
    """Run the API on a home; on a port of its own unless told otherwise."""
    port = port or find_free_port()
    command = [sys.executable, "-m", "app.server", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            yield Api(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()


@contextmanager
def show(api_url: str, home: Path) -> Iterator[str]:
    """Run the app over an API; what waits to be sent lies in ``home``."""
    port = find_free_port()
    command = [sys.executable, "-m", "streamlit", "run", "ui/server.py", "--server.port", str(port)]
    environment = clean_environment(MOVIEREC_API_URL=api_url, MOVIEREC_HOME=str(home))
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("URL:" in line for line in process.stdout), "Streamlit did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


_OPEN: list[Any] = []


@contextmanager
def open_browser() -> Iterator[Any]:
    """Run Chromium; skips, or fails where ``MOVIEREC_REQUIRE_BROWSER`` is 1, without it."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        if os.environ.get("MOVIEREC_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{CHROMIUM} is required here and missing")
        pytest.skip(f"{CHROMIUM} is missing")
    if _OPEN:
        # Playwright runs once in a process: whoever comes while it does shares its Chromium.
        yield _OPEN[-1]
        return
    playwright.expect.set_options(timeout=PATIENCE_MS)  # the machine may be busy
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        _OPEN.append(browser)
        try:
            yield browser
        finally:
            _OPEN.clear()
            browser.close()
