"""Five viewers, five videos, events without stars: everything still answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live import ROOT, Api, serve
from streamlit.testing.v1 import AppTest
from toy_data import SMALL_BUILD

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.pipeline import build
from movierec.schema import History
from movierec.sections import make_sections
from movierec.service import Query, RecommenderService
from movierec.trending import TrendWindow
from ui.api_client import ApiClient

VIEWS = ("for_you", "title", "taste", "together", "inspect", "evaluation", "tour")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    lines = ["user_id,item_id,event,timestamp"]
    for user in range(5):
        for step, event in enumerate(("watch", "like", "complete")):
            lines.append(f"u{user},v{(user + 2 * step) % 5},{event},{1_700_000_000 + 100 * user + step}")
    (folder / "interactions.csv").write_text("\n".join(lines) + "\n")
    (folder / "items.csv").write_text(
        "item_id,title,genres\n" + "".join(f"v{item},Video {item},Music\n" for item in range(5))
    )
    settings = Settings(home=folder / "home")
    build(load_dataset(str(folder), settings), settings, SMALL_BUILD)
    return settings.home


@pytest.fixture(scope="module")
def service(home) -> RecommenderService:
    return RecommenderService.open(home)


@pytest.fixture(scope="module")
def api(home) -> Iterator[Api]:
    with serve(home) as running:
        yield running


@pytest.mark.parametrize("user", range(5))
def test_everybody_gets_what_is_left(service, user):
    history = service.trained_history(user)
    found = service.recommend(history, Query(k=5))
    assert {item.item_idx for item in found.items} == set(range(5)) - set(history.item_idx.tolist())
    assert all(item.reasons for item in found.items)
    assert found.note


def test_somebody_new_gets_everything(service):
    assert len(service.recommend(History.empty(), Query(k=5)).items) == 5


def test_pages_traces_and_trends_answer(service):
    history = service.trained_history(0)
    trend = service.trend(TrendWindow.WEEK)
    assert make_sections(service, history, Query(k=4), trend)[0].items
    assert service.trace(history, Query(k=2)).traces
    assert service.similar(0, 3)
    assert service.taste(history).n_events == 3


def open_page(api: Api, view: str, viewer: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "streamlit_app.py"), default_timeout=60)
    app.session_state["client"] = ApiClient(api.url)
    app.switch_page(f"views/{view}.py")
    for name, value in {"viewer": viewer, **query}.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize("viewer", ["u0", "guest-1"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_page_can_be_opened(api, tmp_path, monkeypatch, view, viewer):
    monkeypatch.setenv("MOVIEREC_API_URL", api.url)
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path))
    app = open_page(api, view, viewer, movie="v1")
    assert not app.exception
    assert not app.error
    assert not any("does not answer" in each.value for each in [*app.warning, *app.caption])
    assert "5 films" in " ".join(each.value for each in app.caption)


def test_feedback_counts_at_once(api):
    assert {item["item_id"] for item in api.get("/recommend/user/1?k=5")["items"]} == {"v2", "v4"}
    api.say("u1", "like", "v4")
    assert [item["item_id"] for item in api.get("/recommend/user/1?k=5")["items"]] == ["v2"]
