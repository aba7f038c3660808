"""The whole product in its own processes: a bundle on disk, the API, the app, a browser."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from live import PATIENCE_MS, Api, open_browser, serve, show

from movierec.ranking.features import FEATURE_NAMES
from movierec.recall.sources import SOURCE_NAMES

VIEWER = "u7"


@pytest.fixture
def home(sample_home: Path, tmp_path: Path) -> Path:
    shutil.copytree(sample_home, tmp_path / "home")
    return tmp_path / "home"


def refuse(api: Api, path: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(urllib.error.HTTPError) as refused:
        api.get(path)
    return refused.value.code, json.load(refused.value)


def test_lists_debug_and_feedback_over_http_and_over_a_restart(home: Path) -> None:
    with serve(home) as api:
        health = api.get("/health")
        assert (health["status"], health["feedback"], health["dataset"]) == ("ok", "ok", "sample")

        user_idx = api.get(f"/users?query={VIEWER}&limit=1")["users"][0]["user_idx"]
        before = api.get(f"/recommend/user/{user_idx}?k=20")
        assert {"user_idx", "user_id", "k", "generation", "bundle", "items"} <= before.keys()
        assert before["user_id"] == VIEWER
        assert [item["rank"] for item in before["items"]] == list(range(1, 21))
        assert all(item["reasons"] and item["title"] for item in before["items"])

        check_debug(api, user_idx, before["items"])

        liked, hidden = before["items"][0]["item_id"], before["items"][1]["item_id"]
        api.say(VIEWER, "like", liked)
        disliked = api.say(VIEWER, "dislike", hidden)
        after = api.list_ids(user_idx)
        assert not {liked, hidden} & set(after)
        assert after != [item["item_id"] for item in before["items"][2:]] + after[-2:]
        api.process.kill()  # no chance to tidy up: what was acknowledged is on the disk

    with serve(home) as api:
        assert api.list_ids(user_idx) == after
        stored = api.get(f"/feedback?user_id={VIEWER}")["feedback"]
        assert [(entry["item"]["item_id"], entry["action"]) for entry in stored] == [
            (hidden, "dislike"),
            (liked, "like"),
        ]
        api.say(VIEWER, "undo", hidden, undoes=disliked)
        assert [entry["action"] for entry in api.get(f"/feedback?user_id={VIEWER}")["feedback"]] == ["like"]


def check_debug(api: Api, user_idx: int, items: list[dict[str, Any]]) -> None:
    debug = api.get(f"/recommend/user/{user_idx}/debug?k=20")
    assert [entry["item"]["item_id"] for entry in debug["items"]] == [item["item_id"] for item in items]
    assert {"recall", "merge", "features", "ranker", "explain"} <= debug["timings_ms"].keys()
    assert debug["funnel"]["shown"] == 20
    for entry in debug["items"]:
        assert entry["item"]["sources"]
        for hit in entry["item"]["sources"]:
            assert hit["source"] in SOURCE_NAMES
            assert hit["rank"] >= 1
            assert hit["score"] > 0
        assert set(entry["features"]) == set(entry["contributions"]) == set(FEATURE_NAMES)
        added = entry["base_score"] + sum(entry["contributions"].values())
        assert added == pytest.approx(entry["raw_score"], abs=1e-5)


def test_bad_questions_are_answered_in_one_line_each(home: Path) -> None:
    with serve(home) as api:
        for path, status in (
            ("/recommend/user/120", 404),
            ("/recommend/user/-1", 404),
            ("/recommend/user/0?k=0", 422),
            ("/recommend/user/0?k=1000", 422),
            ("/recommend/user/zero", 422),
            ("/movies/no-such-film", 404),
        ):
            code, problem = refuse(api, path)
            assert (code, problem["status"]) == (status, status)
            assert "Traceback" not in json.dumps(problem)
            assert problem["detail"]
        assert len(api.list_ids(0, 100)) == 100


def test_a_stranger_is_answered_from_likes_alone(home: Path) -> None:
    with serve(home) as api:
        liked = api.get("/movies?query=alien&limit=1")["movies"][0]
        _, made = api.post("/recommend", likes=[liked["item_id"]], genres=["Sci-Fi"], k=15)
        assert len(made["items"]) == 15
        assert liked["item_id"] not in [item["item_id"] for item in made["items"]]
        named = {
            cause["title"] for item in made["items"] for why in item["reasons"] for cause in why["because"]
        }
        assert named <= {liked["title"]}


def test_a_damaged_bundle_is_reported_and_not_served(home: Path) -> None:
    bundle = home / "bundles" / (home / "bundles" / "CURRENT").read_text().strip()
    model = bundle / "ranker-0.joblib"
    model.write_bytes(model.read_bytes()[:-3] + b"xyz")
    with serve(home) as api:
        code, problem = refuse(api, "/recommend/user/0")
        assert code == 503
        assert "movierec build" in problem["detail"]
        assert api.get("/health/live") == {"status": "ok"}


@pytest.fixture
def app_url(home: Path) -> Iterator[str]:
    """The real app over the real API."""
    with serve(home) as api, show(api.url, home) as url:
        yield url


@pytest.fixture
def browser_page() -> Iterator[Any]:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        yield page


@pytest.mark.browser
def test_a_like_in_the_browser_moves_the_wall_and_survives_a_reload(browser_page: Any, app_url: str) -> None:
    from playwright.sync_api import expect

    hosts: set[str | None] = set()
    browser_page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    browser_page.on("websocket", lambda opened: hosts.add(urlsplit(opened.url).hostname))

    browser_page.goto(f"{app_url}/?viewer={VIEWER}")
    posters = browser_page.locator(".st-key-wall-home .mr-poster img")
    expect(posters).to_have_count(12)
    browser_page.wait_for_function("document.querySelector('.mr-poster img').naturalWidth > 0")

    label = browser_page.get_by_role("button", name=re.compile("^Like: ")).nth(6).get_attribute("aria-label")
    title = label.removeprefix("Like: ")
    # By its name: the seventh place may have another film by now.
    browser_page.get_by_role("button", name=label, exact=True).click()
    expect(browser_page.get_by_role("button", name=f"Take back like: {title}")).to_be_visible()
    expect(browser_page.get_by_text(re.compile("points: you liked it")).first).to_be_visible()
    moved = browser_page.get_by_text(re.compile(r"points: you liked (an? |\d+ )"))
    expect(moved.first).to_be_visible()

    browser_page.reload()
    expect(browser_page.get_by_text("Your thumbs", exact=False).first).to_be_visible(timeout=30_000)
    expect(browser_page.get_by_role("button", name=title).first).to_be_visible()
    expect(posters).to_have_count(12)
    expect(browser_page.get_by_role("button", name=f"Like: {title}", exact=True)).to_have_count(0)

    assert {host for host in hosts if host} == {"127.0.0.1"}
