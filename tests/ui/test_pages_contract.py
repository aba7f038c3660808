"""What the title, taste and group pages send and read is what the API takes and gives."""

from __future__ import annotations

from uuid import uuid4

import pytest
from fake_api import FakeApi
from fake_films import FILMS
from pydantic import BaseModel

from app import schemas
from ui.api_client import ApiClient, ApiRefused, FeedbackEvent
from ui.groups import recommend_together
from ui.titles import load_appeal, load_standing
from ui.viewers import (
    erase_feedback,
    export_feedback,
    import_ratings,
    load_history,
    load_log,
    load_profile,
)

FILE = f"Date,Name,Year,Letterboxd URI,Rating\n2021-01-01,{FILMS[0]['title']},1962,x,4.5\n".encode()


@pytest.fixture(autouse=True)
def said(client: ApiClient) -> None:
    client.send_feedback(FeedbackEvent(str(uuid4()), "100", "5", "like", None, "2026-01-01T00:00:00Z", {}))


def test_the_stand_in_keeps_the_contract(fake_api: FakeApi) -> None:
    answers: dict[str, type[BaseModel]] = {
        "/viewers/100/taste": schemas.ProfileResponse,
        "/viewers/guest-1/taste": schemas.ProfileResponse,
        "/viewers/100/history": schemas.HistoryResponse,
        "/viewers/100/feedback": schemas.LogResponse,
        "/viewers/100/feedback/export": schemas.LogResponse,
        "/movies/1/standing": schemas.StandingResponse,
        "/movies/5/standing": schemas.StandingResponse,
        "/movies/1/appeal": schemas.AppealResponse,
    }
    for path, model in answers.items():
        query = {"viewer": ["100"], "format": ["json"]}
        model.model_validate_json(_dump(fake_api.answer("GET", path, query, None)[1]))
    body = {"members": [{"viewer": "100"}, {"viewer": "101"}], "k": 3, "care": 0.5}
    schemas.GroupResponse.model_validate(fake_api.answer("POST", "/recommend/group", {}, body)[1])
    query = {"dry_run": ["true"]}
    done = fake_api.answer("POST", "/viewers/100/imports", query, FILE.decode())[1]
    schemas.ImportResponse.model_validate(done)
    erased = fake_api.answer("DELETE", "/viewers/100/feedback", {"only": ["all"]}, None)[1]
    schemas.ErasedResponse.model_validate(erased)


def test_what_is_sent_keeps_the_contract(fake_api: FakeApi, client: ApiClient) -> None:
    recommend_together(client, ["100", "guest-1"], 7, 0.25, {"guest-1": ["Crime"]})
    request = schemas.GroupRequest.model_validate(fake_api.requests[-1][2])
    assert [(member.viewer, member.genres) for member in request.members] == [
        ("100", []),
        ("guest-1", ["Crime"]),
    ]
    assert (request.k, request.care) == (7, 0.25)


def test_every_call_is_understood(client: ApiClient) -> None:
    assert load_profile(client, "100").timeline.periods[0].name == "2019"
    assert load_history(client, "100", 5, 0).entries[0].origin == "app"
    assert load_log(client, "100", 5, 0).events[0].in_force
    assert load_standing(client, "1", "100").place == 1
    assert load_appeal(client, "1").groups[0].genre == "Crime"
    assert import_ratings(client, "100", FILE, None, dry_run=True).stored == 0
    assert import_ratings(client, "100", FILE, None, dry_run=False).stored == 1
    assert export_feedback(client, "100", "csv") == b"item_id,action\n1,rate\n5,like\n"
    assert erase_feedback(client, "100", "imports") == 1
    assert erase_feedback(client, "100", "all") == 1


def test_ids_are_quoted(client: ApiClient, fake_api: FakeApi) -> None:
    load_profile(client, "a/b ?c")
    assert fake_api.paths("/viewers/") == ["/viewers/a%2Fb%20%3Fc/taste"]


def test_a_refusal_keeps_its_words(client: ApiClient) -> None:
    with pytest.raises(ApiRefused, match="lacks the column rating"):
        import_ratings(client, "100", b"a,b\n1,2\n", None, dry_run=True)


def _dump(answer: object) -> bytes:
    import orjson

    return orjson.dumps(answer)
