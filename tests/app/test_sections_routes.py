from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from app import gate
from app.schemas import SectionsResponse, TrendingResponse


def read(client, path):
    return SectionsResponse.model_validate_json(client.get(path).content)


def like(client, user_id, item_id):
    event = {"event_id": str(uuid4()), "user_id": user_id, "item_id": item_id, "action": "like"}
    assert client.post("/feedback", json=event).status_code == 201


def test_sections_of_a_known_viewer_match_the_contract(client):
    page = read(client, "/users/ann/sections?k=2")
    assert (page.user_id, page.known, page.k, page.aim) == ("ann", True, 2, "balanced")
    # ann watched Alien and a comedy; the first row is her list.
    assert [item.item_id for item in page.sections[0].items] == ["m0", "m2"]
    shown = [item.item_id for section in page.sections for item in section.items]
    assert len(shown) == len(set(shown))
    assert not {"m1", "m5"} & set(shown)


def test_an_unknown_id_is_somebody_new_whose_likes_count(client):
    assert not read(client, "/users/guest-1/sections?k=2").known
    like(client, "guest-1", "m4")
    page = read(client, "/users/guest-1/sections?k=2")
    shown = [item.item_id for section in page.sections for item in section.items]
    assert "m4" not in shown
    assert page.sections[0].items[0].item_id == "m1"


def test_filters_and_hidden_films_hold_in_every_section(client):
    page = read(client, "/users/ann/sections?only_genres=sci-fi&year_from=1980&hide=m2")
    assert [item.item_id for section in page.sections for item in section.items] == ["a/b 6"]


def test_sections_refuse_what_they_do_not_know(client):
    for query in ("aim=fastest", "only_genres=Opera", "genres=Opera", "k=0", "year_from=2000&year_to=1990"):
        assert client.get(f"/users/ann/sections?{query}").status_code == 422, query


def test_sections_survive_a_store_that_is_away(client, store):
    store.down = True
    page = read(client, "/users/ann/sections?k=2")
    assert page.sections[0].items
    assert "left" in page.note or "leaves" in page.note


def test_aim_reaches_the_recommender(client, service, monkeypatch):
    aims = []
    recommend = service.recommend
    monkeypatch.setattr(
        service, "recommend", lambda history, query: aims.append(query.aim) or recommend(history, query)
    )
    client.get("/recommend/user/0?aim=next")
    client.post("/recommend", json={"aim": "later"})
    client.get("/users/ann/sections?aim=return")
    client.get("/recommend/user/0")
    assert aims == ["next", "later", "return", "balanced"]


def test_trending_orders_by_recent_activity_and_counts_likes_at_once(client, monkeypatch):
    monkeypatch.setattr(gate, "RECENT", timedelta(days=100_000))  # the clock of the toy store stands still
    page = TrendingResponse.model_validate_json(client.get("/trending?window=week").content)
    # Two people watched Alien a day before the end, one Inalienable five days earlier.
    assert [item.item_id for item in page.items] == ["m1", "a/b 6"]
    assert [item.n_recent for item in page.items] == [2, 1]
    assert page.simulated
    for user in ("x", "y", "z"):
        like(client, user, "m4")
    first = TrendingResponse.model_validate_json(client.get("/trending").content).items[0]
    assert (first.item_id, first.n_live, first.rank) == ("m4", 3, 1)


def test_trending_of_a_genre(client):
    page = TrendingResponse.model_validate_json(client.get("/trending?genre=horror").content)
    assert (page.genre, [item.item_id for item in page.items]) == ("Horror", ["m1"])
    assert client.get("/trending?genre=Opera").status_code == 422
    assert client.get("/trending?window=fortnight").status_code == 422


def test_trending_without_a_store_says_what_is_missing(client, store):
    store.down = True
    page = TrendingResponse.model_validate_json(client.get("/trending").content)
    assert page.items
    assert "left out" in page.note
