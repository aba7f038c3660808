from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "data" / "harvest"))

from misbehaving_server import MisbehavingServer

from movierec.cli import main


def test_pull_then_status(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CLIPS_TOKEN", "s3cret")
    with MisbehavingServer(token="s3cret") as server:
        given = ["pull", "--url", server.url, "--home", str(tmp_path), "--name", "clips"]
        assert main([*given, "--token-env", "CLIPS_TOKEN", "--page-size", "3"]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "raw" / "clips")
    assert "5 items, 5 users" in told.err
    assert main(["pull", "--home", str(tmp_path), "--name", "clips", "--status"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "complete"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "--url is missing"),
        (["--url", "http://example.org"], "https://"),
        (["--url", "https://example.org", "--token-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (["--status"], "nothing was pulled"),
    ],
)
def test_what_cannot_be_pulled_is_told_in_a_line(tmp_path, capsys, given, told):
    assert main(["pull", "--home", str(tmp_path), *given]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
