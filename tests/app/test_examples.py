"""Every answer the API describes has an example, recorded from the API itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app import openapi
from app.main import create_app
from movierec.config import Settings

REPORTS = Path(__file__).parents[2] / "reports" / "evaluation"
EXAMPLES = Path(openapi.__file__).with_name("examples.json")
EVENT = str(UUID(int=7))
LONGEST = 2
"""Entries of a list that an example keeps."""

CALLS = {
    "sendInteraction": ("POST", "/api/v1/interaction", {"username": "u1", "item_id": "2", "action": "like"}),
    "listMoods": ("GET", "/api/v1/moods", None),
    "listSimilarForFeed": ("GET", "/api/v1/similar/1?k=2", None),
    "sendFeedback": (
        "POST",
        "/feedback",
        {"event_id": EVENT, "user_id": "u1", "item_id": "1", "action": "like"},
    ),
    "interact": ("POST", "/interact", {"user_id": "u1", "item_id": "3", "action": "save"}),
    "recommend": ("POST", "/recommend", {"events": [{"item_id": "1", "action": "watch"}], "k": 2}),
    "debugRecommendationsForAnybody": ("POST", "/recommend/debug", {"likes": ["1"], "k": 1}),
    "recommendForGroup": (
        "POST",
        "/recommend/group",
        {"members": [{"viewer": "u1"}, {"viewer": "u2"}], "k": 1},
    ),
    "importRatings": ("POST", "/viewers/guest/imports", "movieId,rating\n1,4.5\nnothing,3\n"),
    "eraseFeedback": ("DELETE", "/viewers/guest/feedback", None),
}
QUERIES = {
    "/movies": "?query=a&limit=2",
    "/users": "?limit=2",
    "/feedback": "?user_id=u1",
    "/movies/{item_id}/similar": "?k=2",
    "/movies/{item_id}/standing": "?viewer=u1",
    "/recommend/user/{user_idx}/debug": "?k=1",
    "/viewers/{viewer}/feedback/export": "?format=json",
    "/evaluation/{dataset}/{protocol}": "",
}


def needs_example(operation: dict) -> list[dict]:
    """Return the JSON answers of an operation that no route gave an example."""
    answers = [answer for status, answer in operation["responses"].items() if status < "300"]
    return [
        answer["content"]["application/json"]
        for answer in answers
        if "application/json" in answer.get("content", {})
    ]


def shorten(value):
    if isinstance(value, dict):
        return {name: shorten(each) for name, each in list(value.items())[:40]}
    return [shorten(each) for each in value[:LONGEST]] if isinstance(value, list) else value


def record(client: TestClient) -> dict[str, object]:
    """Ask everything that has no example of its own, writing first, so that there is something to read."""
    paths = client.get("/openapi.json").json()["paths"]
    described = {
        route.operation_id
        for route in client.app.routes
        if hasattr(route, "operation_id")
        for answer in (getattr(route, "responses", None) or {}).values()
        if "example" in str(answer.get("content", {}))
    }
    known = {operation["operationId"] for each in paths.values() for operation in each.values()}
    known -= described
    written = {name: call for name, call in CALLS.items() if name in known}
    order = [*written, *sorted(known - written.keys())]
    calls = dict(written)
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method == "get":
                filled = path.format(
                    item_id="1", user_idx="0", user_id="u1", viewer="u1", dataset="ml-100k", protocol="random"
                )
                calls.setdefault(operation["operationId"], ("GET", filled + QUERIES.get(path, ""), None))
    found = {}
    for name in order:
        if name in calls:
            method, path, body = calls[name]
            given = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
            answer = client.request(method, path, **given)
            if answer.is_success and "json" in answer.headers.get("content-type", ""):
                found[name] = shorten(answer.json())
    return found


@pytest.fixture(scope="module")
def toy_client(toy_home, tmp_path_factory):
    import shutil

    home = tmp_path_factory.mktemp("examples") / "home"
    shutil.copytree(toy_home, home)
    with TestClient(
        create_app(Settings(home=home, reports=REPORTS, simulation_reports=REPORTS.with_name("simulation")))
    ) as client:
        yield client


def test_examples_are_recorded_from_the_api(toy_client):
    if os.environ.get("MOVIEREC_UPDATE_SNAPSHOTS"):
        text = json.dumps(record(toy_client), indent=1, ensure_ascii=False, sort_keys=True)
        EXAMPLES.write_text(text + "\n", "utf-8")
    assert json.loads(EXAMPLES.read_text("utf-8"))


def test_every_answer_has_an_example(client):
    paths = client.get("/openapi.json").json()["paths"]
    without = [
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        for content in needs_example(operation)
        if "example" not in content and "examples" not in content
    ]
    assert without == []


def test_examples_are_true_to_their_models(client):
    for route in client.app.routes:
        model = getattr(route, "response_model", None)
        example = openapi.EXAMPLES.get(getattr(route, "operation_id", None))
        if example is not None and model is not None:
            model.model_validate(example)


def test_the_manual_names_every_endpoint(client):
    manual = (REPORTS.parents[1] / "docs" / "api.md").read_text("utf-8")
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}" in manual
