from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.routes.feed import FEED_EXAMPLE
from app.schemas import (
    FeedbackResponse,
    FeedInteractionRequest,
    FeedResponse,
    MoodsResponse,
    SimilarResponse,
    TrendingResponse,
)
from app.schemas.feed import FEED_INTERACTION
from movierec.config import Settings

ANN = "/api/v1/feed?username=ann&page_size=2"


def read(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return FeedResponse.model_validate_json(answer.content)


def ids(page):
    return [item.item_id for item in page.items]


def say(client, item_id, action="like", username="ann"):
    body = {"username": username, "item_id": item_id, "action": action}
    assert client.post("/api/v1/interaction", json=body).status_code == 201


def test_documented_examples_are_true_ones():
    FeedResponse.model_validate(FEED_EXAMPLE)
    FeedInteractionRequest.model_validate(FEED_INTERACTION)


def test_first_page_is_the_head_of_the_list(client):
    page = read(client, ANN)
    assert ids(page) == ["m0", "m2"]
    assert (page.username, page.known, page.page, page.page_size, page.total) == ("ann", True, 1, 2, 5)
    assert (page.genre, page.mood, page.bundle, page.note) == (None, None, "toy-1", None)
    assert [item.rank for item in page.items] == [1, 2]
    assert page.items[0].match == 0.5
    assert page.items[0].reasons[0].because[0].title == "Alien"


def test_following_next_shows_everything_once(client):
    page = read(client, ANN)
    shown = ids(page)
    while page.next is not None:
        assert len(shown) <= page.total
        page = read(client, page.next)
        shown += ids(page)
    assert shown == ["m0", "m2", "m3", "m4", "a/b 6"]
    assert page.page == 3
    beyond = read(client, f"{ANN}&page=4&cursor={page.cursor}")
    assert (ids(beyond), beyond.total, beyond.next) == ([], 5, None)


def test_a_like_does_not_move_the_pages_of_a_cursor(client):
    first = read(client, ANN)
    say(client, "m2")  # Aliens: every other film of science fiction now stands before the comedy
    assert ids(read(client, ANN)) == ["m3", "m4"]
    loose = read(client, f"{ANN}&page=2")
    assert ids(loose) == ["a/b 6", "m0"]
    assert "cursor" in loose.note
    second = read(client, first.next)
    assert ids(second) == ["m3", "m4"]
    assert second.note is None
    assert second.cursor == first.cursor


def test_what_was_judged_since_is_left_out_and_nothing_moves_up(client):
    first = read(client, ANN)
    say(client, "m3", "dislike")
    second = read(client, first.next)
    assert [(item.item_id, item.rank) for item in second.items] == [("m4", 4)]
    assert ids(read(client, second.next)) == ["a/b 6"]


def test_a_film_that_is_no_longer_proposed_keeps_its_place_without_a_match(client, service, monkeypatch):
    first = read(client, ANN)
    made = service.recommend
    monkeypatch.setattr(
        service,
        "recommend",
        lambda history, query: type(kept := made(history, query))(
            tuple(item for item in kept.items if item.item_idx != 3),
            *(kept.generation, kept.bundle, kept.funnel, kept.timings, kept.note),
        ),
    )
    second = read(client, first.next)
    assert [(item.item_id, item.match, item.reasons == []) for item in second.items] == [
        ("m3", None, True),
        ("m4", 0.5, False),
    ]


def test_a_cursor_is_good_at_any_worker(client, tmp_path, service, store):
    first = read(client, ANN)
    with TestClient(create_app(Settings(home=tmp_path), service, store)) as other:
        assert ids(read(other, first.next)) == ["m3", "m4"]


@pytest.mark.parametrize("change", ["username=bob", "genre=Sci-Fi", "mood=scary", "cursor=nonsense"])
def test_a_cursor_of_another_list_is_refused(client, change):
    cursor = read(client, ANN).cursor
    kept = {"username": "ann", "cursor": cursor} | dict([change.split("=")])
    answer = client.get("/api/v1/feed", params=kept)
    assert answer.status_code == 422
    assert "page 1" in answer.json()["detail"]


def test_a_cursor_ends_with_its_bundle(client, service):
    following = read(client, ANN).next
    service.version = "toy-2"
    assert client.get(following).status_code == 422


def test_genre_and_category_are_one(client):
    expected = ["m2", "m3", "m4", "a/b 6"]
    for name in ("genre", "category"):
        page = read(client, f"/api/v1/feed?username=ann&{name}=sci-fi")
        assert (ids(page), page.genre) == (expected, "Sci-Fi")
    page = read(client, "/api/v1/feed/category?username=ann&category=Sci-Fi&page_size=3")
    assert ids(page) == expected[:3]
    assert urlsplit(page.next).path == "/api/v1/feed/category"
    assert ids(read(client, page.next)) == expected[3:]
    assert client.get("/api/v1/feed/category?username=ann").status_code == 422
    assert client.get("/api/v1/feed?genre=Opera").status_code == 422
    answer = client.get("/api/v1/feed?genre=Comedy&category=Drama")
    assert answer.status_code == 422
    assert "Comedy and Drama" in answer.json()["detail"]


def test_a_mood_brings_what_fits_to_the_front_and_loses_nothing(client):
    plain = ids(read(client, "/api/v1/feed?username=bob"))
    assert plain == ["m5", "m1", "m2", "m3", "m4", "a/b 6"]
    page = read(client, "/api/v1/feed?username=bob&mood=scary&page_size=2")
    assert (ids(page), page.mood) == (["m1", "m5"], "scary")
    assert parse_qs(urlsplit(page.next).query)["mood"] == ["scary"]
    assert ids(read(client, page.next)) == ["m2", "m3"]
    assert client.get("/api/v1/feed?mood=grumpy").status_code == 422


def test_a_mood_is_the_hint_for_somebody_new(client, service, monkeypatch):
    hints = []
    shortlist = service.shortlist
    monkeypatch.setattr(
        service,
        "shortlist",
        lambda history, query: hints.append(query.favourite_genres) or shortlist(history, query),
    )
    page = read(client, "/api/v1/feed?mood=romantic")
    assert (page.username, page.known) == (None, False)
    assert ids(page)[0] == "m0"
    read(client, "/api/v1/feed")
    assert hints == [("Romance",), ()]


def test_moods_are_listed(client):
    moods = MoodsResponse.model_validate_json(client.get("/api/v1/moods").content).moods
    assert "Horror" in next(each.genres for each in moods if each.mood == "scary")
    for each in moods:
        assert client.get(f"/api/v1/feed?mood={each.mood}").status_code == 200


def test_trending_and_similar_are_those_of_the_api(client):
    trending = client.get("/api/v1/trending?window=month&genre=Sci-Fi&k=3")
    TrendingResponse.model_validate_json(trending.content)
    assert trending.json() == client.get("/trending?window=month&genre=Sci-Fi&k=3").json()
    similar = client.get("/api/v1/similar/a/b 6?k=2")
    SimilarResponse.model_validate_json(similar.content)
    assert similar.json() == client.get("/movies/a/b 6/similar?k=2").json()
    assert client.get("/api/v1/similar/nonsense").status_code == 404


def test_interactions_are_feedback_and_repeating_them_with_an_id_is_harmless(client, store):
    said = {"username": "guest-1", "item_id": "m4", "action": "like", "event_id": str(uuid4())}
    answers = [client.post("/api/v1/interaction", json=said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    FeedbackResponse.model_validate_json(answers[0].content)
    assert len(store.timeline) == 1
    assert client.get("/feedback?user_id=guest-1").json()["feedback"][0]["action"] == "like"
    assert client.post("/api/v1/interaction", json={**said, "item_id": "none"}).status_code == 404


def test_a_feed_survives_a_store_that_is_away(client, store):
    following = read(client, ANN).next
    store.down = True
    page = read(client, following)
    assert ids(page) == ["m3", "m4"]
    assert "leaves it out" in page.note


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=101", "page=1.0", "cursor=", "cursor=%00"])
def test_feeds_refuse_what_they_cannot_read(client, query):
    assert client.get(f"/api/v1/feed?{query}").status_code == 422
