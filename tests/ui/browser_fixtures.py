"""The app over the stand-in API, and a page of Chromium to look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_api import FakeApi

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def app_url(fake_api: FakeApi) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "MOVIEREC_API_URL": fake_api.url, "PYTHONUNBUFFERED": "1"}
    environment.pop("MOVIEREC_API_PUBLIC_URL", None)
    command = [sys.executable, "-m", "streamlit", "run", "ui/streamlit_app.py", "--server.port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("URL:" in line for line in process.stdout), "Streamlit did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture
def page() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        if os.environ.get("MOVIEREC_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{CHROMIUM} is required here and missing")
        pytest.skip(f"{CHROMIUM} is missing")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1440, "height": 1000})
        browser.close()
