"""Film cards under the keyboard, for screen readers, and as links; and that nothing on the page jumps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fake_api import FakeApi

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

GOOD_LAYOUT_SHIFT = 0.1
"""Cumulative layout shift that web.dev/articles/cls calls good."""

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifts.push(entry.value);
}).observe({ type: 'layout-shift', buffered: true });
"""
FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
TOPS = """['header', 'toolbar', 'your-thumbs', 'wall-home'].map(key => `.st-key-${key}`)
    .map(place => Math.round(document.querySelector(place).getBoundingClientRect().top + scrollY))"""


def open_home(page: Any, app_url: str) -> Any:
    page.goto(f"{app_url}/?viewer=100")
    wall = page.locator(".st-key-wall-home")
    playwright.expect(wall.locator(".mr-poster img")).to_have_count(12)
    playwright.expect(page.locator(".st-key-rail-row3 .mr-card").first).to_be_attached()
    page.wait_for_function("document.querySelector('.stApp').dataset.testScriptState === 'notRunning'")
    return wall


def test_cards_are_used_with_the_keyboard_alone(page: Any, app_url: str, fake_api: FakeApi) -> None:
    wall = open_home(page, app_url)
    cards = wall.locator(".mr-card")
    name = cards.nth(8).locator("img").get_attribute("alt").removeprefix("Poster of ")
    cards.nth(8).locator("a").focus()
    for words in ("Like", "Not for me", "Save"):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) == f"{words}: {name}"
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == cards.nth(9).locator("a").inner_text()

    cards.nth(8).locator("[data-action=like]").focus()
    page.keyboard.press("Enter")
    playwright.expect(wall.locator(".mr-move").first).to_be_visible()
    places = wall.locator("img").evaluate_all("all => all.map(image => image.alt)")
    assert places.index(f"Poster of {name}") < 8
    assert page.evaluate(FOCUSED) == f"Take back like: {name}"
    page.keyboard.press("Space")
    playwright.expect(wall.locator(".mr-move")).to_have_count(0)
    assert page.evaluate(FOCUSED) == f"Like: {name}"
    assert fake_api.in_force("100") == []

    hidden = cards.nth(2).locator("img").get_attribute("alt")
    cards.nth(2).locator("[data-action=dislike]").focus()
    page.keyboard.press("Enter")
    playwright.expect(wall.get_by_alt_text(hidden, exact=True)).to_have_count(0)
    heir = cards.nth(2).locator("img").get_attribute("alt").removeprefix("Poster of ")
    assert page.evaluate(FOCUSED) == f"Not for me: {heir}"


def test_enter_opens_a_film_and_the_way_back_and_forth_stays_in_the_session(
    page: Any, app_url: str, fake_api: FakeApi
) -> None:
    wall = open_home(page, app_url)
    page.evaluate("window.sameDocument = true")
    link = wall.locator("a.mr-title").nth(1)
    name = link.inner_text()
    assert re.fullmatch(r"title\?viewer=100&movie=\d+", link.get_attribute("href"))
    link.focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name=name, exact=True)
    playwright.expect(heading).to_be_visible()
    page.go_back()
    playwright.expect(wall.locator(".mr-poster img")).to_have_count(12)
    page.wait_for_url(f"{app_url}/?viewer=100")
    page.go_forward()
    playwright.expect(heading).to_be_visible()
    assert page.evaluate("window.sameDocument")


def test_every_part_of_a_card_has_words(page: Any, app_url: str, fake_api: FakeApi) -> None:
    open_home(page, app_url)
    parts = page.evaluate(
        """() => [...document.querySelectorAll('.mr-card')].map(card => ({
            alt: card.querySelector('img').alt, link: card.querySelector('a').textContent,
            role: card.getAttribute('role'), list: card.parentElement.getAttribute('role'),
            buttons: [...card.querySelectorAll('button')].map(button => button.getAttribute('aria-label')),
        }))"""
    )
    assert len(parts) > 30
    for part in parts:
        name = part["alt"].removeprefix("Poster of ")
        assert part["alt"] != name
        assert name.startswith(part["link"])
        assert (part["role"], part["list"]) == ("listitem", "list")
        assert part["buttons"] == [f"{words}: {name}" for words in ("Like", "Not for me", "Save")]


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_jumps_while_the_page_opens_or_a_thumb_is_pressed(
    page: Any, app_url: str, fake_api: FakeApi, width: int
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(WATCH_SHIFTS)
    wall = open_home(page, app_url)
    shifts = page.evaluate("window.shifts")
    assert sum(shifts) < GOOD_LAYOUT_SHIFT, shifts
    before = page.evaluate(TOPS)
    wall.locator("[data-action=like]").nth(1).click()
    playwright.expect(page.get_by_text("Re-ranked by 1 thumb")).to_be_visible()
    playwright.expect(page.get_by_text("Your thumbs appear here")).to_have_count(0)
    after = page.evaluate(TOPS)
    assert after == before
