from __future__ import annotations

import json

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.main import create_app
from app.problems import find_kind
from app.schemas import Problem
from movierec import errors
from movierec.config import Settings

JSON_HEADERS = {"Content-Type": "application/json"}


def check_problem(response, status, slug):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    parsed = Problem.model_validate_json(response.content)
    assert parsed.type == f"/problems/{slug}"
    assert parsed.status == status
    assert parsed.request_id == response.headers["x-request-id"]
    assert len(response.headers.get_list("x-request-id")) == 1
    return parsed


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/users/", 404, "not-found"),
        ("GET", "/%00", 404, "not-found"),
        ("GET", "/static-offline-docs/nope.js", 404, "not-found"),
        ("DELETE", "/users", 405, "method-not-allowed"),
        ("GET", "/recommend", 405, "method-not-allowed"),
        ("GET", "/users/99", 404, "unknown-user"),
        ("GET", "/movies/99", 404, "unknown-item"),
        ("GET", "/recommend/user/0?k=0", 422, "invalid-request"),
    ],
)
def test_errors_are_problems(client, method, path, status, slug):
    check_problem(client.request(method, path), status, slug)


def test_405_names_the_methods(client):
    assert client.delete("/users").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"diversity": NaN}', 422),
        (b'{"diversity": Infinity}', 422),
        (b'{"diversity": -Infinity}', 422),
        (b'{"k": 1e999}', 422),
        (b'{"viewer": "\\ud800"}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"likes": ["\\udfff"]}', 422),
        (b'{"viewer": "\xed\xa0\x80"}', 422),
        (b'{"genres": ["\\ud83d"]}', 422),
        (b"{", 422),
        (b"", 422),
        (b"[" * 60_000, 400),
        (b"\xff\xfe\xfd", 400),
        (b'{"k": ' + b"9" * 5000 + b"}", 400),
    ],
)
@pytest.mark.parametrize("path", ["/recommend", "/feedback"])
def test_hostile_bodies(client, path, body, status):
    response = client.post(path, content=body, headers=JSON_HEADERS)
    check_problem(response, status, "malformed-body" if status == 400 else "invalid-request")


def test_body_of_another_type_is_refused(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = client.post("/recommend", content=b'{"k": 5}', headers={"Content-Type": kind})
        problem = check_problem(response, 422, "invalid-request")
        assert "application/json" in problem.detail


def test_what_was_sent_is_not_repeated(client):
    body = {"viewer": ["secret-value"], "k": "secret-value", "secret value<b>": 1, "<script>": "x"}
    problem = check_problem(client.post("/recommend", json=body), 422, "invalid-request")
    text = problem.model_dump_json()
    assert "secret" not in text
    assert "<" not in text
    assert {each.where for each in problem.errors} == {"body.viewer", "body.k", "body.(field)"}


def test_large_bodies_are_refused(client):
    exact = b'{"viewer": "' + b"x" * (65_536 - 14) + b'"}'
    assert len(exact) == 65_536
    check_problem(client.post("/recommend", content=exact, headers=JSON_HEADERS), 422, "invalid-request")
    response = client.post("/recommend", content=exact + b" ", headers=JSON_HEADERS)
    check_problem(response, 413, "body-too-large")
    check_problem(client.request("GET", "/genres", content=b"x" * 70_000), 413, "body-too-large")


def test_large_bodies_without_declared_length_are_refused(client):
    def chunks():
        for _ in range(70):
            yield b" " * 1024

    response = client.post("/recommend", content=chunks(), headers=JSON_HEADERS)
    check_problem(response, 413, "body-too-large")


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 40])
def test_odd_lengths_are_refused(client, length):
    response = client.post("/recommend", content=b"{}", headers={**JSON_HEADERS, "Content-Length": length})
    check_problem(response, 413, "body-too-large")


def test_unforeseen_errors_tell_nothing_but_the_request_id(client, service):
    service.fails = True
    request_id = "1" * 12 + "4" + "1" * 3 + "8" + "1" * 15
    response = client.get("/recommend/user/0", headers={"X-Request-ID": request_id})
    problem = check_problem(response, 500, "internal-error")
    assert problem.request_id == request_id
    assert "passwd" not in response.text
    assert "RuntimeError" not in response.text


def test_every_response_has_a_request_id(client):
    ids = {client.get(path).headers["x-request-id"] for path in ("/health", "/docs", "/nowhere", "/genres")}
    assert len(ids) == 4
    sent = client.get("/health", headers={"X-Request-ID": "evil\tvalue"}).headers["x-request-id"]
    assert "evil" not in sent


def collect_errors(base):
    return [base, *(sub for each in base.__subclasses__() for sub in collect_errors(each))]


