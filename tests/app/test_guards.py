from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from test_problems import check_problem

from app.guards import FeedbackRateMiddleware, is_write
from app.main import create_app
from movierec.config import Settings
from movierec.errors import ConfigError


def open_client(tmp_path, service, store, **chosen) -> TestClient:
    return TestClient(create_app(Settings(home=tmp_path, **chosen), service, store))


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.8.8"),
        *("[::1]", "[::1]:8000", "movies.test", "Movies.Test:8000"),
    ],
)
def test_loopback_answers_by_its_own_names_and_those_that_are_allowed(tmp_path, service, store, host):
    client = open_client(tmp_path, service, store, allowed_hosts=" movies.test, other.test")
    assert client.get("/genres", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"),
        *(
            "",
            "0.0.0.0",
            "127.0.0.1:8000:1",
            "[::1",
            "::1",
            "::1]",
            "[localhost]",
            "localhost:x",
            "192.168.0.1",
            "user@localhost",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/genres", "/health/live", "/posters/m0.svg", "/docs", "/nowhere"])
def test_a_name_that_was_pointed_here_reads_nothing(tmp_path, service, store, host, path):
    client = open_client(tmp_path, service, store, allowed_hosts="movies.test")
    check_problem(client.get(path, headers={"Host": host}), 421, "wrong-host")


def test_two_names_in_one_request_are_refused(tmp_path, service, store):
    client = open_client(tmp_path, service, store)
    headers = [("Host", "localhost"), ("Host", "localhost")]
    check_problem(client.get("/genres", headers=headers), 421, "wrong-host")


def test_an_api_with_a_key_answers_by_any_name(tmp_path, service, store):
    client = open_client(tmp_path, service, store, host="0.0.0.0", api_key="k")
    headers = {"Host": "movies.example", "X-API-Key": "k"}
    assert client.get("/genres", headers=headers).status_code == 200


def test_admin_is_closed_without_a_key(tmp_path, service, store):
    for more in ({}, {"host": "0.0.0.0", "api_key": "k"}):
        client = open_client(tmp_path, service, store, **more)
        for headers in ({}, {"X-API-Key": "k"}, {"X-Admin-Key": ""}, {"X-Admin-Key": "k"}):
            check_problem(client.post("/admin/reload", headers=headers), 403, "admin-closed")


def test_only_the_admin_key_opens_admin_and_it_opens_nothing_else(tmp_path, service, store):
    client = open_client(tmp_path, service, store, host="0.0.0.0", api_key="k", admin_key="schlüssel")
    for headers in ({}, {"X-API-Key": "k"}, {"X-Admin-Key": "k"}, {"X-Admin-Key": "schlusse"}):
        check_problem(client.get("/admin/nothing", headers=headers), 401, "admin-key-required")
    opened = client.get("/admin/nothing", headers={"X-Admin-Key": "schlüssel".encode()})
    check_problem(opened, 404, "not-found")
    refused = client.get("/genres", headers={"X-Admin-Key": "schlüssel".encode()})
    check_problem(refused, 401, "api-key-required")


def test_one_key_for_both_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="MOVIEREC_ADMIN_KEY"):
        create_app(Settings(home=tmp_path, api_key="same", admin_key="same"))


def test_writes_are_told_from_reads():
    assert is_write("POST", "/feedback")
    assert is_write("POST", "/interact")
    assert is_write("POST", "/api/v1/interaction")
    assert is_write("POST", "/viewers/a/b/imports")
    assert is_write("DELETE", "/viewers/ann/feedback")
    assert not is_write("GET", "/feedback")
    assert not is_write("GET", "/viewers/ann/feedback")
    assert not is_write("POST", "/recommend")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_key_writes_in_bursts_and_then_at_its_pace():
    clock = Clock()
    limiter = FeedbackRateMiddleware(None, 60, clock)
    waits = [limiter._take(b"a") for _ in range(7)]
    assert all(wait <= 0 for wait in waits[:6])
    assert waits[6] == pytest.approx(1.0)
    assert limiter._take(b"b") <= 0  # another key has an allowance of its own
    clock.now += 1.0
    assert limiter._take(b"a") <= 0
    assert limiter._take(b"a") == pytest.approx(1.0)
    clock.now += 1000.0
    assert sum(limiter._take(b"a") <= 0 for _ in range(20)) == 6


@given(st.integers(1, 500), st.lists(st.floats(0, 5), max_size=200))
def test_no_minute_holds_more_than_the_allowance_and_a_burst(per_minute, pauses):
    clock = Clock()
    limiter = FeedbackRateMiddleware(None, per_minute, clock)
    taken = []
    for pause in pauses:
        clock.now += pause
        if limiter._take(b"a") <= 0:
            taken.append(clock.now)
    burst = max(-(-per_minute // 10), 1)
    for start in taken:
        assert sum(start <= moment < start + 60 for moment in taken) <= per_minute + burst


def test_too_much_feedback_is_told_when_to_come_back(tmp_path, service, store):
    client = open_client(tmp_path, service, store, host="0.0.0.0", api_key="k", feedback_per_minute=1)
    body = {"user_id": "ann", "item_id": "m1", "action": "like"}
    headers = {"X-API-Key": "k"}
    assert client.post("/interact", json=body, headers=headers).status_code == 201
    refused = client.post("/interact", json=body, headers=headers)
    check_problem(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.get("/genres", headers=headers).status_code == 200
    # Who has no key is turned away before anything is counted.
    check_problem(client.post("/interact", json=body), 401, "api-key-required")
    assert len(store.timeline) == 1


def test_without_a_key_nothing_is_counted(client):
    body = {"user_id": "ann", "item_id": "m1", "action": "like"}
    assert {client.post("/interact", json=body).status_code for _ in range(300)} == {201}


def test_the_description_names_keys_and_limits(tmp_path, service, store):
    paths = create_app(Settings(home=tmp_path, api_key="k"), service, store).openapi()["paths"]
    assert {"401", "429"} <= set(paths["/feedback"]["post"]["responses"])
    assert "429" not in paths["/recommend"]["post"]["responses"]
    assert "400" in paths["/recommend"]["post"]["responses"]
    assert "401" not in paths["/health/live"]["get"]["responses"]
