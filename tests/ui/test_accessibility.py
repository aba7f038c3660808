from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeApi

pytestmark = pytest.mark.browser

PAGES = {
    "for-you": "/",
    "title": "/title?movie=2",
    "taste": "/taste",
    "together": "/together",
    "inspect": "/inspect",
    "generations": "/inspect?look=generations",
    "what-if": "/inspect?look=what-if",
    "evaluation": "/evaluation",
    "tour": "/tour",
}
GRAVE = {"serious", "critical"}
SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute('data-test-script-state') === 'notRunning' &&
    document.querySelector('h1') && !document.querySelector('[data-testid="stSkeleton"]');
}"""


def find_grave_violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # Motion would be measured half-way; the frame of the page to print is a document of its own.
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_or_critical_violation(
    page: Any, app_url: str, fake_api: FakeApi, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    grave = {}
    for name, path in PAGES.items():
        page.goto(f"{app_url}{path}{'&' if '?' in path else '?'}viewer=100")
        page.wait_for_function(SETTLED, timeout=90_000)
        if found := find_grave_violations(page):
            grave[name] = found
    assert not grave, "\n".join(f"{name}: {line}" for name, lines in grave.items() for line in lines)


def test_a_violation_would_be_found(page: Any) -> None:
    page.set_content(
        '<html lang="en"><title>T</title><main><h1>T</h1><img src="data:,"><button></button></main></html>'
    )
    assert {line.split(" ")[0] for line in find_grave_violations(page)} == {"image-alt", "button-name"}
