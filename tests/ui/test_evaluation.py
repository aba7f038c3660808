from __future__ import annotations

import pytest
from fake_api import FakeApi
from test_views import texts

from movierec.evaluation.protocols import PROTOCOLS as RUN
from ui.measurement_charts import read_number
from ui.measurements import Difference, Measured, System
from ui.metrics import PROTOCOLS, explain_metric, format_p_value, name_metric, name_protocol


def read_charts(app) -> list[str]:
    """Return what every chart says in words, figures included."""
    charts = app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")
    return [chart.proto.alt for chart in charts]


def test_results_show_reports_and_the_check_of_the_build(open_app) -> None:
    app = open_app("evaluation", viewer="100")
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Data"]) == ["ml-100k", "ml-100k", "ml-latest-small"]
    assert list(table["Which is"]) == ["EASE"] * 3
    assert table["V2 − best single"][0] == "+0.040 [+0.010, +0.070]"
    assert "**3 of 3** reports" in texts(app)
    assert "simulated audience" in texts(app)
    report, check = read_charts(app)
    assert "V2 0.230 (0.210 to 0.250)" in report
    assert "V1 ALS" in check


def test_choosing_a_report_asks_for_it(open_app, fake_api: FakeApi) -> None:
    app = open_app("evaluation", viewer="100")
    assert fake_api.paths("/evaluation/")[-1] == "/evaluation/ml-100k/user-timeline"
    app.selectbox(key="report_protocol_ml-100k").set_value("random").run()
    assert fake_api.paths("/evaluation/")[-1] == "/evaluation/ml-100k/random"


def test_another_metric_is_drawn_and_explained(open_app) -> None:
    app = open_app("evaluation", viewer="100")
    app.segmented_control(key="report_metric").set_value("recall@10").run()
    assert "Recall@10: share of the films" in texts(app)
    assert "V2 0.330" in read_charts(app)[0]


def test_trade_off_draws_both_numbers(open_app) -> None:
    app = open_app("evaluation", viewer="100")
    app.segmented_control(key="evaluation_look").set_value("beyond").run()
    assert not app.exception
    assert "V2 0.230 at 0.330" in read_charts(app)[0]
    app.segmented_control(key="evaluation_beyond").set_value("arp").run()
    assert "does not measure mean popularity" in texts(app)


def test_features_and_data(open_app) -> None:
    app = open_app("evaluation", viewer="100")
    app.segmented_control(key="evaluation_look").set_value("features").run()
    assert "400 listed films of 40 viewers" in texts(app)
    assert "Expected stars" in read_charts(app)[0]
    app.segmented_control(key="evaluation_look").set_value("data").run()
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["Density"] == "5.6%"
    assert "simulated audience" in texts(app)


def test_where_nothing_was_measured_it_says_so(open_app, fake_api: FakeApi) -> None:
    fake_api.has_reports = False
    app = open_app("evaluation", viewer="100")
    assert "There are no committed reports" in texts(app)
    assert "made no check of itself" in texts(app)
    assert not app.exception


def test_every_protocol_has_a_name() -> None:
    assert set(PROTOCOLS) >= set(RUN)
    assert name_protocol("brand-new") == "brand-new"


@pytest.mark.parametrize(
    ("metric", "name"), [("ndcg@10", "NDCG@10"), ("arp@20", "Mean popularity@20"), ("odd", "odd")]
)
def test_metric_names(metric: str, name: str) -> None:
    assert name_metric(metric) == name
    assert bool(explain_metric(metric)) == (metric != "odd")


def test_numbers_of_a_system_are_found_in_both_places() -> None:
    system = System("v2", "pipeline", {"ndcg@10": Measured(0.2, 0.1, 0.3)}, {"coverage@10": 0.4}, 1.0, 1.0)
    assert (read_number(system, "ndcg@10"), read_number(system, "coverage@10")) == (0.2, 0.4)
    assert read_number(system, "arp@10") is None


def test_a_difference_is_clear_where_its_interval_excludes_zero() -> None:
    assert Difference(0.1, 0.01, 0.2, 0.01).is_clear
    assert Difference(-0.1, -0.2, -0.01, 0.01).is_clear
    assert not Difference(0.1, -0.01, 0.2, 0.2).is_clear
    assert (format_p_value(0.0004), format_p_value(0.131)) == ("p < 0.001", "p = 0.131")
