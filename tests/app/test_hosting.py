"""The container contract: two routes, 503 until loaded, an end on SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from test_server import LAUNCHER, find_free_port

from app import hosting
from app.main import create_app
from movierec.config import Settings
from movierec.errors import NoBundleError
from movierec.service import RecommenderService

CALL = {"user_id": "ann", "k": 3}
PATIENCE = 20.0


def wait_for(client: TestClient, ready) -> object:
    """Ask for a ping until it is as wanted; the last answer, wanted or not."""
    until = time.monotonic() + PATIENCE
    answer = client.get("/ping")
    while not ready(answer) and time.monotonic() < until:
        answer = client.get("/ping")
    return answer


def test_503_until_the_bundle_is_open(tmp_path, monkeypatch, service, store):
    gate = threading.Event()
    monkeypatch.setattr(RecommenderService, "open", lambda home: gate.wait(PATIENCE) and service)
    with TestClient(create_app(Settings(home=tmp_path), store=store, hosted=True)) as client:
        waiting = client.get("/ping")
        assert waiting.status_code == 503
        assert "being opened" in waiting.json()["detail"]
        assert client.post("/invocations", json=CALL).status_code == 503
        gate.set()
        assert wait_for(client, lambda answer: answer.status_code == 200).status_code == 200
        answer = client.post("/invocations", json=CALL).json()
        assert [each["videoId"] for each in answer["recommendations"]] == ["m0", "m2", "m3"]


@pytest.mark.parametrize(
    ("error", "told"),
    [(NoBundleError("nothing here"), "movierec build"), (RuntimeError("secret"), "the log says why")],
)
def test_a_bundle_that_cannot_be_opened_stays_503_and_says_why(tmp_path, monkeypatch, error, told):
    def refuse(home):
        raise error

    monkeypatch.setattr(RecommenderService, "open", refuse)
    with TestClient(create_app(Settings(home=tmp_path), hosted=True)) as client:
        answer = wait_for(client, lambda answer: told in answer.json()["detail"])
        assert answer.status_code == 503
        assert told in answer.json()["detail"]
        assert "secret" not in answer.text


def test_nothing_but_the_contract_is_answered(tmp_path, service, store):
    with TestClient(create_app(Settings(home=tmp_path), service, store, hosted=True)) as client:
        assert wait_for(client, lambda answer: answer.status_code == 200).status_code == 200
        for path in ("/health", "/users", "/docs", "/openapi.json", "/recommend/ann"):
            assert client.get(path).status_code == 404, path
        assert client.delete("/viewers/ann/feedback").status_code == 404


def test_a_key_that_is_set_is_wanted_for_lists_and_never_for_the_ping(tmp_path, service, store):
    settings = Settings(home=tmp_path, host="0.0.0.0", api_key="k")
    with TestClient(create_app(settings, service, store, hosted=True)) as client:
        assert wait_for(client, lambda answer: answer.status_code == 200).status_code == 200
        assert client.post("/invocations", json=CALL).status_code == 401
        assert client.post("/invocations", json=CALL, headers={"X-API-Key": "k"}).status_code == 200


@pytest.fixture
def served(monkeypatch):
    """The settings that would be served."""
    for name in [name for name in os.environ if name.startswith("MOVIEREC_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(hosting.PORT_VARIABLE, raising=False)
    seen: list[Settings] = []
    monkeypatch.setattr(hosting, "run", lambda settings, hosted: seen.append(settings) or 0)
    return seen


def test_in_a_model_container_every_address_is_bound_without_a_key(served, monkeypatch, tmp_path):
    monkeypatch.setattr(hosting, "CONTAINER", tmp_path)
    assert hosting.main([]) == 0
    assert (served[0].host, served[0].api_port, served[0].home) == ("0.0.0.0", 8080, tmp_path / "model")


def test_anywhere_else_it_stays_on_this_machine(served, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(hosting, "CONTAINER", tmp_path / "missing")
    assert hosting.main([]) == 0
    assert (served[0].host, served[0].api_port, served[0].home) == ("127.0.0.1", 8080, Path("data"))
    assert hosting.main(["--host", "0.0.0.0"]) == 2
    assert "MOVIEREC_API_KEY" in capsys.readouterr().err
    monkeypatch.setenv("MOVIEREC_API_KEY", "k")
    assert hosting.main(["--host", "0.0.0.0"]) == 0


def test_environment_and_command_line_win_over_the_contract(served, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(hosting, "CONTAINER", tmp_path)
    monkeypatch.setenv(hosting.PORT_VARIABLE, "8282")
    monkeypatch.setenv("MOVIEREC_HOST", "::1")
    assert hosting.main(["--home", str(tmp_path)]) == 0
    assert (served[0].host, served[0].api_port, served[0].home) == ("::1", 8282, tmp_path)
    monkeypatch.setenv("MOVIEREC_API_PORT", "8383")
    assert hosting.main([]) == 0
    assert served[1].api_port == 8383
    monkeypatch.delenv("MOVIEREC_API_PORT")
    monkeypatch.setenv(hosting.PORT_VARIABLE, "many")
    assert hosting.main([]) == 2
    assert "MOVIEREC_API_PORT" in capsys.readouterr().err


def test_sigterm_ends_it_in_time(tmp_path):
    port = find_free_port()
    code = LAUNCHER.replace("server.main", "hosting.main").replace("import server", "import hosting")
    command = [sys.executable, "-c", code, "--home", str(tmp_path), "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOVIEREC_")}
    environment["MOVIEREC_HOST"] = "127.0.0.1"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=10)
            assert refused.value.code == 503
            assert json.load(refused.value)["status"] == 503
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
