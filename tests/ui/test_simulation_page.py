from __future__ import annotations

from fake_api import FakeApi
from test_evaluation import read_charts
from test_views import texts


def test_both_simulations_are_drawn_and_labelled_as_such(open_app) -> None:
    app = open_app("simulation", viewer="100")
    assert not app.exception
    shown = texts(app)
    assert "Simulated viewers, not people" in shown
    assert "1 of 1 attempts were promoted" in shown
    assert "**retrained** over frozen" in shown
    assert "**retrained** over popularity" in shown
    assert "20 simulated viewers who never mark anything" in shown
    assert "40 simulated viewers whose marks the next list honours" in shown
    assert "+0.0400 [+0.0100, +0.0700], p = 0.004" in shown
    assert "It decided after 180 pairs" in shown
    assert "called a difference in 1.0%; an ordinary 5 % test looked at 50 times in 31.0%" in shown
    watching, marking, sequence, estimates = read_charts(app)
    assert "retrained 0.500, 0.700; frozen 0.500, 0.600" in watching
    assert "retrained 0.600, 0.800; frozen 0.600, 0.700" in marking
    assert "after 200 pairs +0.0300 (+0.0250 to +0.0350), truth +0.0310" in sequence
    assert "V2, DR 0.2000, truth 0.2100" in estimates
    assert list(app.dataframe[0].value["Outcome"]) == ["promoted"]


def test_without_reports_it_says_how_to_make_them(open_app, fake_api: FakeApi) -> None:
    fake_api.has_reports = False
    app = open_app("simulation", viewer="100")
    assert not app.exception
    assert "movierec simulate loop" in texts(app)
    assert read_charts(app) == []
