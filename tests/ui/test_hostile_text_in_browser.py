"""Titles, tags, ids and files that would like to be code, on the real pages over the real API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from live import serve, show
from toy_data import QUICK_BUILD, simulate_toy, wrap

from movierec.config import Settings
from movierec.pipeline import build

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
OUTSIDE = "http://evil.example/x.png"
INSIDE = ("http://127.0.0.1:", "data:", "blob:")
HOSTILE = (
    '<img src=x onerror="window.pwned=1">',
    "<script>window.pwned=1</script>",
    f"![poster]({OUTSIDE})",
    "[click me](javascript:window.pwned=1)",
    '"><svg onload="window.pwned=1">',
    f"<iframe src={OUTSIDE}></iframe>",
    "</style><style>@import url(http://evil.example/x.css);</style>",
    "javascript:window.pwned=1",
    "$\\href{javascript:window.pwned=1}{x}$ :material/delete: **bold** `code`",
    "=HYPERLINK('http://evil.example')",
)


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    films, events = simulate_toy()
    n = len(films.title)
    texts = [f"{HOSTILE[index % len(HOSTILE)]} {index}" for index in range(n)]
    changed = replace(
        films,
        title=tuple(texts),
        director=tuple(texts),
        keywords=tuple((text,) for text in texts),
        item_id=tuple(f"{HOSTILE[index % 3][:40]}/{index}" for index in range(n)),
        imdb_id=tuple("javascript:window.pwned=1" for _ in range(n)),
    )
    build(wrap(events, changed), Settings(home=home), QUICK_BUILD)
    return home


def check_page(page: Any, asked: list[str], where: str) -> None:
    assert page.evaluate("window.pwned") is None, where
    assert page.locator('a[href^="javascript" i], iframe, [onerror], [onload]').count() == 0, where
    # An id with an address in it stands in the address of its poster, which is ours nevertheless.
    pictures = page.evaluate("[...document.images].map(image => image.src)")
    assert [url for url in [*pictures, *asked] if not url.startswith(INSIDE)] == [], where
    assert page.locator('img[src="x"], .mr-missing').count() == 0, where


def test_no_text_becomes_code(hostile_home: Path, tmp_path: Path, page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda _: pytest.fail("a dialog was opened"))
    file = tmp_path / "ratings.csv"
    rows = "".join(f'"{text.replace(chr(34), chr(34) * 2)}",1999,4.5\n' for text in HOSTILE)
    file.write_text("Name,Year,Rating\n" + rows, "utf-8")
    with serve(hostile_home) as api, show(api.url, tmp_path) as url:
        viewer = api.get("/users?limit=1")["users"][0]["user_id"]
        movie = api.get("/recommend/user/0?k=1")["items"][0]["item_id"]
        for view, marker in (
            (f"?{urlencode({'viewer': viewer})}", "For you"),
            (f"title?{urlencode({'viewer': viewer, 'movie': movie})}", "pwned"),
            (f"taste?{urlencode({'viewer': viewer, 'part': 'History'})}", "History"),
            (f"inspect?{urlencode({'viewer': viewer})}", "From catalogue to screen"),
            (f"?{urlencode({'viewer': HOSTILE[0]})}", "For you"),
        ):
            page.goto(f"{url}/{view}")
            page.get_by_text(marker).first.wait_for()
            check_page(page, asked, view)
        page.goto(f"{url}/taste?{urlencode({'viewer': viewer, 'part': 'Your data'})}")
        page.locator('input[type="file"]').set_input_files(file)
        left_out = page.get_by_text(f"{len(HOSTILE)} rows left out, and why")
        left_out.click()
        page.get_by_test_id("stDataFrame").first.wait_for()
        check_page(page, asked, "import")
