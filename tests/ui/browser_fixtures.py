"""The app over the stand-in API, and a page of Chromium to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_api import FakeApi
from live import open_browser, show

PATIENCE_MS = 120_000
"""A test here fails because something is wrong, not because the machine is busy."""


@pytest.fixture
def app_url(fake_api: FakeApi, tmp_path: Path) -> Iterator[str]:
    with show(fake_api.url, tmp_path) as url:
        yield url


@pytest.fixture
def page() -> Iterator[Any]:
    with open_browser() as browser:
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE_MS)
        opened = browser.new_page(viewport={"width": 1440, "height": 1000})
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        opened.close()
