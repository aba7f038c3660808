from __future__ import annotations

from movierec.retraining.condition import Condition
from movierec.retraining.report import Outcome
from movierec.retraining.retrainer import Retrainer


def test_without_a_condition_it_says_how_to_give_one(run, tmp_path) -> None:
    status, _, err = run("retrain", "--home", tmp_path)
    assert status == 2
    assert 'movierec retrain: --when must say when to learn again, as in --when "500 events or 24 h"' in err


def test_a_bad_condition_is_one_line_and_names_the_option(run, tmp_path) -> None:
    status, _, err = run("retrain", "--when", "often", "--home", tmp_path)
    assert status == 2
    assert err.count("\n") == 1
    assert "--when must be like" in err
    assert "'often'" in err


def test_without_a_bundle_no_wait_would_help(run, tmp_path) -> None:
    status, _, err = run("retrain", "--when", "1 event", "--home", tmp_path)
    assert status == 2
    assert "run: movierec build" in err


def test_once_prints_outcome_and_bundle(run, tmp_path, monkeypatch) -> None:
    class Report:
        outcome, bundle = Outcome.PROMOTED, "toy-1"

    monkeypatch.setattr(Retrainer, "attempt", lambda self: Report)
    assert run("retrain", "--once", "--home", tmp_path)[:2] == (0, "promoted\ttoy-1\n")


def test_once_with_a_condition_waits_for_nothing(run, tmp_path, monkeypatch) -> None:
    asked: list[Condition] = []
    monkeypatch.setattr(Retrainer, "is_due", lambda self, condition: bool(asked.append(condition)))
    assert run("retrain", "--once", "--when", "5 events", "--home", tmp_path)[:2] == (0, "not due\n")
    assert asked == [Condition(events=5)]


def test_interrupting_the_wait_is_one_line(run, tmp_path, monkeypatch) -> None:
    def interrupt(self: Retrainer, condition: Condition, wait: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Retrainer, "is_due", lambda self, condition: False)
    monkeypatch.setattr(Retrainer, "watch", interrupt)
    status, _, err = run("retrain", "--when", "5 events", "--home", tmp_path)
    assert status == 130
    assert err.endswith("movierec retrain: interrupted\n")
