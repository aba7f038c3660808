"""The app over the stand-in API, and a page of Chromium to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_api import FakeApi
from live import open_browser, show


@pytest.fixture
def app_url(fake_api: FakeApi, tmp_path: Path) -> Iterator[str]:
    with show(fake_api.url, tmp_path) as url:
        yield url


@pytest.fixture
def page() -> Iterator[object]:
    with open_browser() as browser:
        yield browser.new_page(viewport={"width": 1440, "height": 1000})
