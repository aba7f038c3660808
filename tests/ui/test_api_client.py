from __future__ import annotations

import socket
from uuid import uuid4

import pytest
from fake_api import FakeApi
from pydantic import BaseModel

from app import schemas
from ui.api_client import ApiClient, ApiRefused, ApiUnavailable, FeedbackEvent, Wishes


def make_event(**changes: str) -> FeedbackEvent:
    values = {"event_id": str(uuid4()), "user_id": "100", "item_id": "1", "action": "like", "undoes": None}
    values |= {"client_time": "2026-11-01T12:00:00+00:00", "context": {}}
    return FeedbackEvent(**(values | changes))  # type: ignore[arg-type]


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_answer_is_read(client: ApiClient) -> None:
    wishes = Wishes(k=5)
    picks = client.recommend(0, wishes)
    assert [pick.rank for pick in picks.items] == [1, 2, 3, 4, 5]
    assert picks.items[0].sources[0].source == "item_item"
    assert client.recommend_for("guest-1", wishes, ["Crime"]).items
    assert client.inspect(0, wishes).items[0].item.title
    assert client.inspect_for("guest-1", wishes, ["Crime"], ["1"]).items[0].contributions
    assert client.evaluation().reports[0].subject is not None
    assert client.report("ml-100k", "user-timeline").best_single == "EASE"
    assert client.importance().features[0].name == "als_seen_rank"
    assert client.dataset().n_items == 60
    assert client.simulation().loop is not None
    assert b"<svg" in client.poster_svg(client.movie("1"))
    assert client.viewers("10").total == 11
    assert client.taste(0).genres[0].name == "Action"
    assert client.movies("harbour").movies[0].item_id == "1"
    assert client.movie("1").country == "Norway"
    assert len(client.similar("1", 4).similar) == 4
    assert "Crime" in client.genres()
    assert client.health().simulated is True
    assert client.feedback("100").feedback == ()


def test_the_stand_in_keeps_the_contract(fake_api: FakeApi, client: ApiClient) -> None:
    client.send_feedback(make_event())
    answers: dict[str, type[BaseModel]] = {
        "/health": schemas.HealthResponse,
        "/recommend/user/0": schemas.RecommendationResponse,
        "/recommend/user/0/debug": schemas.DebugResponse,
        "/users": schemas.ViewersResponse,
        "/users/0/taste": schemas.TasteResponse,
        "/movies": schemas.MoviesResponse,
        "/movies/1": schemas.MovieResponse,
        "/genres": schemas.GenresResponse,
        "/evaluation": schemas.EvaluationResponse,
        "/evaluation/importance": schemas.ImportanceResponse,
        "/evaluation/ml-100k/random": schemas.ReportResponse,
        "/dataset": schemas.DatasetResponse,
        "/simulation": schemas.SimulationResponse,
        "/users/100/sections": schemas.SectionsResponse,
        "/trending": schemas.TrendingResponse,
    }
    for path, model in answers.items():
        model.model_validate(fake_api.answer("GET", path, {"k": ["3"]}, None)[1])
    schemas.SimilarResponse.model_validate(fake_api.answer("GET", "/movies/1/similar", {"k": ["3"]}, None)[1])
    schemas.FeedbackListResponse.model_validate(
        fake_api.answer("GET", "/feedback", {"user_id": ["100"]}, None)[1]
    )


def test_what_is_sent_keeps_the_contract(fake_api: FakeApi, client: ApiClient) -> None:
    client.recommend_for("guest-1", Wishes(k=7, genres=("Crime",), year_from=1990), ["War"], ["1"])
    client.send_feedback(make_event(action="save"))
    bodies = {path: body for _, path, body in fake_api.requests if body}
    request = schemas.RecommendRequest.model_validate(bodies["/recommend"])
    assert (request.k, request.only_genres, request.year_from, request.likes) == (7, ["Crime"], 1990, ["1"])
    schemas.FeedbackRequest.model_validate(bodies["/feedback"])


def test_reading_is_retried(fake_api: FakeApi, client: ApiClient) -> None:
    fake_api.fail_next = [503, 502]
    assert client.genres()
    assert len(fake_api.paths("/genres")) == 3


def test_asking_for_a_list_by_post_is_not_retried(fake_api: FakeApi, client: ApiClient) -> None:
    fake_api.fail_next = [503]
    with pytest.raises(ApiUnavailable, match="Broken for this test"):
        client.recommend_for(None, Wishes())
    assert len(fake_api.requests) == 1


def test_feedback_is_retried_with_the_same_event(fake_api: FakeApi, client: ApiClient) -> None:
    fake_api.fail_next = [503]
    client.send_feedback(make_event())
    assert len({body["event_id"] for _, _, body in fake_api.requests}) == 1
    assert len(fake_api.requests) == 2
    assert len(fake_api.events) == 1


def test_an_api_that_stays_down_is_unavailable(fake_api: FakeApi, client: ApiClient) -> None:
    fake_api.down = True
    with pytest.raises(ApiUnavailable, match="Down for this test"):
        client.health()


def test_an_api_that_is_not_there_is_unavailable() -> None:
    client = ApiClient(f"http://127.0.0.1:{find_free_port()}", backoff_seconds=0.0)
    with pytest.raises(ApiUnavailable, match="cannot be reached"):
        client.health()


def test_an_api_that_does_not_answer_is_too_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = ApiClient(
            f"http://127.0.0.1:{silent.getsockname()[1]}", read_seconds=0.05, backoff_seconds=0.0
        )
        with pytest.raises(ApiUnavailable, match="too long"):
            client.recommend_for(None, Wishes())


def test_a_refusal_carries_the_reason(client: ApiClient) -> None:
    with pytest.raises(ApiRefused, match="There is no film 999") as refusal:
        client.movie("999")
    assert refusal.value.status == 404


def test_another_version_is_told_plainly(fake_api: FakeApi, client: ApiClient) -> None:
    fake_api.garbled = True
    with pytest.raises(ApiUnavailable, match="does not understand"):
        client.health()


def test_settings_come_from_the_environment() -> None:
    client = ApiClient.from_environment({"MOVIEREC_API_URL": "http://127.0.0.1:1/", "MOVIEREC_API_KEY": "k"})
    assert client.base_url == client.public_url == "http://127.0.0.1:1"
    assert client._http.headers["X-API-Key"] == "k"
    assert ApiClient.from_environment({}).base_url == "http://127.0.0.1:8000"


def test_after_no_answer_at_all_nothing_is_asked_for_a_while(fake_api: FakeApi) -> None:
    client = ApiClient(f"http://127.0.0.1:{find_free_port()}", backoff_seconds=0.0, rest_seconds=60.0)
    with pytest.raises(ApiUnavailable):
        client.health()
    client.base_url = fake_api.url  # as if it were back
    with pytest.raises(ApiUnavailable, match="cannot be reached"):
        client.health()
    assert fake_api.requests == []
    client.try_again()
    assert client.health().status == "ok"


def test_an_answer_that_says_no_is_no_reason_to_rest(fake_api: FakeApi) -> None:
    client = ApiClient(fake_api.url, backoff_seconds=0.0, rest_seconds=60.0)
    fake_api.down = True
    with pytest.raises(ApiUnavailable, match="Down for this test"):
        client.health()
    fake_api.down = False
    assert client.health().status == "ok"
