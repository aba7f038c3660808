from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from app import server
from movierec.config import Settings
from movierec.errors import ConfigError

LAUNCHER = """
import sys
from app import server
from movierec.errors import NoBundleError
from movierec.service import RecommenderService

def refuse(home):
    raise NoBundleError("nothing has been built")

RecommenderService.open = refuse
sys.exit(server.main(sys.argv[1:]))
"""


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_busy_port_is_one_line_and_exit_code_2(busy_port, tmp_path):
    command = [sys.executable, "-m", "app.server", "--port", str(busy_port), "--home", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    error = ended.stderr
    assert error.count("\n") == 1
    assert str(busy_port) in error
    assert "MOVIEREC_API_PORT" in error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--port", "0"], "MOVIEREC_API_PORT"),
        (["--port", "70000"], "MOVIEREC_API_PORT"),
        (["--host", "0.0.0.0"], "MOVIEREC_API_KEY"),
        (["--host", "203.0.113.7"], "MOVIEREC_API_KEY"),
        (["--host", "name.invalid"], "MOVIEREC_API_KEY"),
    ],
)
def test_unusable_settings_are_one_line_and_exit_code_2(arguments, expected, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("MOVIEREC_API_KEY", raising=False)
    arguments = ["--port", str(find_free_port()), "--home", str(tmp_path), *arguments]
    before = signal.getsignal(signal.SIGTERM)
    assert server.main(arguments) == 2
    assert signal.getsignal(signal.SIGTERM) is before
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert expected in error


def test_unusable_environment(capsys, monkeypatch):
    monkeypatch.setenv("MOVIEREC_API_PORT", "many")
    assert server.main([]) == 2
    assert "MOVIEREC_API_PORT" in capsys.readouterr().err


def test_bind_names_an_address_that_is_not_ours():
    with pytest.raises(ConfigError, match="MOVIEREC_HOST"):
        server.bind("203.0.113.7", find_free_port())


def test_settings_come_from_the_command_line(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(server, "run", lambda settings: seen.append(settings) or 0)
    monkeypatch.setenv("MOVIEREC_HOST", "::1")
    assert server.main(["--home", str(tmp_path), "--port", "8123"]) == 0
    assert seen == [Settings(home=tmp_path, host="::1", api_port=8123)]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_told_to_stop(tmp_path, stop):
    port = find_free_port()
    command = [sys.executable, "-c", LAUNCHER, "--home", str(tmp_path), "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOVIEREC_")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline()
            assert f"http://127.0.0.1:{port}" in line, process.stderr.read()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=10) as answer:
                assert json.load(answer) == {"status": "ok"}
                assert "server" not in answer.headers
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10)
            assert refused.value.code == 503
            process.send_signal(stop)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    for written in errors.splitlines():
        json.loads(written)
