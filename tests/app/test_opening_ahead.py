"""What is opened before workers are forked is what they serve, until another bundle is current."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from live import serve

from app import renewal
from app.main import create_app
from app.renewal import open_ahead
from chaos.bundles import copy_home, republish
from movierec.artifacts.manifest import Manifest
from movierec.config import Settings

PATIENCE = 60.0


@pytest.fixture
def home(toy_home: Path, tmp_path: Path) -> Path:
    return copy_home(toy_home, tmp_path / "home")


def test_the_service_opened_ahead_is_served(home: Path) -> None:
    settings = Settings(home=home, reload_seconds=0)
    ahead = open_ahead(settings)
    assert ahead is not None
    with TestClient(create_app(settings, ahead=ahead)) as client:
        assert client.app.state.backend.service is ahead.service  # type: ignore[attr-defined]
        assert client.get("/health/ready").status_code == 200
        assert client.get("/movies?limit=1").json()["movies"]


def test_a_bundle_that_became_current_since_is_opened_instead(home: Path) -> None:
    settings = Settings(home=home, reload_seconds=0)
    ahead = open_ahead(settings)
    version = republish(home, "second")
    with TestClient(create_app(settings, ahead=ahead)) as client:
        assert client.get("/health").json()["bundle"] == version


def test_what_cannot_be_opened_is_left_to_the_workers(tmp_path: Path) -> None:
    assert open_ahead(Settings(home=tmp_path)) is None


def test_so_is_what_would_start_threads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_names(folder: Path) -> Manifest:
        manifest = read_manifest(folder)
        files = {name: entry for name, entry in manifest.files.items() if name != "names.json"}
        return manifest.model_copy(update={"files": files})

    read_manifest = renewal.read_manifest
    monkeypatch.setattr(renewal, "read_manifest", without_names)
    assert open_ahead(Settings(home=home)) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_workers_answer_and_follow_a_new_bundle(home: Path) -> None:
    with serve(home, MOVIEREC_WORKERS="2", MOVIEREC_RELOAD_SECONDS="0.1") as api:
        try:
            assert len(api.list_ids(3)) == 20
            version = republish(home, "second")
            end = time.monotonic() + PATIENCE
            # A connection each, which either worker may take.
            while {api.get("/health")["bundle"] for _ in range(4)} != {version}:
                assert time.monotonic() < end
                time.sleep(0.05)
            assert len(api.list_ids(3)) == 20
        finally:
            api.process.terminate()  # killed, it could not end its workers
            api.process.wait(30)
