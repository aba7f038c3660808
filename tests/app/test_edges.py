"""The edges of the problem over HTTP, on a real bundle and a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from chaos.bundles import copy_home
from movierec.config import Settings
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore


@pytest.fixture
def home(toy_home: Path, tmp_path: Path) -> Path:
    return copy_home(toy_home, tmp_path / "home")


@pytest.fixture
def api(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        yield client


def list_items(api: TestClient) -> list[str]:
    pages = [api.get(f"/movies?limit=100&offset={offset}").json()["movies"] for offset in (0, 100)]
    return [movie["item_id"] for page in pages for movie in page]


def say(api: TestClient, **fields: object) -> int:
    event = {"event_id": str(uuid4()), "user_id": "guest", "item_id": "0", "action": "like", **fields}
    body = json.dumps(event).encode()  # escapes what UTF-8 cannot carry, as a lone surrogate
    headers = {"Content-Type": "application/json"}
    return api.post("/feedback", content=body, headers=headers).status_code


@pytest.mark.parametrize("k", [1, 100])
def test_people_without_a_history_get_full_lists(api: TestClient, k: int) -> None:
    for body in ({"k": k}, {"k": k, "viewer": "never heard of"}):
        assert len(api.post("/recommend", json=body).json()["items"]) == k


@pytest.mark.parametrize(
    ("user_id", "status"),
    [
        ("漢字 \N{CLAPPER BOARD} é", 201),
        ("x" * 64, 201),
        ("' OR 1=1 --", 201),
        ("../../etc/passwd", 201),
        ("", 422),
        ("x" * 65, 422),
        ("x" * 10_000, 422),
        ("a\x00b", 422),
        ("\ud800", 422),
        ("a\nb", 422),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_ids_are_taken_or_refused_and_never_break_anything(
    api: TestClient, user_id: str, status: int
) -> None:
    item = list_items(api)[0]
    assert say(api, user_id=user_id, item_id=item) == status
    known = api.get(f"/feedback?user_id={quote(user_id, errors='replace')}")
    assert known.status_code in (200, 422)
    if status == 201:
        assert [entry["item"]["item_id"] for entry in known.json()["feedback"]] == [item]
        made = api.post("/recommend", json={"viewer": user_id, "k": 5}).json()
        assert len(made["items"]) == 5
        assert item not in {each["item_id"] for each in made["items"]}
    for path in ("/movies/{}", "/viewers/{}/history", "/users/{}/sections", "/posters/{}.svg"):
        assert api.get(path.format(quote(user_id, safe="", errors="replace"))).status_code < 500


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2100-02-28T24:00:00Z"]
)
def test_clocks_of_clients_may_say_anything(api: TestClient, moment: str) -> None:
    assert say(api, item_id=list_items(api)[0], client_time=moment) in (201, 422)
    assert len(api.post("/recommend", json={"viewer": "guest", "k": 5}).json()["items"]) == 5
    assert api.get("/viewers/guest/history").status_code == 200
    assert api.get("/viewers/guest/feedback").status_code == 200


def test_ten_thousand_events_are_a_history_like_any_other(api: TestClient, home: Path) -> None:
    items = list_items(api)
    seen = items[:100]
    events = [
        FeedbackEvent(
            uuid4(),
            "old hand",
            seen[number % 100],
            FeedbackAction.RATE,
            client_time=datetime.fromtimestamp(1_600_000_000 + number, UTC),
            rating=0.5 + number % 10 / 2,
        )
        for number in range(10_000)
    ]
    with FeedbackStore.open(home / "feedback.sqlite3", "toy") as store:
        store.append_all(events)
    made = api.post("/recommend", json={"viewer": "old hand", "k": 20}).json()
    assert len(made["items"]) == 20
    assert not {item["item_id"] for item in made["items"]} & set(seen)
    assert api.get("/viewers/old%20hand/history?limit=100").json()["total"] == 100


def test_who_has_seen_everything_gets_a_short_list_and_the_reason(api: TestClient, home: Path) -> None:
    items = list_items(api)
    events = [FeedbackEvent(uuid4(), "cinephile", item, FeedbackAction.LIKE) for item in items]
    with FeedbackStore.open(home / "feedback.sqlite3", "toy") as store:
        store.append_all(events[:-2])
        assert [item["item_id"] for item in _ask(api)["items"]] in (items[-2:], items[:-3:-1])
        assert "Only 2 of 10 films" in _ask(api)["note"]
        store.append_all(events[-2:])
    assert _ask(api)["items"] == []
    assert "seen" in _ask(api)["note"]
    for path in ("/users/cinephile/sections", "/api/v1/feed?username=cinephile"):
        assert api.get(path).status_code == 200


def _ask(api: TestClient) -> dict[str, list[dict[str, str]]]:
    answer: dict[str, list[dict[str, str]]] = api.post("/recommend", json={"viewer": "cinephile"}).json()
    return answer


def test_without_the_store_lists_go_on_and_feedback_asks_to_come_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home / "feedback.sqlite3"
    place.mkdir()  # nothing can be opened there
    monkeypatch.setattr("app.gate.RETRY_SECONDS", 0)
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as api:
        item = list_items(api)[0]
        event = {"event_id": str(uuid4()), "user_id": "guest", "item_id": item, "action": "like"}
        refused = api.post("/feedback", json=event)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert str(home) not in refused.text
        made = api.get("/recommend/user/0").json()
        assert len(made["items"]) == 10
        assert "feedback" in made["note"]
        assert api.get("/health").json()["feedback"] == "unavailable"
        place.rmdir()
        assert api.post("/feedback", json=event).status_code == 201
        assert api.get("/health").json()["status"] == "ok"
