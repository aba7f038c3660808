"""Title page, import, export and watch together in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fake_api import FakeApi
from fake_films import FILMS

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def hosts(page: playwright.Page) -> set[str]:
    """Return the hosts the page has talked to so far."""
    seen: set[str] = set()
    page.on("request", lambda request: seen.add(urlsplit(request.url).hostname or "127.0.0.1"))
    page.on("websocket", lambda socket: seen.add(urlsplit(socket.url).hostname or ""))
    return seen


def test_a_film_its_causes_and_back_again(
    page: playwright.Page,
    app_url: str,
    fake_api: FakeApi,
    hosts: set[str],
) -> None:
    page.goto(f"{app_url}/title?viewer=100&movie=1")
    heading = page.get_by_role("heading", name=FILMS[0]["title"])
    playwright.expect(heading).to_be_visible()
    playwright.expect(page.get_by_text("of 55 films proposed to you")).to_be_visible()
    playwright.expect(page.locator(".st-key-small-causes .mr-card")).to_have_count(6)
    playwright.expect(page.get_by_text("Of 100 viewers who rated it")).to_be_visible()

    page.get_by_role("link", name="Viewer 103").click()
    playwright.expect(page).to_have_url(re.compile("viewer=103"))
    playwright.expect(heading).to_be_visible()
    page.go_back()
    playwright.expect(page).to_have_url(re.compile("viewer=100"))
    playwright.expect(heading).to_be_visible()
    assert hosts == {"127.0.0.1"}


def test_ratings_come_in_from_a_file_and_go_out_as_one(
    page: playwright.Page,
    app_url: str,
    fake_api: FakeApi,
    hosts: set[str],
    tmp_path: Path,
) -> None:
    file = tmp_path / "ratings.csv"
    rows = "".join(
        f'2021-01-01,"{film["title"]}",{film["year"]},https://boxd.it/x,4.5\r\n' for film in FILMS[:3]
    )
    file.write_text(
        "\ufeffDate,Name,Year,Letterboxd URI,Rating\r\n" + rows + "2021-01-01,Nowhere,1999,x,3\r\n",
        encoding="utf-8",
        newline="",
    )
    page.goto(f"{app_url}/taste?viewer=100&part=Your+data")
    page.locator('input[type="file"]').set_input_files(file)
    playwright.expect(page.get_by_text("3 films found here, 1 row left out")).to_be_visible()
    assert fake_api.events == []
    page.get_by_role("button", name="Import 3 ratings").click()
    playwright.expect(page.get_by_text("They count from now on")).to_be_visible()
    assert [event["rating"] for event in fake_api.events] == [4.5, 4.5, 4.5]

    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    saved = tmp_path / "saved.csv"
    started.value.save_as(saved)
    assert started.value.suggested_filename == "movierec-feedback-100.csv"
    assert sorted(saved.read_text().splitlines()[1:]) == ["1,rate", "2,rate", "3,rate"]
    assert hosts == {"127.0.0.1"}


def test_a_second_person_joins_and_the_address_remembers(
    page: playwright.Page,
    app_url: str,
    fake_api: FakeApi,
    hosts: set[str],
) -> None:
    page.goto(f"{app_url}/together?viewer=100")
    playwright.expect(page.get_by_text("Choose at least two viewers")).to_be_visible()
    box = page.get_by_role("combobox", name="Who is watching?")
    box.fill("103")
    box.press("Enter")
    cards = page.locator(".st-key-wall-together .mr-card")
    playwright.expect(cards).to_have_count(24)
    playwright.expect(cards.first).to_contain_text("Viewer 103 70%")
    playwright.expect(page).to_have_url(re.compile("with=103"))
    page.reload()
    playwright.expect(cards).to_have_count(24)
    assert hosts == {"127.0.0.1"}
