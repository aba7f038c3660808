from __future__ import annotations

from uuid import uuid4

import pytest

from app.routes.recommend import LIST_EXAMPLE
from app.schemas import (
    AnonymousDebugResponse,
    AnonymousRecommendationResponse,
    DebugResponse,
    RecommendationResponse,
    RecommendRequest,
)
from app.schemas.recommendations import SESSION_REQUEST


def test_documented_example_is_a_true_one():
    RecommendationResponse.model_validate(LIST_EXAMPLE)


def item_ids(response):
    assert response.status_code == 200, response.text
    return [item["item_id"] for item in response.json()["items"]]


def send(client, user_id, item_id, action="like", **more):
    body = {"event_id": str(uuid4()), "user_id": user_id, "item_id": item_id, "action": action, **more}
    response = client.post("/feedback", json=body)
    assert response.status_code == 201, response.text
    return response.json()["event_id"]


def test_list_follows_the_history(client):
    # ann watched Alien (Horror, Sci-Fi) and a comedy: everything else shares one genre, ties by index.
    assert item_ids(client.get("/recommend/user/0")) == ["m0", "m2", "m3", "m4", "a/b 6"]


def test_body_matches_the_contract(client):
    response = client.get("/recommend/user/0?k=3")
    parsed = RecommendationResponse.model_validate_json(response.content)
    assert (parsed.user_idx, parsed.user_id, parsed.k, parsed.bundle) == (0, "ann", 3, "toy-1")
    assert parsed.generation == "v2"
    assert [item.rank for item in parsed.items] == [1, 2, 3]
    assert parsed.items[0].reasons[0].because[0].title == "Alien"
    assert parsed.items[2].year is None
    assert parsed.note is None
    assert response.headers["cache-control"] == "no-store"


def test_debug_matches_the_contract_and_the_list(client):
    response = client.get("/recommend/user/0/debug?k=2&hide=m0")
    parsed = DebugResponse.model_validate_json(response.content)
    assert [each.item.item_id for each in parsed.items] == item_ids(
        client.get("/recommend/user/0?k=2&hide=m0")
    )
    first = parsed.items[0]
    assert first.features == {"age": None, "gap": None}
    assert sum(first.contributions.values()) == first.raw_score - first.base_score
    assert first.evidence["genre"][0].title == "Alien"
    assert parsed.funnel == {"merged": 7}
    assert parsed.timings_ms == {"rank": 0.1}


@pytest.mark.parametrize(
    "body",
    [
        {"likes": ["m1"], "k": 2},
        {"viewer": "guest-1", "genres": ["Comedy"], "k": 3},
        {"viewer": "ann", "likes": ["m4"], "only_genres": ["Sci-Fi"], "k": 2},
    ],
)
def test_debug_for_anybody_is_the_same_list(client, body):
    parsed = AnonymousDebugResponse.model_validate_json(client.post("/recommend/debug", json=body).content)
    plain = client.post("/recommend", json=body)
    assert [each.item.item_id for each in parsed.items] == item_ids(plain)
    assert parsed.viewer == body.get("viewer")
    assert parsed.k == body["k"]
    assert parsed.funnel == {"merged": 7}
    assert parsed.items[0].contributions


def test_debug_for_anybody_refuses_what_the_list_refuses(client):
    response = client.post("/recommend/debug", json={"likes": ["nonsense"]})
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/unknown-item"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("only_genres=comedy", ["m0"]),
        ("only_genres=Comedy&only_genres=Action", ["m0", "m2"]),
        ("year_from=1986&year_to=2001", ["m0", "m2"]),
        ("hide=m0&hide=m3&hide=nonsense", ["m2", "m4", "a/b 6"]),
        ("k=1", ["m0"]),
        ("generation=v1-als&diversity=0.5&k=1", ["m0"]),
    ],
)
def test_filters(client, query, expected):
    assert item_ids(client.get(f"/recommend/user/0?{query}")) == expected


def test_generation_reaches_the_service(client):
    assert client.get("/recommend/user/0?generation=v1.5").json()["generation"] == "v1.5"


def test_short_list_says_why(client):
    assert client.get("/recommend/user/0?k=100").json()["note"] == "No more movies pass the filters."


def test_live_feedback_changes_the_next_list(client):
    assert item_ids(client.get("/recommend/user/2"))[0] == "m0"
    liked = send(client, "cyd", "m2")
    assert item_ids(client.get("/recommend/user/2"))[0] == "m1"
    assert "m2" not in item_ids(client.get("/recommend/user/2"))
    send(client, "cyd", "m2", "undo", undoes=liked)
    assert item_ids(client.get("/recommend/user/2"))[0] == "m0"


def test_dislikes_disappear_and_saves_do_not(client):
    send(client, "cyd", "m0", "dislike")
    send(client, "cyd", "m1", "save")
    shown = item_ids(client.get("/recommend/user/2"))
    assert "m0" not in shown
    assert "m1" in shown


def test_list_is_served_without_the_feedback_store(client, store):
    send(client, "cyd", "m2")
    store.down = True
    response = client.get("/recommend/user/2?k=1")
    assert item_ids(response) == ["m0"]
    assert "leaves it out" in response.json()["note"]
    assert "/home" not in response.text


