from __future__ import annotations

from uuid import uuid4

import pytest

from app.routes.contracts import VIEWER_LIST_EXAMPLE
from app.schemas import (
    FeedbackResponse,
    InvocationResponse,
    PingResponse,
    ScoredResponse,
    SectionsResponse,
    ViewerListResponse,
)
from app.schemas.contracts import (
    INTERACTION_REQUEST,
    INVOCATION_EXAMPLE,
    INVOCATION_REQUEST,
    SCORED_EXAMPLE,
)


def test_documented_examples_are_true_ones(client):
    InvocationResponse.model_validate(INVOCATION_EXAMPLE)
    ScoredResponse.model_validate(SCORED_EXAMPLE)
    ViewerListResponse.model_validate(VIEWER_LIST_EXAMPLE)
    paths = client.get("/openapi.json").json()["paths"]
    answers = {
        ("/invocations", "post"): INVOCATION_EXAMPLE,
        ("/recommend/{user_id}", "get"): SCORED_EXAMPLE,
        ("/recommendations/{user_id}", "get"): VIEWER_LIST_EXAMPLE,
    }
    for (path, method), example in answers.items():
        shown = paths[path][method]["responses"]["200"]["content"]["application/json"]["example"]
        # FastAPI leaves out what is null.
        assert shown == {name: value for name, value in example.items() if value is not None}


def test_ping(client):
    assert PingResponse.model_validate_json(client.get("/ping").content).status == "ok"


def test_invocations_answer_the_documented_request(client, service):
    # The example's user is made one of the data set's: Alien and a comedy were watched, as by ann.
    service.user_index = {**service.user_index, INVOCATION_REQUEST["user_id"]: 0}
    answer = client.post("/invocations", json=INVOCATION_REQUEST)
    assert answer.status_code == 200
    assert answer.json() == {
        "userId": "u001",
        "recommendations": [
            {"videoId": "m0", "score": 1.0},
            {"videoId": "m2", "score": 1.0},
            {"videoId": "m3", "score": 1.0},
        ],
    }
    assert answer.json().keys() == INVOCATION_EXAMPLE.keys()
    assert answer.json()["recommendations"][0].keys() == INVOCATION_EXAMPLE["recommendations"][0].keys()


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.post("/invocations", json={"user_id": "nobody", "k": 3}),
        lambda client: client.get("/recommend/nobody?topk=3"),
    ],
)
def test_unknown_user_is_404_until_they_say_something(client, ask):
    answer = ask(client)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-user"
    liked = {"user_id": "nobody", "item_id": "m2", "action": "like"}
    assert client.post("/interact", json=liked).status_code == 201
    first = ask(client).json()["recommendations"][0]
    assert "m1" in first.values()  # Alien shares both genres of Aliens


@pytest.mark.parametrize(
    "body", [{}, {"user_id": 1}, {"user_id": "ann", "k": 0}, {"user_id": "ann", "k": "3"}, {"userId": "ann"}]
)
def test_invocations_refuse_what_they_cannot_read(client, body):
    assert client.post("/invocations", json=body).status_code == 422


def test_scores_by_id_are_the_list_by_index(client):
    long = client.get("/recommend/user/0?k=2").json()["items"]
    answer = client.get("/recommend/ann?topk=2")
    assert answer.json() == {
        "user_id": "ann",
        "recommendations": [{"item_id": item["item_id"], "score": item["score"]} for item in long],
    }
    assert [item["item_id"] for item in long] == ["m0", "m2"]
    assert client.get("/recommend/ann?topk=101").status_code == 422


def test_lists_by_id_are_the_lists_by_index(client):
    parsed = ViewerListResponse.model_validate_json(
        client.get("/recommendations/ann?k=2&only_genres=sci-fi").content
    )
    assert (parsed.user_id, parsed.known, parsed.k) == ("ann", True, 2)
    by_index = client.get("/recommend/user/0?k=2&only_genres=sci-fi").json()["items"]
    assert [item.model_dump(mode="json") for item in parsed.items] == by_index


def test_anybody_else_is_a_new_viewer(client):
    parsed = ViewerListResponse.model_validate_json(client.get("/recommendations/guest-7").content)
    assert not parsed.known
    assert parsed.items


def test_lists_by_id_survive_a_store_that_is_away(client, store):
    store.down = True
    assert "leaves it out" in client.get("/recommendations/ann").json()["note"]
    assert client.get("/recommend/ann").status_code == 200
    assert client.post("/invocations", json={"user_id": "ann"}).status_code == 200


def test_sections_by_id_are_the_sections_of_the_viewer(client):
    answer = client.get("/recommendations/ann/sections?k=2")
    SectionsResponse.model_validate_json(answer.content)
    assert answer.json() == client.get("/users/ann/sections?k=2").json()


def test_interactions_are_feedback(client, store):
    said = {**INTERACTION_REQUEST, "user_id": "ann", "item_id": "m4"}
    answer = client.post("/interact", json=said)
    assert answer.status_code == 201
    stored = FeedbackResponse.model_validate_json(answer.content)
    listed = client.get("/feedback?user_id=ann").json()["feedback"]
    assert [(each["event_id"], each["action"]) for each in listed] == [(str(stored.event_id), "like")]
    shown = client.get("/recommendations/ann").json()["items"]
    assert "m4" not in {item["item_id"] for item in shown}


def test_an_interaction_that_is_repeated_with_its_id_is_stored_once(client, store):
    said = {"user_id": "ann", "item_id": "m4", "action": "save", "event_id": str(uuid4())}
    assert [client.post("/interact", json=said).status_code for _ in range(2)] == [201, 200]
    assert len(store.timeline) == 1
    assert client.post("/interact", json={**said, "action": "like"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [({"item_id": "nonsense"}, 404), ({"action": "undo"}, 422), ({"action": "rate"}, 422), ({"x": 1}, 422)],
)
def test_interactions_refuse_what_they_do_not_know(client, store, change, status):
    said = {"user_id": "ann", "item_id": "m4", "action": "like", **change}
    assert client.post("/interact", json=said).status_code == status
    assert not store.timeline
