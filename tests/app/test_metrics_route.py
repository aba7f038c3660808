from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from conftest import START
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from test_problems import check_problem

from app.main import create_app
from movierec.config import Settings
from movierec.errors import UnknownItemError


@pytest.fixture
def read(client):
    def values() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return values


def key(name, **labels):
    return name, tuple(sorted(labels.items()))


def test_requests_are_counted_by_route_and_never_by_address(client, read):
    counted = key("movierec_request_seconds_count", method="GET", route="/movies/{item_id}", status="404")
    lost = key("movierec_request_seconds_count", method="(none)", route="(none)", status="404")
    before = read()
    client.get("/movies/secret-one")
    client.get("/movies/secret-two")
    client.request("BREW", "/nowhere")
    after = read()
    assert after[counted] - before.get(counted, 0) == 2
    assert after[lost] - before.get(lost, 0) == 1
    assert "secret" not in str(after)


def test_stages_bundle_and_state_are_told(client, read):
    stage = key("movierec_stage_seconds_count", stage="rank")
    before = read()
    assert client.get("/recommend/user/0?k=2").status_code == 200
    assert client.get("/recommend/ann").status_code == 200
    after = read()
    assert after[stage] - before.get(stage, 0) == 2
    assert after[key("movierec_bundle_info", version="toy-1", dataset="toy")] == 1
    assert after[key("movierec_ready")] == 1
    assert after[key("movierec_feedback_available")] == 1
    assert after[key("movierec_bundle_outdated")] == 0


def test_what_was_missing_is_counted(client, read, service, store):
    lost = key("movierec_fallbacks_total", missing="feedback")
    before = read()
    service.failures["als"] += 3
    store.down = True
    assert client.get("/recommend/user/0").status_code == 200
    after = read()
    assert after[lost] - before.get(lost, 0) == 1
    assert after[key("movierec_source_failures_total", part="als")] == 3
    assert after[key("movierec_feedback_available")] == 0


def test_feedback_says_how_late_it_came(client, read):
    lag = key("movierec_feedback_lag_seconds_sum")
    count = key("movierec_feedback_lag_seconds_count")
    event = {"event_id": str(uuid4()), "user_id": "ann", "item_id": "m4", "action": "like"}
    event["client_time"] = (START - timedelta(seconds=90)).isoformat()
    before = read()
    assert [client.post("/feedback", json=event).status_code for _ in range(2)] == [201, 200]
    ahead = {**event, "event_id": str(uuid4()), "client_time": datetime(2030, 1, 1, tzinfo=UTC).isoformat()}
    assert client.post("/feedback", json=ahead).status_code == 201
    after = read()
    assert after[lag] - before[lag] == 90
    assert after[count] - before[count] == 1
    assert (
        after[key("movierec_feedback_write_seconds_count")]
        - before[key("movierec_feedback_write_seconds_count")]
        == 3
    )


def test_cache_hits_are_counted(client, read):
    hits, misses = (key(f"movierec_cache_{each}_total", cache="feedback") for each in ("hits", "misses"))
    before = read()
    for _ in range(3):
        client.get("/feedback?user_id=ann")
    after = read()
    assert (after[hits] - before[hits], after[misses] - before[misses]) == (2, 1)


def test_metrics_need_the_key_and_no_bundle(tmp_path, service, store):
    with TestClient(create_app(Settings(home=tmp_path, api_key="k"), service, store)) as client:
        check_problem(client.get("/metrics"), 401, "api-key-required")
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert "\nmovierec_ready 0.0\n" in answer.text


@pytest.mark.parametrize("path", ["/health/ready", "/ping"])
@pytest.mark.parametrize("error", [RuntimeError("secret /etc/passwd"), UnknownItemError("secret")])
def test_ready_only_where_a_request_would_succeed(client, service, monkeypatch, path, error):
    assert client.get(path).status_code == 200

    def fail(*_):
        raise error

    monkeypatch.setattr(service, "recommend", fail)
    answer = client.get(path)
    check_problem(answer, 503, "bundle-unavailable")
    assert "secret" not in answer.text
    assert client.get("/health/live").status_code == 200
