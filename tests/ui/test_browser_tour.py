from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from fake_api import FakeApi

from ui.tour import STEPS

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_tour_from_start_to_the_printed_page_without_any_outside_request(
    page: Any, app_url: str, fake_api: FakeApi
) -> None:
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(f"{app_url}/tour?viewer=100")
    page.get_by_role("button", name="Start the tour").click()
    for number, step in enumerate(STEPS, start=1):
        bar = page.locator(".st-key-tour-bar")
        playwright.expect(bar).to_contain_text(f"Tour, {number} of {len(STEPS)}: {step.title}")
        name = step.page.removeprefix("views/").removesuffix(".py")
        assert urlsplit(page.url).path == ("/" if name == "for_you" else f"/{name}")
        assert "viewer=100" in page.url
        if number < len(STEPS):
            bar.get_by_role("button", name="Next").click()
    frame = page.frame_locator("iframe").first
    playwright.expect(frame.get_by_role("heading", name="Films for viewer 100")).to_be_visible()
    playwright.expect(frame.locator("ol > li")).to_have_count(8)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as HTML").click()
    assert download.value.suggested_filename == "movierec-100.html"
    page.locator(".st-key-tour-bar").get_by_role("button", name="Finish").click()
    playwright.expect(page.get_by_role("button", name="Start the tour")).to_be_visible()
    assert {host for host in hosts if host} == {"127.0.0.1"}


def test_inspect_on_a_phone_compares_and_asks_what_if(page: Any, app_url: str, fake_api: FakeApi) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app_url}/inspect?viewer=100")
    playwright.expect(page.get_by_text("What moved the ranking model")).to_be_visible()
    page.get_by_role("radio", name=re.compile("Generations side by side")).click()
    playwright.expect(page.get_by_text("in both lists").first).to_be_visible()
    page.get_by_role("radio", name=re.compile("What if")).click()
    search = page.get_by_role("textbox", name="What if you also liked …")
    search.fill("carnival")
    search.press("Enter")
    page.get_by_role("button", name=re.compile("^Like The Last Carnival")).click()
    playwright.expect(page.get_by_text("liking The Last Carnival")).to_be_visible()
    assert fake_api.events == []
    width = page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollWidth")
    assert width <= 390
