from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from fastapi.testclient import TestClient

from app import gate as gate_module
from app.main import create_app
from app.schemas import HealthResponse, ReadyResponse
from movierec.config import Settings
from movierec.errors import CorruptBundleError, FeedbackUnavailableError, NoBundleError
from movierec.feedback import store as store_module
from movierec.service import RecommenderService

SNAPSHOT = Path(__file__).with_name("openapi.json")


def test_health(client):
    parsed = HealthResponse.model_validate_json(client.get("/health").content)
    assert (parsed.status, parsed.feedback, parsed.bundle, parsed.dataset) == ("ok", "ok", "toy-1", "toy")
    assert parsed.simulated
    assert (parsed.n_users, parsed.n_items, parsed.n_interactions) == (3, 7, 3)
    for path in ("/health/live", "/health/ready"):
        assert ReadyResponse.model_validate_json(client.get(path).content).status == "ok"


@pytest.mark.parametrize("error", [NoBundleError, CorruptBundleError])
def test_without_a_bundle_the_api_says_what_to_do(tmp_path, monkeypatch, error):
    def refuse(home):
        assert home == tmp_path
        raise error("run `movierec build` first")

    monkeypatch.setattr(RecommenderService, "open", refuse)
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        assert client.get("/health/live").status_code == 200
        event = {"event_id": str(uuid4()), "user_id": "a", "item_id": "m0", "action": "like"}
        answers = [client.get(path) for path in ("/health", "/health/ready", "/recommend/user/0", "/genres")]
        answers += [client.post("/recommend", json={}), client.post("/feedback", json=event)]
        answers += [client.get("/feedback?user_id=a"), client.get("/posters/m0.svg")]
        for response in answers:
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert "movierec build" in response.json()["detail"]
        assert client.get("/docs").status_code == 200


def test_bundle_and_store_are_opened_and_closed(tmp_path, monkeypatch, service, store):
    monkeypatch.setattr(RecommenderService, "open", lambda home: service)
    opened = []
    monkeypatch.setattr(
        store_module.FeedbackStore, "open", lambda place, dataset: opened.append((place, dataset)) or store
    )
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        assert client.get("/health").json()["status"] == "ok"
        assert not store.closed
    assert opened == [(tmp_path / "feedback.sqlite3", "toy")]
    assert store.closed


def test_store_of_the_caller_stays_open(tmp_path, service, store):
    with TestClient(create_app(Settings(home=tmp_path), service, store)):
        pass
    assert not store.closed


def test_recommends_without_a_store_and_finds_it_later(tmp_path, monkeypatch, service, store):
    attempts = []

    def open_store(place, dataset):
        attempts.append(place)
        if len(attempts) == 1:
            raise FeedbackUnavailableError("unable to open database file")
        return store

    moment = [1000.0]
    monkeypatch.setattr(gate_module.time, "monotonic", lambda: moment[0])
    monkeypatch.setattr(store_module.FeedbackStore, "open", open_store)
    url = "postgresql://localhost/x"
    with TestClient(create_app(Settings(home=tmp_path, database_url=url), service)) as client:
        health = client.get("/health").json()
        assert (health["status"], health["feedback"]) == ("degraded", "unavailable")
        assert client.get("/health/ready").status_code == 200
        assert len(client.get("/recommend/user/0?k=2").json()["items"]) == 2
        assert client.get("/feedback?user_id=a").status_code == 503
        assert attempts == [url]  # not tried again at once
        moment[0] += 5
        assert client.get("/feedback?user_id=a").status_code == 200
        assert client.get("/health").json()["status"] == "ok"
    assert attempts == [url, url]


def test_real_store_takes_feedback(tmp_path, service):
    event = {"event_id": str(uuid4()), "user_id": "ann", "item_id": "m4", "action": "like"}
    for status in (201, 200):  # the second app finds what the first one wrote
        with TestClient(create_app(Settings(home=tmp_path), service)) as client:
            assert client.post("/feedback", json=event).status_code == status
            assert client.get("/feedback?user_id=ann").json()["feedback"][0]["event_id"] == event["event_id"]


def test_works_without_a_lifespan(tmp_path, service, store):
    client = TestClient(create_app(Settings(home=tmp_path), service, store))
    assert client.get("/recommend/user/0").status_code == 200
    client = TestClient(create_app(Settings(home=tmp_path)))
    assert client.get("/health/ready").status_code == 503


def test_one_log_line_per_request(client):
    with structlog.testing.capture_logs() as lines:
        client.get("/genres?secret=1")
        client.get("/nowhere%0A")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("GET", "/genres", 200),
        ("GET", "/nowhere\n", 404),
    ]
    assert "secret" not in str(requests)


def test_docs_need_no_other_host(client):
    for path in ("/docs", "/redoc"):
        page = client.get(path)
        assert page.status_code == 200
        assert "https://" not in page.text
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_openapi_matches_the_snapshot(client):
    schema = client.get("/openapi.json").json()
    text = json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("MOVIEREC_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, "utf-8")
    assert text == SNAPSHOT.read_text("utf-8"), "set MOVIEREC_UPDATE_SNAPSHOTS=1 if the change is wanted"


def test_openapi_describes_problems_links_and_names(client):
    schema = client.get("/openapi.json").json()
    operations = [each for path in schema["paths"].values() for each in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) >= 21
    for operation in operations:
        assert operation["tags"]
        assert operation["summary"]
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                assert link["operationId"] in names
    assert "links" in schema["paths"]["/feedback"]["post"]["responses"]["201"]
    assert "links" in schema["paths"]["/users"]["get"]["responses"]["200"]
    assert list(schema["components"]["securitySchemes"]) == ["admin_key"]
    k = schema["paths"]["/recommend/user/{user_idx}"]["get"]["parameters"][1]["schema"]
    assert (k["minimum"], k["maximum"], k["default"]) == (1, 100, 10)
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_openapi_names_the_key_where_one_is_set(tmp_path, service, store):
    schema = create_app(Settings(home=tmp_path, api_key="k"), service, store).openapi()
    assert schema["paths"]["/genres"]["get"]["security"] == [{"api_key": []}]
    assert "security" not in schema["paths"]["/health/live"]["get"]
    assert "security" not in schema["paths"]["/posters/{item_id}.svg"]["get"]
