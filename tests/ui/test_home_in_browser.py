"""The home page as a viewer meets it: real recommender, real app, real browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from live import Api, find_free_port, open_browser, serve, show
from toy_data import QUICK_BUILD

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.feedback.store import FeedbackStore
from movierec.pipeline import build

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
PATIENCE_MS = 120_000
"""A test here fails because something is wrong, not because the machine is busy."""

expect.set_options(timeout=PATIENCE_MS)
pytestmark = pytest.mark.browser

LIKE = re.compile("^Like: ")
SENT_BACK = re.compile("^Take back like: ")
REAL = "ml-latest-small"
NAMES_DIFFER = """before => [...document.querySelectorAll('.st-key-first-picks img')]
    .map(image => image.alt).join() != before"""


@pytest.fixture(scope="module", params=["sample", pytest.param(REAL, marks=pytest.mark.realdata)])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home of its own for this module: the shared sample, or ml-latest-small built once."""
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


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[Api]:
    with serve(home) as running:
        yield running


@pytest.fixture(scope="module")
def app_url(api: Api, home: Path) -> Iterator[str]:
    with show(api.url, home) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


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
        expect(self.wall.locator(".mr-poster img")).to_have_count(n_films)
        self.page.wait_for_function("document.querySelector('.mr-poster img').naturalWidth > 0")

    def list_ids(self) -> list[str]:
        links = self.page.locator('[class*="st-key-card-"] a[href*="movie="]')
        addresses: list[str] = links.evaluate_all("links => links.map(link => link.href)")
        return [parse_qs(urlsplit(address).query)["movie"][0] for address in addresses]

    def list_wall(self) -> list[str]:
        alts: list[str] = self.wall.locator(".mr-poster img").evaluate_all("all => all.map(i => i.alt)")
        return alts

    def like(self, place: int) -> str:
        """Press the thumb of the card at a place and return the film's name."""
        button = self.wall.get_by_role("button", name=LIKE).nth(place)
        name: str = button.locator("p").inner_text().removeprefix("Like: ")
        button.click()
        expect(self.page.get_by_role("button", name=f"Take back like: {name}")).to_be_visible()
        return name


@pytest.fixture
def window(browser: Any) -> Iterator[Window]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(context.new_page())
    opened.listen()
    yield opened
    context.close()
    assert {host for host in opened.hosts if host} == {"127.0.0.1"}


def find_viewers(api: Api) -> tuple[str, str]:
    found = api.get("/users?limit=2")["users"]
    return found[0]["user_id"], found[1]["user_id"]


def test_browse_load_more_and_filter(window: Window, app_url: str, api: Api) -> None:
    viewer, _ = find_viewers(api)
    window.open(f"{app_url}/?viewer={viewer}")
    page = window.page
    expect(page.get_by_role("heading", name="Trending now")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^Because you liked ")).first).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    expect(window.wall.locator(".mr-poster img")).to_have_count(24)
    shown = window.list_ids()
    assert len(shown) == len(set(shown)) > 30
    page.get_by_role("button", name=re.compile("Filters")).click()
    page.get_by_label("Genres").click()
    page.get_by_role("option", name="Comedy").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile(r"Filters \(1\)"))).to_be_visible()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)
    genres = window.wall.locator(".mr-facts p:first-child")
    expect(genres.first).to_contain_text("match")
    for item_id in window.list_ids():
        assert "Comedy" in api.get(f"/movies/{item_id}")["genres"]


