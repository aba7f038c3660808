"""The whole product over the sample and over ml-latest-small, once each for all tests that browse it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser_fixtures import PATIENCE_MS
from live import Api, open_browser, serve, show
from playwright.sync_api import expect
from toy_data import QUICK_BUILD

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.pipeline import build

__all__ = ["PATIENCE_MS", "expect"]

REAL = "ml-latest-small"


@pytest.fixture(scope="session", params=["sample", pytest.param(REAL, marks=pytest.mark.realdata)])
def browsed_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home of its own for the browser: the shared sample, or ml-latest-small built once."""
    folder: Path = tmp_path_factory.mktemp("browsed") / "home"
    if request.param == "sample":
        shutil.copytree(request.getfixturevalue("sample_home"), folder)
        return folder
    datasets = os.environ.get("MOVIEREC_DATASETS")
    if not datasets:
        pytest.skip("MOVIEREC_DATASETS is not set")
    settings = Settings(home=folder)
    build(load_dataset(str(Path(datasets) / REAL), settings), settings, QUICK_BUILD)
    return folder


@pytest.fixture(scope="session")
def browsed_api(browsed_home: Path) -> Iterator[Api]:
    with serve(browsed_home) as running:
        yield running


@pytest.fixture(scope="session")
def browsed_url(browsed_api: Api, browsed_home: Path) -> Iterator[str]:
    with show(browsed_api.url, browsed_home) as url:
        yield url


@dataclass
class Window:
    """A browser window of somebody, and every host it asked for anything."""

    page: Any
    hosts: set[str | None] = field(default_factory=set)

    def listen(self) -> None:
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))

    @property
    def wall(self) -> Any:
        return self.page.locator(".st-key-wall-home")

    def open(self, address: str, n_films: int = 12) -> None:
        self.page.goto(address)
        expect(self.wall.locator(".mr-poster img")).to_have_count(n_films, timeout=PATIENCE_MS)
        self.page.wait_for_function("document.querySelector('.mr-poster img').naturalWidth > 0")

    def settle(self) -> None:
        """Wait until the app has answered and the browser has drawn it, rows below the fold too."""
        self.page.wait_for_function(
            "document.querySelector('.stApp').dataset.testScriptState === 'notRunning'"
        )
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
        )

    def list_ids(self) -> list[str]:
        links = self.page.locator('.mr-card a[href*="movie="]')
        addresses: list[str] = links.evaluate_all("links => links.map(link => link.href)")
        return [parse_qs(urlsplit(address).query)["movie"][0] for address in addresses]

    def list_wall(self) -> list[str]:
        alts: list[str] = self.wall.locator(".mr-poster img").evaluate_all("all => all.map(i => i.alt)")
        return alts

    def like(self, place: int) -> str:
        """Like the film that is at a place now, counting those not liked yet, and return its name."""
        # Only those: a like before may just have moved its own card to the place that is asked for.
        button = self.wall.locator('.mr-card [data-action="like"][aria-label^="Like: "]').nth(place)
        name: str = button.get_attribute("aria-label").removeprefix("Like: ")
        # By name, since the film may have another place by now: a like before moves the cards.
        self.wall.get_by_role("button", name=f"Like: {name}", exact=True).click()
        expect(self.page.get_by_role("button", name=f"Take back like: {name}", exact=True)).to_be_visible()
        return name


@pytest.fixture
def window(request: pytest.FixtureRequest) -> Iterator[Window]:
    """Return a fresh window; whatever a test does in it, nobody but this computer is asked for anything."""
    expect.set_options(timeout=PATIENCE_MS)
    context = request.getfixturevalue("chromium").new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(context.new_page())
    opened.listen()
    yield opened
    context.close()
    assert {host for host in opened.hosts if host} == {"127.0.0.1"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


def find_viewers(api: Api, first: int = 0) -> tuple[str, str]:
    """Return two viewers next to each other; tests that leave something behind start at different ones."""
    found = api.get(f"/users?limit=2&offset={first}")["users"]
    return found[0]["user_id"], found[1]["user_id"]
