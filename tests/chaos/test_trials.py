"""The frame of ``make chaos``, and its trials of the feedback store in short."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from chaos import __main__ as program
from chaos import feedback_disk
from chaos.ledger import Ledger, audit, start_writer
from chaos.trial import Ground, Outcome, Trial
from chaos.trials import TRIALS


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path, tmp_path, 0.01, lambda _: None)


def fail(_ground: Ground) -> Outcome:
    raise OSError("no such thing")


def test_names_are_unique_and_promises_are_sentences() -> None:
    assert len({trial.name for trial in TRIALS}) == len(TRIALS)
    assert all(trial.promise.endswith(".") for trial in TRIALS)


def test_a_broken_promise_is_reported_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Trial("good", "It holds.", lambda _: Outcome(True, {"tried": 12_345}, ("All well.",)))
    monkeypatch.setattr(program, "TRIALS", (kept, Trial("bad", "It does not.", fail)))
    options = ["--home", str(tmp_path), "--out", str(tmp_path)]
    assert program.main([*options, "--only", "good"]) == 0
    assert program.main([*options, "--only", "bad"]) == 1
    page = (tmp_path / "reliability.md").read_text("utf-8")
    assert "**1 of 2 promises kept.**" in page
    assert "| tried | 12,345 |" in page
    assert page.index("## good: kept") < page.index("## bad: **broken**")
    assert "OSError: no such thing" in page


def test_an_audit_finds_what_is_missing_doubled_or_out_of_order(tmp_path: Path) -> None:
    target = str(tmp_path / "feedback.sqlite3")
    writer = start_writer(target, "--count", "3")
    output, _ = writer.communicate(timeout=60)
    ledger = Ledger()
    ledger.read(output + b"+ 00000000")  # cut off: does not count
    found = audit(target, ledger)
    assert (found.stored, found.exact, found.extra, ledger.acknowledged) == (3, True, 0, 3)
    ledger.told[0].reverse()
    assert audit(target, ledger).disordered == 1
    ledger.told.append(["not stored"])
    assert audit(target, ledger).lost == 1
    assert replace(found, twice=1).exact is False


@pytest.mark.parametrize(
    "fault", [feedback_disk.FAULTS[0], feedback_disk.FAULTS[2]], ids=lambda fault: fault[0]
)
def test_failing_calls_store_exactly_what_was_acknowledged(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, fault: tuple[str, str]
) -> None:
    if shutil.which("strace") is None:
        if os.environ.get("MOVIEREC_REQUIRE_SERVERS") == "1":
            pytest.fail("strace is required here and missing")
        pytest.skip("strace is not installed")
    monkeypatch.setattr(feedback_disk, "FAULTS", (fault,))
    outcome = feedback_disk.run_faults(ground)
    assert outcome.kept, outcome
