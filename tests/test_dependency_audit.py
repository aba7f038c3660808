from __future__ import annotations

import json
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MAIN: Callable[..., int] = runpy.run_path(
    str(Path(__file__).resolve().parents[1] / "scripts" / "audit_dependencies.py")
)["main"]
BAD = [{"id": "PYSEC-1", "fix_versions": ["3.0"]}]


def answer(**vulns: list[dict[str, Any]] | None) -> subprocess.CompletedProcess[str]:
    packages = [
        {"name": name, "version": "1", "skip_reason": "not found"}
        if found is None
        else {"name": name, "version": "1", "vulns": found}
        for name, found in vulns.items()
    ]
    return subprocess.CompletedProcess([], 0, json.dumps({"dependencies": packages}), "")


def audit(tmp_path: Path, canary: Any, pins: Any) -> int:
    path = tmp_path / "pins.txt"
    path.write_text("# made\nFoo.Bar==1\nbaz==2\n")
    return MAIN([path], lambda asked: pins if asked == path else canary)


@pytest.mark.parametrize(
    ("canary", "pins", "expected"),
    [
        (answer(jinja2=BAD), answer(foo_bar=[], baz=[]), 0),
        (answer(jinja2=BAD), answer(foo_bar=BAD, baz=[]), 1),
        (answer(jinja2=[]), answer(foo_bar=[], baz=[]), 2),
        (answer(jinja2=None), answer(foo_bar=[], baz=[]), 2),
        (answer(), answer(foo_bar=[], baz=[]), 2),
        (answer(jinja2=BAD), answer(foo_bar=[], baz=None), 2),
        (answer(jinja2=BAD), answer(foo_bar=[]), 2),
        (answer(jinja2=BAD), subprocess.CompletedProcess([], 1, "", "no route to host"), 2),
        (subprocess.CompletedProcess([], 0, "No known vulnerabilities found", ""), answer(), 2),
    ],
)
def test_only_a_full_answer_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], canary: Any, pins: Any, expected: int
) -> None:
    assert audit(tmp_path, canary, pins) == expected
    written = capsys.readouterr()
    assert ("NOT audited" in written.err) == (expected == 2)
    assert ("PYSEC-1" in written.out) == (expected == 1)
