from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.routes import posters
from app.schemas import (
    GenresResponse,
    MovieResponse,
    MoviesResponse,
    SimilarResponse,
    TasteResponse,
    ViewerOut,
    ViewersResponse,
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # whole title, beginning, later word, inside a word
        ("alien", ["m1", "m2", "m3", "a/b 6"]),
        ("AMELIE", ["m0"]),
        ("amé", ["m0"]),
        ("  the   alien ", ["m3"]),
        ("zzz", []),
        ("", ["m3", "m1", "m2", "m0", "m4", "m5", "a/b 6"]),  # by popularity
    ],
)
def test_search(client, query, expected):
    response = client.get("/movies", params={"query": query})
    parsed = MoviesResponse.model_validate_json(response.content)
    assert [movie.item_id for movie in parsed.movies] == expected
    assert parsed.total == len(expected)


def test_search_by_genre_and_page(client):
    body = client.get("/movies?genre=sci-fi&limit=2&offset=1").json()
    assert body["total"] == 5
    assert [movie["item_id"] for movie in body["movies"]] == ["m1", "m2"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "genre=Nope", "query=%00", "limit=a"])
def test_search_refuses(client, query):
    response = client.get(f"/movies?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_movie(client):
    parsed = MovieResponse.model_validate_json(client.get("/movies/m0").content)
    assert parsed.title == "Amélie"
    assert parsed.keywords == ["paris"]
    assert parsed.imdb_url == "https://www.imdb.com/title/tt0211915/"
    assert parsed.tmdb_url == "https://www.themoviedb.org/movie/194"
    assert (parsed.mean_rating, parsed.n_interactions) == (3.5, 50)


def test_links_are_made_of_digits_only(client):
    assert client.get("/movies/m1").json()["imdb_url"] == "https://www.imdb.com/title/tt0078748/"
    assert client.get("/movies/m4").json()["imdb_url"] is None


def test_similar(client):
    parsed = SimilarResponse.model_validate_json(client.get("/movies/m1/similar?k=2").content)
    assert parsed.item.item_id == "m1"
    assert [each.item_id for each in parsed.similar] == ["m0", "m2"]
    assert parsed.similar[0].basis == "shares genres"


def test_ids_may_hold_slashes_and_blanks(client):
    card = client.get("/movies?query=inalienable").json()["movies"][0]
    assert client.get("/movies/a%2Fb%206").json()["title"] == "Inalienable"
    assert client.get("/movies/a%2Fb%206/similar").json()["item"] == card
    assert client.get(card["poster"]).status_code == 200


@pytest.mark.parametrize(
    "path", ["/movies/nope", "/movies/%00", "/movies/nope/similar", "/posters/nope.svg", "/posters/%00.svg"]
)
def test_unknown_movie(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/unknown-item"


@pytest.mark.parametrize("k", ["0", "101", "x"])
def test_similar_refuses(client, k):
    assert client.get(f"/movies/m1/similar?k={k}").status_code == 422


def test_genres(client):
    parsed = GenresResponse.model_validate_json(client.get("/genres").content)
    assert parsed.genres == ["Action", "Comedy", "Drama", "Horror", "Romance", "Sci-Fi"]


def test_viewers(client):
    parsed = ViewersResponse.model_validate_json(client.get("/users").content)
    assert [viewer.user_id for viewer in parsed.users] == ["ann", "bob", "cyd"]
    assert parsed.users[0].n_events == 2
    assert parsed.users[0].last_event == datetime.fromtimestamp(1_000_001, UTC)
    assert parsed.users[0].top_genres == ["Comedy", "Horror", "Sci-Fi"]
    assert parsed.users[2].last_event is None


def test_viewers_are_found_and_paged(client):
    assert [each["user_id"] for each in client.get("/users?query=B").json()["users"]] == ["bob"]
    body = client.get("/users?limit=1&offset=1").json()
    assert body["total"] == 3
    assert [each["user_id"] for each in body["users"]] == ["bob"]


def test_viewer(client):
    assert ViewerOut.model_validate_json(client.get("/users/1").content).user_id == "bob"
    assert client.get("/users/3").json()["type"] == "/problems/unknown-user"
    assert client.get("/users/bob").status_code == 422
    assert client.get("/users?limit=1000").status_code == 422


def test_taste_counts_live_feedback(client):
    event = {"event_id": str(uuid4()), "user_id": "ann", "item_id": "m4", "action": "like"}
    client.post("/feedback", json=event)
    parsed = TasteResponse.model_validate_json(client.get("/users/0/taste").content)
    assert parsed.n_events == 3
    assert "Drama" in {share.name for share in parsed.genres}
    assert [(entry.item.item_id, entry.live, entry.rating) for entry in parsed.recent] == [
        ("m4", True, None),
        ("m5", False, None),
        ("m1", False, 5.0),
    ]
    assert parsed.recent[0].action == "like"
    assert len(client.get("/users/0/taste?recent=1").json()["recent"]) == 1


def test_taste_of_nobody(client):
    assert client.get("/users/9/taste").status_code == 404
    assert client.get("/users/0/taste?recent=0").status_code == 422


def test_poster_is_cached_by_its_content(client, monkeypatch):
    first = client.get("/posters/m0.svg")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("image/svg+xml")
    assert "max-age" in first.headers["cache-control"]
    assert first.text.lstrip().startswith("<svg")
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get("/posters/m0.svg", headers={"If-None-Match": header})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
    assert client.get("/posters/m0.svg", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/posters/m1.svg").headers["etag"] != etag


def test_poster_gets_the_facts(client, monkeypatch):
    seen = []
    monkeypatch.setattr(posters, "draw_poster", lambda *facts: seen.append(facts) or "<svg/>")
    posters.draw_cached.cache_clear()
    assert client.get("/posters/m3.svg").content == b"<svg/>"
    posters.draw_cached.cache_clear()
    assert seen == [("The Alien Within", None, ("Sci-Fi",), None, "m3")]


def test_poster_of_a_hostile_title_holds_no_markup(client):
    assert "<b>" not in client.get("/posters/m5.svg").text
