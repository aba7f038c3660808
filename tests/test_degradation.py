"""A part that fails is left out and named; everything else goes on."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from chaos.bundles import copy_home
from movierec.artifacts import open_current
from movierec.bundles import read_contents
from movierec.config import Settings
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Generation
from movierec.service import Query, RecommenderService


def fail(*_: object, **__: object) -> NoReturn:
    raise ZeroDivisionError("broken on purpose")


@pytest.fixture
def service(toy_home: Path) -> RecommenderService:
    return RecommenderService.open(toy_home)


def break_source(service: RecommenderService, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = service.engine.sources[name]
    for method in ("score", "evidence_of"):
        monkeypatch.setattr(source, method, fail)
    if name == "genre":
        monkeypatch.setattr(source, "affinity", fail)


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_a_failing_source_leaves_the_others(
    service: RecommenderService, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    history = service.trained_history(3)
    query = Query(k=10, favourite_genres=service.catalog.genre_names[:1])
    healthy = service.recommend(history, query)
    assert (healthy.failed, len(healthy.items)) == ((), 10)
    break_source(service, name, monkeypatch)
    made = service.recommend(history, query)
    assert len(made.items) == 10
    assert name in made.failed
    assert set(made.failed) <= {name, "ranker"}
    assert name in (made.note or "")
    assert not {hit.source for item in made.items for hit in item.hits} & {name}
    assert not {item.item_idx for item in made.items} & set(history.item_idx.tolist())
    assert all(item.reasons for item in made.items)
    assert service.failures[name] == 1
    assert service.trace(history, query).recommendations.failed == made.failed
    assert len(service.shortlist(history, query).item_idx) >= 10


def test_all_sources_failing_still_gives_the_popular_rest(
    service: RecommenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SOURCE_NAMES:
        break_source(service, name, monkeypatch)
    made = service.recommend(service.trained_history(3), Query(k=5))
    assert len(made.items) == 5
    assert set(made.failed) >= set(SOURCE_NAMES)


@pytest.mark.parametrize("part", ["builder", "ranker"])
def test_a_failing_ranker_gives_the_merged_order_and_says_so(
    service: RecommenderService, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    history = service.trained_history(3)
    merged = service.recommend(history, Query(k=10, generation=Generation.V1_5))
    target = type(service.engine.builder) if part == "builder" else type(service.engine.ranker)
    monkeypatch.setattr(target, "build" if part == "builder" else "score", fail)
    made = service.recommend(history, Query(k=10))
    assert [item.item_idx for item in made.items] == [item.item_idx for item in merged.items]
    assert made.failed == ("ranker",)
    assert "merged candidates" in (made.note or "")


def test_what_no_part_explains_is_still_an_error(
    service: RecommenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec.service.count_funnel", fail)
    with pytest.raises(ZeroDivisionError):
        service.recommend(service.trained_history(3), Query())
    assert not service.failures


def test_a_ranker_that_cannot_be_read_is_refused_or_left_out(
    toy_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec.bundles.read_ranker", fail)
    bundle = open_current(toy_home / "bundles")
    with pytest.raises(ZeroDivisionError):
        read_contents(bundle)
    contents = read_contents(bundle, lenient=True)
    assert contents.engine.ranker is None


def test_the_api_labels_a_list_without_its_ranker(
    toy_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec.bundles.read_ranker", fail)
    home = copy_home(toy_home, tmp_path / "home")
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        health = client.get("/health").json()
        assert (health["status"], health["ranker"]) == ("degraded", "missing")
        merged = client.get("/recommend/user/3?generation=v1.5").json()
        made = client.get("/recommend/user/3").json()
        assert "merged candidates" in made["note"]
        assert [item["item_id"] for item in made["items"]] == [item["item_id"] for item in merged["items"]]


def test_the_api_names_a_failing_source_in_debug(
    toy_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_home(toy_home, tmp_path / "home")
    with TestClient(create_app(Settings(home=home, reload_seconds=0))) as client:
        assert client.get("/recommend/user/3/debug").json()["failed"] == []
        service = client.app.state.backend.service  # type: ignore[attr-defined]
        break_source(service, "als", monkeypatch)
        answer = client.get("/recommend/user/3/debug")
        assert answer.status_code == 200
        assert "als" in answer.json()["failed"]
        assert "als" in client.get("/recommend/user/3").json()["note"]
        for path in ("/users/3/sections", "/api/v1/feed?username=3", "/recommend/user/3?generation=v1-genre"):
            assert client.get(path).status_code == 200, path


def test_a_healthy_answer_pays_nothing_for_the_guard(
    service: RecommenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec.service.find_failing", fail)
    made = service.recommend(service.trained_history(3), Query(k=3))
    assert not made.failed
    assert np.isfinite([item.score for item in made.items]).all()
