from __future__ import annotations

from pathlib import Path

from fake_api import FakeApi
from test_views import texts

from ui.tour import STEPS, clamp_step

UI = Path(__file__).parents[2] / "ui"


def press(app, key: str):
    return app.button(key=key).click().run()


def test_every_step_names_a_page_and_what_to_look_at() -> None:
    for step in STEPS:
        assert (UI / step.page).exists()
        assert step.title
        assert step.say
        assert step.look
    assert {step.page for step in STEPS} >= {f"views/{name}.py" for name in ("for_you", "taste", "inspect")}
    assert (clamp_step(-3), clamp_step(99)) == (0, len(STEPS) - 1)


def test_tour_leads_through_the_pages_and_back(open_app) -> None:
    app = open_app("tour", viewer="100")
    assert "Meet the viewer" in texts(app)
    press(app, "tour-start")
    assert app.title[0].value == "My taste"
    assert f"Tour, 1 of {len(STEPS)}: Meet the viewer" in texts(app)
    assert app.button(key="tour-back").disabled
    press(app, "tour-next")
    assert "A list with reasons" in texts(app)
    press(app, "tour-next")
    press(app, "tour-next")
    assert "**Number 1** of 55 films proposed to you" in texts(app)
    press(app, "tour-next")
    assert "From catalogue to screen" in texts(app)
    press(app, "tour-next")
    assert "The starting point." in texts(app)
    press(app, "tour-back")
    assert "From catalogue to screen" in texts(app)
    assert not app.exception


def test_tour_ends_where_it_is_told_to(open_app) -> None:
    app = open_app("tour", viewer="100")
    press(app, "tour-start")
    press(app, "tour-end")
    assert not app.exception
    assert "Tour, " not in texts(app)


def test_tour_ends_on_the_page_to_print(open_app) -> None:
    app = open_app("tour", viewer="100")
    press(app, "tour-start")
    for _ in range(len(STEPS) - 1):
        press(app, "tour-next")
    assert "One page to take along" in texts(app)
    press(app, "tour-next")
    assert "Start the tour" in [button.label for button in app.button]


def test_summary_is_there_without_a_single_poster(open_app, fake_api: FakeApi) -> None:
    fake_api.posters_down = True
    app = open_app("tour", viewer="100")
    assert not app.exception
    assert "One page to take along" in texts(app)


def test_tour_of_a_guest(open_app) -> None:
    app = open_app("tour", viewer="guest-1", likes="Crime")
    assert not app.exception
    assert "a new viewer" in texts(app)