@pytest.mark.parametrize("user_idx", ["3", "-1", "9" * 30])
@pytest.mark.parametrize("suffix", ["", "/debug"])
def test_unknown_viewer(client, user_idx, suffix):
    response = client.get(f"/recommend/user/{user_idx}{suffix}")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/unknown-user"
    assert "0 to 2" in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        *((f"/recommend/user/0?k={k}", "query.k") for k in ("0", "1000", "101", "ten", "1.0", "+5", "", "١")),
        *((f"/recommend/user/{idx}", "path.user_idx") for idx in ("ann", "1.5", "true", "%00", "1_0")),
        *(
            (f"/recommend/user/0?diversity={d}", "query.diversity")
            for d in ("1.1", "-0.1", "nan", "inf", "1e-1")
        ),
        ("/recommend/user/0?generation=v9", "query.generation"),
        ("/recommend/user/0?year_from=12", "query.year_from"),
        ("/recommend/user/0?hide=", "query.hide.0"),
        ("/recommend/user/0/debug?k=0", "query.k"),
    ],
)
def test_unacceptable_parameters(client, path, where):
    response = client.get(path)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["type"] == "/problems/invalid-request"
    assert [each["where"] for each in problem["errors"]] == [where]
    assert response.headers["content-type"] == "application/problem+json"


def test_unknown_genre_lists_the_known_ones(client):
    response = client.get("/recommend/user/0?only_genres=Musicalz")
    assert response.status_code == 422
    assert "Sci-Fi" in response.json()["detail"]
    assert "Musicalz" not in response.text


def test_years_in_the_wrong_order(client):
    response = client.get("/recommend/user/0?year_from=2000&year_to=1990")
    assert response.status_code == 422
    assert "year_from" in response.json()["detail"]


def test_visitor_gets_a_list_from_likes(client):
    response = client.post("/recommend", json={"likes": ["m0"], "dislikes": ["m5"], "k": 2})
    parsed = AnonymousRecommendationResponse.model_validate_json(response.content)
    assert parsed.viewer is None
    assert [item.item_id for item in parsed.items] == ["m1", "m2"]  # Comedy is left only in disliked m5


def test_viewer_keeps_trained_history_and_stored_feedback(client):
    send(client, "bob", "m5")
    shown = item_ids(client.post("/recommend", json={"viewer": "bob", "likes": ["m1"]}))
    assert not {"m0", "m5", "m1"} & set(shown)
    assert shown[0] == "m2"


def test_session_outweighs_stored_feedback(client):
    send(client, "new", "m1")  # a stored like of Alien would put Sci-Fi first
    response = client.post("/recommend", json={"viewer": "new", "dislikes": ["m1"], "likes": ["m0"]})
    assert item_ids(response)[0] == "m5"


def test_dislike_outweighs_a_like_of_the_same_movie(client):
    response = client.post("/recommend", json={"likes": ["m1"], "dislikes": ["m1"], "k": 1})
    assert item_ids(response) == ["m0"]


def test_exclude_filters_of_the_body(client):
    body = {"likes": ["m1"], "exclude": ["m2", "gone"], "only_genres": ["Sci-Fi"], "year_to": 1990}
    assert item_ids(client.post("/recommend", json=body)) == ["m4"]


@pytest.mark.parametrize("field", ["likes", "dislikes"])
def test_unknown_movies_are_named(client, field):
    response = client.post("/recommend", json={field: ["m1", "nope", "n\u00f6pe"]})
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/unknown-item"
    assert "'nope'" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"k": 0},
        {"k": True},
        {"k": 5.0},
        {"k": "5"},
        {"diversity": True},
        {"diversity": 2},
        {"likes": "m1"},
        {"likes": [1]},
        {"likes": ["m1"] * 201},
        {"viewer": ""},
        {"viewer": "x\u0000y"},
        {"viewer": "x" * 65},
        {"year_from": False},
        {"year_from": 2000, "year_to": 1999},
        {"genres": ["Unheard"]},
        {"typo": 1},
        [],
        "text",
        None,
    ],
)
def test_unacceptable_bodies(client, body):
    response = client.post("/recommend", json=body)
    assert response.status_code == 422, response.text
    assert response.json()["type"] == "/problems/invalid-request"


def session(*events, **more):
    return {"events": [{"item_id": item, "action": action} for item, action in events], **more}


def test_a_session_without_a_name_gets_a_list(client):
    shown = item_ids(client.post("/recommend", json=session(("m0", "watch"), ("m1", "like"), k=3)))
    assert shown == ["m2", "m3", "m4"]


def test_nothing_of_a_session_is_shown_again(client):
    events = [("m0", "watch"), ("m1", "like"), ("m2", "skip"), ("m3", "dislike")]
    shown = item_ids(client.post("/recommend", json=session(*events, time_of_day="evening")))
    assert sorted(shown) == ["a/b 6", "m4", "m5"]


def test_a_session_comes_after_what_is_known_of_a_viewer(client, service, monkeypatch):
    seen = []
    plain = service.recommend
    monkeypatch.setattr(
        service, "recommend", lambda history, query: seen.append((history, query)) or plain(history, query)
    )
    client.post("/recommend", json=session(("m4", "watch"), viewer="ann", likes=["m0"], time_of_day="night"))
    history, query = seen[0]
    assert [service.catalog.item_id[item] for item in history.item_idx] == ["m1", "m5", "m0", "m4"]
    assert query.daypart == "night"


def test_the_documented_session_is_a_true_one():
    RecommendRequest.model_validate(SESSION_REQUEST)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (session(("nonsense", "watch")), 404),
        (session(("m0", "undo")), 422),
        (session(*[("m0", "watch")] * 201), 422),
        (session(time_of_day="noon"), 422),
        ({"events": [{"item_id": "m0"}]}, 422),
        ({"events": [{"item_id": "m0", "action": "like", "at": 1}]}, 422),
    ],
)
def test_sessions_refuse_what_they_cannot_read(client, body, status):
    assert client.post("/recommend", json=body).status_code == status
