"""The home page as a viewer meets it: real recommender, real app, real browser."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from browsed import PATIENCE_MS, Window, expect, find_viewers
from live import Api, find_free_port, serve, show

from movierec.config import Settings
from movierec.feedback.store import FeedbackStore
from ui.api_client import Wishes
from ui.outbox import Outbox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LIKE = re.compile("^Like: ")
SENT_BACK = re.compile("^Take back like: ")
NAMES_DIFFER = """before => [...document.querySelectorAll('.st-key-rail-first img')]
    .map(image => image.alt).join() != before"""


def wait_until_sent(api: Api, viewer: str, home: Path) -> None:
    """Return once the API has stored something, and the courier has taken in that it is."""
    until = time.monotonic() + PATIENCE_MS / 1000
    outbox = Outbox.open(api.url, {"MOVIEREC_HOME": str(home)})
    while not api.get(f"/feedback?user_id={viewer}")["feedback"] or outbox.waiting():
        assert time.monotonic() < until, f"{len(outbox.waiting())} changes were not sent"
    outbox.close()


def find_viewer_of_rows(api: Api) -> str:
    """Return a viewer whose page has a row for a liked film; a small engine has none for some."""
    for user in api.get("/users?limit=40")["users"]:
        page = api.get(f"/users/{user['user_id']}/sections?k={Wishes().k}")
        if {"because_you_liked", "trending"} <= {section["kind"] for section in page["sections"]}:
            return str(user["user_id"])
    raise AssertionError("nobody's page has a row for a liked film")


def test_browse_load_more_and_filter(window: Window, browsed_url: str, browsed_api: Api) -> None:
    viewer = find_viewer_of_rows(browsed_api)
    window.open(f"{browsed_url}/?viewer={viewer}")
    page = window.page
    expect(page.get_by_role("heading", name="Trending now")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^Because you liked ")).first).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    expect(window.wall.locator(".mr-poster img")).to_have_count(24)
    shown = window.list_ids()
    assert len(shown) == len(set(shown)) > 30
    page.get_by_role("button", name=re.compile("Filters")).click()
    page.get_by_label("Genres", exact=True).click()
    page.get_by_role("option", name="Comedy").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile(r"Filters \(1\)"))).to_be_visible()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)
    window.settle()
    genres = window.wall.locator(".mr-facts p:first-child")
    expect(genres.first).to_contain_text("match")
    for item_id in window.list_ids():
        assert "Comedy" in browsed_api.get(f"/movies/{item_id}")["genres"]


def test_like_rerank_ask_again_save_and_undo(window: Window, browsed_url: str, browsed_api: Api) -> None:
    viewer, _ = find_viewers(browsed_api)
    window.open(f"{browsed_url}/?viewer={viewer}")
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
    page.locator(".st-key-your-thumbs").get_by_role("button", name=spell(liked)).click()
    expect(page.get_by_text("Your thumbs appear here")).to_be_visible()
    save = window.wall.get_by_role("button", name=re.compile("^Save: ")).first
    saved = save.get_attribute("aria-label").removeprefix("Save: ")
    window.wall.get_by_role("button", name=f"Save: {saved}", exact=True).click()
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    page.get_by_role("button", name=f"Remove from saved: {saved}").click()
    expect(page.get_by_role("heading", name="Saved")).to_have_count(0)


def test_somebody_new_gets_picks_that_sharpen(window: Window, browsed_url: str) -> None:
    page = window.page
    page.goto(f"{browsed_url}/?viewer=guest-{find_free_port()}")
    expect(page.get_by_role("heading", name="What do you like?")).to_be_visible()
    page.get_by_role("button", name="Comedy", exact=True).click()
    first = page.locator(".st-key-rail-first .mr-poster img")
    expect(first).to_have_count(8)
    before = first.evaluate_all("images => images.map(image => image.alt)")
    page.locator(".st-key-wall-onboarding").get_by_role("button", name=LIKE).nth(3).click()
    expect(page.get_by_text("1 genre and 1 film chosen")).to_be_visible()
    page.wait_for_function(NAMES_DIFFER, arg=",".join(before))
    page.get_by_role("button", name="Show my picks").click()
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)
    assert "likes=Comedy" in page.url


def test_two_windows_do_not_disturb_each_other(
    window: Window, chromium: Any, browsed_url: str, browsed_api: Api
) -> None:
    one, other = find_viewers(browsed_api)
    window.open(f"{browsed_url}/?viewer={one}")
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    second = Window(context.new_page())
    second.open(f"{browsed_url}/?viewer={other}")
    before = second.list_wall()
    window.like(2)
    second.page.get_by_text("Original order").click()
    expect(second.page.get_by_text("The recommender's own order")).to_be_visible()
    assert second.list_wall() == before
    assert second.page.get_by_role("button", name=SENT_BACK).count() == 0
    assert second.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert browsed_api.get(f"/feedback?user_id={other}")["feedback"] == []
    context.close()


def spell(name: str) -> re.Pattern[str]:
    """Return what finds a name in Markdown, where a joiner nobody sees follows a colon."""
    return re.compile(re.escape(name).replace(":", ":\u2060?"))


def test_a_film_and_back(window: Window, browsed_url: str, browsed_api: Api) -> None:
    viewer, _ = find_viewers(browsed_api)
    window.open(f"{browsed_url}/?viewer={viewer}")
    first = window.wall.locator('a[href*="movie="]').first
    name = first.inner_text()
    first.click()
    expect(window.page.get_by_role("heading", name=spell(name))).to_be_visible()
    assert f"viewer={viewer}" in window.page.url
    window.page.go_back()
    expect(window.wall.locator(".mr-poster img")).to_have_count(12)


def test_what_is_said_while_the_api_is_away_arrives_exactly_once(
    window: Window, browsed_home: Path, tmp_path: Path
) -> None:
    own = tmp_path / "home"
    shutil.copytree(browsed_home, own, ignore=shutil.ignore_patterns("*.sqlite3*"))
    port = find_free_port()
    page = window.page
    with serve(own, port) as api, show(api.url, own) as url:
        viewer, _ = find_viewers(api)
        dataset = api.get("/health")["dataset"]
        window.open(f"{url}/?viewer={viewer}")
        said = [window.like(0)]
        wait_until_sent(api, viewer, own)
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
