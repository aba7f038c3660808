"""The other pages as a viewer meets them: real recommender, real app, real browser, both data sets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browsed import Window, expect, find_viewers
from live import Api

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PERCENT = re.compile(r"\d+%")


def find_viewer(api: Api, first: int) -> tuple[str, int]:
    found = api.get(f"/users?limit=1&offset={first}")["users"][0]
    return found["user_id"], found["user_idx"]


def test_a_film_tells_why_what_is_like_it_and_whom_it_suits(
    window: Window, browsed_url: str, browsed_api: Api
) -> None:
    viewer, user_idx = find_viewer(browsed_api, 4)
    movie = browsed_api.list_ids(user_idx, 3)[2]
    page = window.page
    page.goto(f"{browsed_url}/title?viewer={viewer}&movie={movie}")
    expect(page.get_by_role("heading", name="You and this film")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Number \d+ of \d+ films proposed to you"))).to_be_visible()
    expect(page.locator(".st-key-small-causes .mr-card").first).to_contain_text(PERCENT)
    similar = page.locator(".st-key-wall-similar .mr-card")
    expect(similar.first).to_contain_text("alike")
    expect(page.get_by_text("Viewers who have not seen it")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Save: ")).first.click()
    expect(page.get_by_role("button", name=re.compile("^Remove from saved: ")).first).to_be_visible()
    name = similar.nth(1).locator("a").inner_text()
    similar.nth(1).locator("a").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(f"movie={movie}(&|$)"))
    saved = browsed_api.get(f"/feedback?user_id={viewer}")["feedback"]
    assert [(entry["action"], entry["item"]["item_id"]) for entry in saved] == [("save", movie)]


def test_ratings_come_in_from_a_file_and_go_out_again(
    window: Window, browsed_url: str, browsed_api: Api, tmp_path: Path
) -> None:
    viewer, user_idx = find_viewer(browsed_api, 5)
    films = [browsed_api.get(f"/movies/{item_id}") for item_id in browsed_api.list_ids(user_idx, 3)]
    file = tmp_path / "ratings.csv"
    rows = "".join(f'2021-01-01,"{film["title"]}",{film["year"]},https://boxd.it/x,4.5\n' for film in films)
    file.write_text(f"Date,Name,Year,Letterboxd URI,Rating\n{rows}2021-01-01,No Such Film At All,1999,x,3\n")
    page = window.page
    page.goto(f"{browsed_url}/taste?viewer={viewer}&part=Your+data")
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("3 films found here, 1 row left out")).to_be_visible()
    page.get_by_role("button", name="Import 3 ratings").click()
    expect(page.get_by_text("They count from now on")).to_be_visible()
    ids = {film["item_id"] for film in films}
    assert not ids & set(browsed_api.list_ids(user_idx, 50)), "what is rated is not recommended again"
    window.settle()  # until then the page replaces the file behind the button
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    started.value.save_as(tmp_path / "saved.csv")
    assert all(item_id in (tmp_path / "saved.csv").read_text() for item_id in ids)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download JSON").click()
    started.value.save_as(tmp_path / "saved.json")
    assert len(json.loads((tmp_path / "saved.json").read_text())) >= 1


def test_two_watch_together_and_the_address_remembers(
    window: Window, browsed_url: str, browsed_api: Api
) -> None:
    one, other = find_viewers(browsed_api, 6)
    page = window.page
    page.goto(f"{browsed_url}/together?viewer={one}")
    expect(page.get_by_text("Choose at least two viewers")).to_be_visible()
    box = page.get_by_role("combobox", name="Who is watching?")
    box.fill(other)
    page.get_by_role("option", name=re.compile(f"Viewer {other}( |$)|^{other}$|Add")).first.click()
    page.keyboard.press("Escape")
    cards = page.locator(".st-key-wall-together .mr-card")
    expect(cards).to_have_count(24)
    expect(cards.first).to_contain_text(re.compile(rf"You\s*\d+%[\s\S]*Viewer {other}\s*\d+%"))
    expect(page).to_have_url(re.compile(f"with={other}"))
    before = window.list_ids()
    page.reload()
    expect(cards).to_have_count(24)
    assert window.list_ids() == before


def test_inspect_shows_the_stages_the_receipts_and_what_if(
    window: Window, browsed_url: str, browsed_api: Api
) -> None:
    viewer, _ = find_viewer(browsed_api, 8)
    page = window.page
    page.goto(f"{browsed_url}/inspect?viewer={viewer}")
    expect(page.get_by_text("ms in all stages")).to_be_visible()
    stages = page.locator(".role-axis-label").first.locator("text")
    expect(stages.first).to_have_text("Catalogue")
    expect(page.get_by_text("What moved the ranking model")).to_be_visible()
    page.get_by_role("radio", name=re.compile("Generations side by side")).click()
    expect(page.get_by_text("in both lists").first).to_be_visible()
    page.get_by_role("radio", name=re.compile("What if")).click()
    search = page.get_by_role("textbox", name="What if you also liked …")
    search.fill("the")
    search.press("Enter")
    like = page.get_by_role("button", name=re.compile("^Like "))
    name = like.first.inner_text().removeprefix("Like ").rpartition(" (")[0] or like.first.inner_text()
    like.first.click()
    expect(page.get_by_text("liking")).to_be_visible()
    assert name
    assert browsed_api.get(f"/feedback?user_id={viewer}")["feedback"] == []
