from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schemas import SimulationResponse
from movierec.config import Settings
from movierec.simulation.results import CAPTION, Curve, LoopReport, SimulationReceipt


@pytest.fixture
def loop() -> LoopReport:
    receipt = SimulationReceipt(
        command="movierec simulate loop",
        seed=0,
        code="0",
        versions={},
        wall_seconds=1,
        cpu_seconds=1,
        build="small",
    )
    curves = (Curve(name="frozen", rounds=(), watched=(), liked=(), marks=3),)
    return LoopReport(
        receipt=receipt,
        viewers=3,
        watchers=1,
        films=4,
        rated_before=5,
        rounds=1,
        visits=1,
        places=2,
        curves=curves,
        steps=(),
        gaps=(),
        watched_gaps=(),
    )


def ask(folder: Path, home: Path, service, store) -> SimulationResponse:
    client = TestClient(create_app(Settings(home=home, simulation_reports=folder), service, store))
    return SimulationResponse.model_validate_json(client.get("/simulation").content)


def test_reports_are_repeated_and_labelled(tmp_path, service, store, loop) -> None:
    (tmp_path / "loop.json").write_text(loop.model_dump_json(), "utf-8")
    (tmp_path / "ab.json").write_text("[]", "utf-8")
    answer = ask(tmp_path, tmp_path, service, store)
    assert (answer.caption, answer.loop, answer.ab) == (CAPTION, loop, None)


def test_no_reports_is_an_answer(tmp_path, service, store) -> None:
    answer = ask(tmp_path / "nowhere", tmp_path, service, store)
    assert (answer.loop, answer.ab) == (None, None)
