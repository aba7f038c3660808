"""Two replicas over one PostgreSQL and one Redis are one API, and the death of one is not noticed."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_servers import REDIS, connect_postgres, make_database, need

from movierec.feedback.store import FeedbackStore
from movierec.service import RecommenderService

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from over_http import Api
from replicas import call, kill_under_load, run_replicas


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with connect_postgres() as server, make_database(server) as url:
        yield url


@pytest.fixture(scope="module")
def replicas(toy_home: Path, database: str) -> Iterator[tuple[Api, ...]]:
    environment = {"MOVIEREC_DATABASE_URL": database, "MOVIEREC_CACHE_URL": need(REDIS, "Redis")}
    with run_replicas(toy_home, environment) as running:
        yield running


def test_a_like_told_to_one_counts_at_the_next_request_to_the_other(
    replicas: tuple[Api, ...], toy_service: RecommenderService
) -> None:
    path = "/recommend/user/0?k=5"
    one, two = (replica.port for replica in replicas)
    for _ in range(3):
        listed = [json.loads(call(port, "GET", path)[1])["items"] for port in (one, two)]
        assert listed[0] == listed[1]
        item_id = listed[0][0]["item_id"]
        said = {"user_id": toy_service.user_id[0], "item_id": item_id, "action": "like"}
        assert call(one, "POST", "/feedback", event_id=str(uuid.uuid4()), **said)[0] == 201
        after = json.loads(call(two, "GET", path)[1])["items"]
        assert item_id not in {item["item_id"] for item in after}
        one, two = two, one


def test_one_is_killed_under_load_and_no_request_fails(
    replicas: tuple[Api, ...], toy_service: RecommenderService, database: str
) -> None:
    items = list(toy_service.catalog.item_id[:20])
    outcome = kill_under_load(replicas, len(toy_service.user_id), items, 120)
    assert outcome.failed == 0
    assert outcome.retried >= 1
    assert replicas[0].process.wait(30) == -9
    assert len(outcome.acknowledged) == 60
    with FeedbackStore.open(database, toy_service.info.name) as store:
        stored = [str(event.event_id) for event in store.events() if event.user_id.startswith("v")]
    assert sorted(stored) == sorted(outcome.acknowledged)
