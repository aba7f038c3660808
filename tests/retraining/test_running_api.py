"""The loop closed: a running API, feedback in PostgreSQL, ``movierec retrain`` beside it."""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from local_servers import connect_postgres, make_database

from movierec.cli import main
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore
from movierec.schema import Dataset

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from over_http import Api, run_api, wait_until_ready
from replicas import call

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[str]:
    with connect_postgres() as server, make_database(server) as url:
        yield url


@pytest.fixture
def api(home: Path, database: str) -> Iterator[Api]:
    environment = {"MOVIEREC_DATABASE_URL": database, "MOVIEREC_RELOAD_SECONDS": "0.1"}
    with run_api(home, home, environment) as running:
        wait_until_ready(running)
        yield running


def like_unknown_films(database: str, dataset: Dataset, n_viewers: int) -> None:
    """Let viewers like two films each that they do not know, an hour apart."""
    moments = iter(FIRST + timedelta(hours=place) for place in range(2 * n_viewers))
    with FeedbackStore.open(database, dataset.info.name, lambda: next(moments)) as store:
        for place in range(2):
            for user in range(n_viewers):
                known = set(dataset.interactions.history(user).item_idx.tolist())
                unknown = [item for item in range(len(dataset.catalog)) if item not in known]
                item_id = dataset.catalog.item_id[unknown[place]]
                store.append(FeedbackEvent(uuid.uuid4(), dataset.user_id[user], item_id, FeedbackAction.LIKE))


def ask_until(stop: threading.Event, port: int, statuses: list[int]) -> None:
    while not stop.is_set():
        statuses.append(call(port, "GET", f"/recommend/user/{len(statuses) % 50}?k=10")[0])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_running_api_serves_what_was_learnt_from_postgresql_without_losing_a_request(
    home: Path,
    api: Api,
    database: str,
    hashed_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    like_unknown_films(database, hashed_dataset, 40)
    said = {"user_id": "somebody new", "item_id": hashed_dataset.catalog.item_id[7], "action": "like"}
    assert call(api.port, "POST", "/feedback", event_id=str(uuid.uuid4()), **said)[0] == 201

    def read_health() -> dict[str, object]:
        return dict(json.loads(call(api.port, "GET", "/health")[1]))

    before = read_health()
    monkeypatch.setenv("MOVIEREC_DATABASE_URL", database)
    statuses: list[int] = []
    stop = threading.Event()
    asking = threading.Thread(target=ask_until, args=(stop, api.port, statuses))
    asking.start()
    try:
        assert main(["retrain", "--once", "--when", "60 events", "--home", str(home)]) == 0
        outcome, version = capsys.readouterr().out.split()
        assert outcome == "promoted"
        wait_until(lambda: read_health()["bundle"] == version)
    finally:
        stop.set()
        asking.join()
    assert set(statuses) == {200}
    after = read_health()
    assert (before["bundle"] != version, after["n_users"]) == (True, len(hashed_dataset.user_id) + 1)
    engine = sa.create_engine(database)
    with engine.connect() as opened:
        listed = opened.execute(sa.text("SELECT bundle FROM catalogue_release")).scalar_one()
    engine.dispose()
    assert listed == version
    # What was just learnt is not due again.
    assert main(["retrain", "--once", "--when", "1 event", "--home", str(home)]) == 0
    assert capsys.readouterr().out.strip() == "not due"