def test_like_rerank_ask_again_save_and_undo(window: Window, app_url: str, api: Api) -> None:
    viewer, _ = find_viewers(api)
    window.open(f"{app_url}/?viewer={viewer}")
    page = window.page
    liked = window.like(6)
    expect(window.wall.locator(".mr-move").first).to_be_visible()
    expect(window.wall.get_by_text("points: you liked it")).to_be_visible()
    page.get_by_text("Original order").click()
    expect(page.get_by_text("The recommender's own order")).to_be_visible()
    expect(window.wall.locator(".mr-move")).to_have_count(0)
    page.get_by_text("By your thumbs").click()
    page.get_by_role("button", name="Ask again with 1 new thumb").click()
    expect(page.get_by_text("The recommender has learnt from your thumbs")).to_be_visible()
    expect(window.wall.get_by_role("button", name=f"Take back like: {liked}")).to_have_count(0)
    page.locator(".st-key-your-thumbs").get_by_role("button", name=liked).click()
    expect(page.get_by_text("Your thumbs appear here")).to_be_visible()
    save = window.wall.get_by_role("button", name=re.compile("^Save: ")).first
    saved = save.locator("p").inner_text().removeprefix("Save: ")
    save.click()
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    page.get_by_role("button", name=f"Remove from saved: {saved}").click()
    expect(page.get_by_role("heading", name="Saved")).to_have_count(0)


def test_somebody_new_gets_picks_that_sharpen(window: Window, app_url: str) -> None:
    page = window.page
    page.goto(f"{app_url}/?viewer=guest-{find_free_port()}")
    expect(page.get_by_role("heading", name="What do you like?")).to_be_visible()
    page.get_by_role("button", name="Comedy", exact=True).click()
    first = page.locator(".st-key-first-picks .mr-poster img")
    expect(first).to_have_count(8)
    before = first.evaluate_all("images => images.map(image => image.alt)")
    page.locator('[class*="st-key-marks-onboarding-"]').get_by_role("button", name=LIKE).nth(3).click()
    expect(page.get_by_text("1 genre and 1 film chosen")).to_be_visible()
    page.wait_for_function(NAMES_DIFFER, arg=",".join(before))
    page.get_by_role("button", name="Show my picks").click()
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)
    assert "likes=Comedy" in page.url


def test_two_windows_do_not_disturb_each_other(window: Window, browser: Any, app_url: str, api: Api) -> None:
    one, other = find_viewers(api)
    window.open(f"{app_url}/?viewer={one}")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    second = Window(context.new_page())
    second.open(f"{app_url}/?viewer={other}")
    before = second.list_wall()
    window.like(2)
    second.page.get_by_text("Original order").click()
    expect(second.page.get_by_text("The recommender's own order")).to_be_visible()
    assert second.list_wall() == before
    assert second.page.get_by_role("button", name=SENT_BACK).count() == 0
    assert second.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert api.get(f"/feedback?user_id={other}")["feedback"] == []
    context.close()


def test_a_film_and_back(window: Window, app_url: str, api: Api) -> None:
    viewer, _ = find_viewers(api)
    window.open(f"{app_url}/?viewer={viewer}")
    first = window.wall.locator('a[href*="movie="]').first
    name = first.inner_text()
    first.click()
    expect(window.page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    assert f"viewer={viewer}" in window.page.url
    window.page.go_back()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)


def test_what_is_said_while_the_api_is_away_arrives_exactly_once(
    window: Window, home: Path, tmp_path: Path
) -> None:
    own = tmp_path / "home"
    shutil.copytree(home, own, ignore=shutil.ignore_patterns("*.sqlite3*"))
    port = find_free_port()
    page = window.page
    with serve(own, port) as api, show(api.url, own) as url:
        viewer, _ = find_viewers(api)
        dataset = api.get("/health")["dataset"]
        window.open(f"{url}/?viewer={viewer}")
        said = [window.like(0)]
        api.process.kill()
        api.process.wait()
        said += [window.like(3), window.like(5)]
        expect(page.get_by_text("2 changes waiting to be sent")).to_be_visible()
        page.reload()
        expect(page.get_by_text("This is the last list that arrived")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.get_by_text("Traceback")).to_have_count(0)
        for name in said[1:]:
            expect(page.get_by_role("button", name=f"Take back like: {name}")).to_be_visible()
        with serve(own, port) as again:
            expect(page.get_by_text("waiting to be sent")).to_have_count(0)
            stored = again.get(f"/feedback?user_id={viewer}")["feedback"]
            assert len(stored) == 3
            expect(page.get_by_text("This is the last list that arrived")).to_have_count(0)
        with FeedbackStore.open(Settings(home=own).feedback_path, dataset) as store:
            events = list(store.events(viewer))
    assert [event.action.value for event in events] == ["like"] * 3
