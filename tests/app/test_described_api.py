"""The API keeps to its own description, whatever is sent: the short version of the trial ``requests``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient

from app.main import create_app
from chaos.api_fuzz import Tally, fuzz_bodies, fuzz_operations, fuzz_sequences, plant
from movierec.config import Settings
from movierec.feedback.store import FeedbackStore
from movierec.service import RecommenderService


@pytest.fixture
def app(toy_service: RecommenderService, tmp_path: Path) -> Iterator[Any]:
    store = FeedbackStore.open(tmp_path / "feedback.sqlite3", dataset=toy_service.info.name)
    yield create_app(Settings(home=tmp_path, reports=tmp_path), toy_service, store)
    store.close()


def describe(app: Any, service: RecommenderService) -> list[Any]:
    known = {
        "Comedy": service.catalog.genre_names,
        "1": service.catalog.item_id[:5],
        "42": service.user_id[:5],
    }
    schemas = [schemathesis.openapi.from_dict(each) for each in (app.openapi(), plant(app.openapi(), known))]
    for schema in schemas:
        schema.app = app
    return schemas


def test_every_operation_keeps_the_description(app: Any, toy_service: RecommenderService) -> None:
    tally = Tally()
    fuzz_operations(describe(app, toy_service), 9, tally)
    assert not tally.faults, "\n\n".join(tally.faults)
    assert len(tally.operations) == sum(len(each) for each in app.openapi()["paths"].values())
    assert tally.statuses[200] > 50


def test_linked_requests_keep_the_description(app: Any, toy_service: RecommenderService) -> None:
    tally = Tally()
    fuzz_sequences(describe(app, toy_service)[1], 25, 8, tally)
    assert not tally.faults, "\n\n".join(tally.faults)
    assert tally.n_requests > 20


def test_no_body_makes_any_operation_fail(app: Any) -> None:
    tally = Tally()
    with TestClient(app, raise_server_exceptions=False) as client:

        def send(method: str, path: str, body: bytes) -> int:
            kind = {"Content-Type": "application/json"}
            return client.request(method, path, content=body, headers=kind).status_code

        fuzz_bodies(app.openapi(), send, 40, tally)
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.n_requests > 200


def test_a_fault_is_found(app: Any, toy_service: RecommenderService, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(toy_service), "similar", answer)
    tally = Tally()
    schemas = [each.include(operation_id="listSimilarMovies") for each in describe(app, toy_service)]
    fuzz_operations(schemas, 6, tally)
    assert tally.faults
    assert tally.n_server_errors