def test_every_error_of_the_library_has_a_kind():
    tree = [cls for cls in collect_errors(errors.MovieRecError) if cls.__module__ == errors.__name__]
    assert len(tree) > 10
    kinds = {cls: find_kind(cls("text")) for cls in tree}
    assert all(kinds[cls].status == 404 for cls in tree if issubclass(cls, errors.NotFoundError))
    assert all(kinds[cls].status == 503 for cls in tree if issubclass(cls, errors.ArtifactError))
    assert kinds[errors.DataError].status == 500


def test_internal_library_errors_do_not_leave(client, service, monkeypatch):
    def fail(*_):
        raise errors.DataError("/srv/private/table.parquet is broken")

    monkeypatch.setattr(service, "recommend", fail)
    response = client.get("/recommend/user/0")
    check_problem(response, 500, "internal-error")
    assert "private" not in response.text


def test_other_origins_are_not_invited(client):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response = client.options("/feedback", headers=headers)
    assert response.status_code == 405
    answers = (response, client.get("/genres", headers=headers))
    assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["m0", "m1", "like", "undo", "Comedy", "v2", "7d3e4b0a-0000-4000-8000-000000000000"]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(
    (
        *("viewer", "likes", "dislikes", "genres", "k", "diversity", "only_genres", "year_from", "exclude"),
        *("event_id", "user_id", "item_id", "action", "undoes", "client_time", "context"),
    )
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the app keeps no state that an example could leave behind
@given(
    path=st.sampled_from(["/recommend", "/feedback", "/invocations", "/interact", "/api/v1/interaction"]),
    body=st.dictionaries(names, values, max_size=6),
)
def test_no_body_makes_the_server_fail(client, path, body):
    response = client.post(path, content=json.dumps(body), headers=JSON_HEADERS)
    assert response.status_code in (200, 201, 404, 422), response.text
    orjson.loads(response.content)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route=st.sampled_from(
        (
            *("/movies/{}", "/movies/{}/similar", "/posters/{}.svg", "/users/{}", "/recommend/user/{}"),
            *("/movies?query={}", "/users?query={}", "/feedback?user_id={}", "/recommend/user/0?hide={}"),
            *("/recommend/{}", "/recommend/ann?topk={}", "/recommendations/{}"),
            *("/recommendations/{}/sections", "/api/v1/feed?cursor={}", "/api/v1/feed?username={}"),
            *("/api/v1/similar/{}", "/api/v1/feed?mood={}"),
        )
    ),
    raw=st.binary(max_size=12),
)
def test_no_address_makes_the_server_fail(client, route, raw):
    path = route.format("".join(f"%{byte:02X}" for byte in raw))
    response = client.get(path)
    assert response.status_code in (200, 404, 405, 422), response.text


@pytest.mark.parametrize(
    "path", ["/health", "/genres", "/docs", "/openapi.json", "/nowhere", "/health/live/", "/posters"]
)
def test_key_is_wanted_everywhere_but_for_liveness_and_posters(tmp_path, service, store, path):
    settings_with_key = Settings(home=tmp_path, host="0.0.0.0", api_key="schlüssel")
    with TestClient(create_app(settings_with_key, service, store)) as client:
        assert client.get("/health/live").status_code == 200
        for headers in (
            {},
            {"X-API-Key": "wrong"},
            {"X-API-Key": ""},
        ):
            check_problem(client.get(path, headers=headers), 401, "api-key-required")
        answer = client.get(path, headers={"X-API-Key": "schlüssel".encode()})
        assert answer.status_code == (404 if path in ("/nowhere", "/health/live/", "/posters") else 200)


def test_posters_and_nothing_beside_them_are_drawn_without_the_key(tmp_path, service, store):
    settings_with_key = Settings(home=tmp_path, host="0.0.0.0", api_key="k")
    with TestClient(create_app(settings_with_key, service, store)) as client:
        item_id = service.catalog.item_id[0]
        assert client.get(f"/posters/{item_id}.svg").headers["content-type"] == "image/svg+xml"
        check_problem(client.get("/posters/nothing.svg"), 404, "unknown-item")
        for path in ("/posters/%2e%2e/health", "/posters/..%2Fgenres", "/posters//users"):
            check_problem(client.get(path), 404, "not-found")
        check_problem(client.post(f"/posters/{item_id}.svg"), 401, "api-key-required")
        check_problem(client.get("/postersx"), 401, "api-key-required")


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.1.5", "example.org"])
@pytest.mark.parametrize("key", [None, ""])
def test_open_address_needs_a_key(tmp_path, host, key):
    with pytest.raises(errors.ConfigError, match="MOVIEREC_API_KEY"):
        create_app(Settings(home=tmp_path, host=host, api_key=key))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_none(tmp_path, host, service, store):
    assert create_app(Settings(home=tmp_path, host=host), service, store)
