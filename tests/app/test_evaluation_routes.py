from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas import DatasetResponse, EvaluationResponse, ImportanceResponse, ReportResponse
from movierec.config import Settings
from movierec.importance import FeatureWeight, Importance

COMMITTED = Path(__file__).parents[2] / "reports" / "evaluation"


@pytest.fixture
def reports(tmp_path) -> Path:
    """One committed report in a folder of its own, beside a file that is none."""
    folder = tmp_path / "reports" / "ml-100k"
    folder.mkdir(parents=True)
    source = COMMITTED / "ml-100k" / "user-timeline.json"
    (folder / source.name).write_bytes(source.read_bytes())
    (folder / "notes.json").write_text("[]", "utf-8")
    return folder.parent


@pytest.fixture
def open_client(tmp_path, service, store):
    return lambda folder: TestClient(create_app(Settings(home=tmp_path, reports=folder), service, store))


def test_overview_repeats_the_report(open_client, reports):
    (path,) = (path for path in reports.glob("*/*.json") if path.name != "notes.json")
    written = json.loads(path.read_text("utf-8"))
    parsed = EvaluationResponse.model_validate_json(open_client(reports).get("/evaluation").content)
    (overview,) = parsed.reports
    assert (overview.dataset, overview.protocol) == ("ml-100k", path.stem)
    assert overview.users == written["counts"]["users"]
    means = {each["name"]: each["metrics"][written["metric"]]["mean"] for each in written["systems"]}
    singles = [each["name"] for each in written["systems"] if each["kind"] != "pipeline"]
    assert overview.subject.value.mean == means["v2"]
    assert overview.merge.value.mean == means["v1.5"]
    assert overview.best_single.name == max(singles, key=means.get)
    others = {each["other"]: each["difference"] for each in written["comparisons"]}
    assert overview.difference.model_dump() == others[overview.best_single.name]
    assert parsed.unreadable == ["ml-100k/notes.json"]


def test_report_has_every_system_and_no_single_user(open_client, reports):
    client = open_client(reports)
    overview = client.get("/evaluation").json()["reports"][0]
    response = client.get(f"/evaluation/{overview['dataset']}/{overview['protocol']}")
    parsed = ReportResponse.model_validate_json(response.content)
    assert parsed.best_single == overview["best_single"]["name"]
    assert {"v2", "v1.5", "EASE"} <= {system.name for system in parsed.systems}
    assert "per_user" not in response.json()


@pytest.mark.parametrize(
    ("path", "status"), [("ml-100k/nothing", 404), ("..%2F..%2Fml-100k/x", 404), ("a%20b/x", 422)]
)
def test_unknown_report(open_client, reports, path, status):
    response = open_client(reports).get(f"/evaluation/{path}")
    assert response.status_code == status
    assert response.json()["type"].startswith("/problems/")


def test_no_reports_is_an_answer(open_client, tmp_path):
    answer = open_client(tmp_path / "nowhere").get("/evaluation").json()
    assert (answer["reports"], answer["unreadable"], answer["check"]) == ([], [], None)


def test_check_of_the_build_is_read_from_its_flat_names(client, service):
    service.metrics = {
        "queries": 150.0,
        "ndcg@10 v2": 0.2,
        "ndcg@10 v2 low": 0.1,
        "ndcg@10 v2 high": 0.3,
        "hit_rate@10 v2": 0.6,
        "ndcg@10 v1-als": 0.15,
    }
    check = EvaluationResponse.model_validate_json(client.get("/evaluation").content).check
    assert check.viewers == 150
    ours, als = check.systems
    assert ours.metrics["ndcg@10"].model_dump() == {"mean": 0.2, "low": 0.1, "high": 0.3}
    assert ours.metrics["hit_rate@10"].mean == 0.6
    assert (als.name, als.metrics["ndcg@10"].low) == ("v1-als", 0.15)


def test_importance(client, service):
    service.importance = Importance((FeatureWeight("als_score", 0.5),), 3, 30)
    parsed = ImportanceResponse.model_validate_json(client.get("/evaluation/importance").content)
    assert (parsed.viewers, parsed.items, parsed.features[0].name) == (3, 30, "als_score")


def test_importance_without_a_ranker_is_empty(client, service):
    service.importance = None
    assert client.get("/evaluation/importance").json()["features"] == []


def test_dataset(client):
    parsed = DatasetResponse.model_validate_json(client.get("/dataset").content)
    assert (parsed.name, parsed.n_users, parsed.simulated) == ("toy", 3, True)
    assert parsed.mean_rating == 4.5
    assert parsed.genres[0].name == "Sci-Fi"
    assert parsed.first_event.year == 1970
