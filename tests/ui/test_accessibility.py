from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeApi

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PAGES = {
    "for-you": "/",
    "title": "/title?movie=2",
    "taste": "/taste",
    "together": "/together",
    "inspect": "/inspect",
    "generations": "/inspect?look=generations",
    "what-if": "/inspect?look=what-if",
    "evaluation": "/evaluation",
    "simulation": "/simulation",
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
        page.wait_for_function(SETTLED)
        if found := find_grave_violations(page):
            grave[name] = found
    assert not grave, "\n".join(f"{name}: {line}" for name, lines in grave.items() for line in lines)


def test_a_violation_would_be_found(page: Any) -> None:
    page.set_content(
        '<html lang="en"><title>T</title><main><h1>T</h1><img src="data:,"><button></button></main></html>'
    )
    assert {line.split(" ")[0] for line in find_grave_violations(page)} == {"image-alt", "button-name"}


CONTRAST = """element => {
  const read = colour => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const shine = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(
      part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const icon = element.querySelector('svg, [data-testid="stIconMaterial"]');
  const [front, back] = [read(getComputedStyle(icon).color), read(getComputedStyle(element).backgroundColor)];
  if (back[3] < 255) return 0;
  const [light, dark] = [shine(front), shine(back)].sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_icons_of_pressed_buttons_can_be_read(
    page: Any, app_url: str, fake_api: FakeApi, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{app_url}/?viewer=100")
    page.locator(".st-key-wall-home [data-action=like]").first.click()
    assert page.locator(".mr-on").first.evaluate(CONTRAST) > 4.5
    page.goto(f"{app_url}/title?viewer=100&movie=2")
    page.locator(".st-key-marks-title-2 button:visible").last.click()
    pressed = page.locator('.st-key-marks-title-2 [data-testid="stBaseButton-primary"]:visible')
    pressed.wait_for()
    page.mouse.move(0, 0)
    pressed.evaluate("button => Promise.all(button.getAnimations().map(each => each.finished))")
    assert pressed.evaluate(CONTRAST) > 4.5
