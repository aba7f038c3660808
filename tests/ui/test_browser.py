from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from fake_api import FakeApi
from fake_films import HOSTILE

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_like_moves_cards_and_survives_a_reload_without_any_outside_request(
    page: playwright.Page, app_url: str, fake_api: FakeApi
) -> None:
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).hostname))

    page.goto(f"{app_url}/?viewer=100")
    posters = page.locator(".st-key-wall-home .mr-poster img")
    playwright.expect(posters).to_have_count(12)
    page.wait_for_function("document.querySelector('.mr-poster img').naturalWidth > 0")

    shown = page.locator('a[href$="movie=6"]').inner_text()
    assert shown.replace("\u2060", "") == HOSTILE
    assert page.evaluate("window.hacked") is None

    like = page.get_by_role("button", name=re.compile("^Like: ")).nth(9)
    title = like.get_attribute("aria-label").removeprefix("Like: ")
    page.get_by_role("button", name=f"Like: {title}", exact=True).first.click()
    playwright.expect(page.locator(".mr-move").first).to_be_visible()
    playwright.expect(page.get_by_text("points: you liked it")).to_be_visible()
    playwright.expect(page.get_by_role("button", name=f"Take back like: {title}")).to_be_visible()
    assert [event["action"] for event in fake_api.events] == ["like"]

    page.reload()
    playwright.expect(page.get_by_text("Your thumbs", exact=False).first).to_be_visible()
    chip = page.get_by_role("button", name=title).first
    playwright.expect(chip).to_be_visible()
    chip.click()
    playwright.expect(page.get_by_text("Re-ranked by")).to_have_count(0)
    assert fake_api.in_force("100") == []

    assert {host for host in hosts if host} == {"127.0.0.1"}


def test_first_visit_to_a_deep_link_opens_that_page(page: playwright.Page, app_url: str) -> None:
    page.goto(f"{app_url}/inspect?viewer=100")
    playwright.expect(page.get_by_role("heading", name="Inspect")).to_be_visible()
    playwright.expect(page.get_by_text("ms in all stages")).to_be_visible()
    playwright.expect(page.get_by_text("Page not found")).to_have_count(0)


def test_funnel_names_its_stages_in_full(page: playwright.Page, app_url: str) -> None:
    page.goto(f"{app_url}/inspect?viewer=100")
    labels = page.locator(".role-axis-label").first.locator("text")
    playwright.expect(labels).to_have_text(
        [
            "Catalogue",
            "Unseen and allowed",
            "Proposed by popularity",
            "Proposed by item-item",
            "Proposed by co-seen",
            "Proposed by ALS",
            "Proposed by sequence",
            "Proposed by next step",
            "Proposed by genre",
            "Merged",
            "Ranked",
            "Shown",
        ],
    )


def test_a_poster_opens_its_film_in_the_same_session(page: playwright.Page, app_url: str) -> None:
    page.goto(f"{app_url}/?viewer=100")
    playwright.expect(page.locator(".st-key-wall-home .mr-poster img")).to_have_count(12)
    page.wait_for_function("document.querySelector('.mr-poster img').naturalWidth > 0")
    # The film's link lies over the poster, so the click goes to the card, at a point inside the picture.
    page.locator(".mr-card").first.click(position={"x": 80, "y": 120})
    playwright.expect(page.get_by_text("Number 1 of 55 films proposed to you")).to_be_visible()
    assert "movie=1" in page.url
