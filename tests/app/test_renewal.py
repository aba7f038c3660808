"""A new bundle is served without a restart, a bad one never, and the last good one at the start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from chaos.bundles import copy_home, republish
from movierec.artifacts import point_current
from movierec.config import Settings
from movierec.service import RecommenderService

PATIENCE = 20.0
KEY = {"X-Admin-Key": "of the house"}


@pytest.fixture
def home(toy_home: Path, tmp_path: Path) -> Path:
    return copy_home(toy_home, tmp_path / "home")


@pytest.fixture
def api(home: Path) -> Iterator[TestClient]:
    settings = Settings(home=home, admin_key=KEY["X-Admin-Key"], reload_seconds=0)
    with TestClient(create_app(settings)) as client:
        yield client


def wait_until(check: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not check() and time.monotonic() < end:
        time.sleep(0.01)
    return check()


def break_current(home: Path) -> str:
    """Flip one byte of the current bundle and return its version."""
    version = (home / "bundles" / "CURRENT").read_text().strip()
    file = home / "bundles" / version / "interactions.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return version


@pytest.mark.parametrize("headers", [{}, {"X-Admin-Key": ""}, {"X-Admin-Key": "wrong"}])
def test_nobody_reloads_without_the_admin_key(api: TestClient, home: Path, headers: dict[str, str]) -> None:
    before = api.get("/health").json()["bundle"]
    assert republish(home, "second") != before
    refused = api.post("/admin/reload", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/admin-key-required")
    assert api.get("/health").json()["bundle"] == before


def test_where_no_admin_key_is_set_nobody_may(home: Path) -> None:
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        for sent in ("", "None", "of the house"):
            assert client.post("/admin/reload", headers={"X-Admin-Key": sent}).status_code == 403


def test_a_reload_serves_the_new_bundle_and_keeps_feedback(api: TestClient, home: Path) -> None:
    item = api.get("/movies?limit=1").json()["movies"][0]["item_id"]
    event = {"event_id": str(uuid4()), "user_id": "guest", "item_id": item, "action": "like"}
    assert api.post("/feedback", json=event).status_code == 201
    assert api.post("/admin/reload", headers=KEY).json()["status"] == "unchanged"
    version = republish(home, "second")
    before = api.get("/recommend/user/0").json()
    assert before["bundle"] != version
    assert api.post("/admin/reload", headers=KEY).json() == {"status": "reloaded", "bundle": version}
    after = api.get("/recommend/user/0").json()
    assert after == {**before, "bundle": version}
    assert api.get("/feedback?user_id=guest").json()["feedback"][0]["event_id"] == event["event_id"]
    assert api.get("/health").json()["status"] == "ok"


def test_a_bad_bundle_never_replaces_a_good_one(api: TestClient, home: Path) -> None:
    good = api.get("/health").json()["bundle"]
    bad = republish(home, "second")
    break_current(home)
    refused = api.post("/admin/reload", headers=KEY)
    assert refused.status_code == 409
    assert "interactions.npz differs" in refused.json()["detail"]
    assert f"{good} goes on" in refused.json()["detail"]
    assert str(home) not in refused.text
    health = api.get("/health").json()
    assert (health["status"], health["bundle"]) == ("degraded", good)
    assert bad in health["bundle_problem"]
    assert api.get("/health/ready").status_code == 200
    assert api.get("/recommend/user/0").json()["bundle"] == good
    point_current(home / "bundles", good)
    assert api.post("/admin/reload", headers=KEY).json() == {"status": "unchanged", "bundle": good}
    assert api.get("/health").json()["bundle_problem"] is None


def test_a_bundle_that_opens_but_cannot_answer_is_refused(
    api: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = api.get("/health").json()["bundle"]
    republish(home, "second")

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    with monkeypatch.context() as patch:
        patch.setattr(RecommenderService, "recommend", fail)
        refused = api.post("/admin/reload", headers=KEY)
    assert refused.status_code == 409
    assert "secret" not in refused.text
    assert api.get("/recommend/user/0").json()["bundle"] == good


def test_the_current_bundle_is_watched(home: Path) -> None:
    first = (home / "bundles" / "CURRENT").read_text().strip()
    bad = republish(home, "second")
    # Broken before anybody watches: the watcher must never meet it sound.
    (home / "bundles" / bad / "interactions.npz").write_bytes(b"torn")
    point_current(home / "bundles", first)
    with TestClient(create_app(Settings(home=home, reload_seconds=0.02))) as client:
        assert client.get("/health").json()["bundle"] == first
        point_current(home / "bundles", bad)
        assert wait_until(lambda: bad in (client.get("/health").json()["bundle_problem"] or ""))
        assert client.get("/recommend/user/0").json()["bundle"] == first
        point_current(home / "bundles", first)
        third = republish(home, "third")
        assert wait_until(lambda: client.get("/health").json()["bundle"] == third)
        assert client.get("/health").json()["bundle_problem"] is None


def test_the_first_bundle_is_served_as_soon_as_it_is_built(toy_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with TestClient(create_app(Settings(home=home, reload_seconds=0.02))) as client:
        refused = client.get("/health/ready")
        assert refused.status_code == 503
        assert "movierec build" in refused.json()["detail"]
        copy_home(toy_home, home)
        assert wait_until(lambda: client.get("/health/ready").status_code == 200)
        item = client.get("/movies?limit=1").json()["movies"][0]["item_id"]
        event = {"event_id": str(uuid4()), "user_id": "guest", "item_id": item, "action": "like"}
        assert client.post("/feedback", json=event).status_code == 201


def test_a_start_with_a_damaged_bundle_serves_the_last_good_one_and_says_so(home: Path) -> None:
    good = (home / "bundles" / "CURRENT").read_text().strip()
    republish(home, "second")
    bad = break_current(home)
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        health = client.get("/health").json()
        assert (health["status"], health["bundle"]) == ("degraded", good)
        assert bad in health["bundle_problem"]
        assert client.get("/recommend/user/0").status_code == 200


def test_nothing_that_can_be_served_stays_503_with_the_remedy(home: Path) -> None:
    break_current(home)
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        refused = client.get("/health/ready")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/corrupt-bundle")
        assert "movierec build" in refused.json()["detail"]
