from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.evaluation import studies
from movierec.evaluation.held_out import HeldOut


def test_one_fit_serves_both_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, asked = object(), []

    def load(*arguments: object) -> object:
        asked.append(arguments)
        return fitted

    monkeypatch.setattr(HeldOut, "load", load)
    for name in ("frontier", "calibration"):
        monkeypatch.setattr(studies, f"write_{name}", lambda held_out, *_, name=name: (held_out, Path(name)))
    settings = Settings(home=tmp_path)
    found = studies.write_studies("toy", tmp_path, settings, None, seed=4)
    assert found == (fitted, Path("frontier"), fitted, Path("calibration"))
    assert asked == [("toy", settings, None, 4, None)]


def test_the_fit_of_the_protocols_serves_the_studies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted, taken = [], []

    def fit(*_: object) -> object:
        fitted.append(object())
        return fitted[-1]

    def write_protocols(*_: object, fit_engine: Callable[..., object]) -> None:
        fit_engine("train", "catalog", None, None)

    def load(*arguments: object) -> object:
        taken.append(arguments[-1])
        return arguments[-1]

    monkeypatch.setattr(studies, "fit_engine", fit)
    monkeypatch.setattr(studies, "write_protocols", write_protocols)
    monkeypatch.setattr(HeldOut, "load", load)
    for name in ("frontier", "calibration"):
        monkeypatch.setattr(studies, f"write_{name}", lambda held_out, *_: (held_out,))
    settings = Settings(home=tmp_path)
    both = ("user-timeline", "rated-only")
    found = studies.write_protocols_and_studies("toy", tmp_path, settings, None, 4, both)
    assert len(fitted) == 1
    assert taken == fitted
    assert found == (fitted[0], fitted[0])


def test_protocols_of_another_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave-one-out"):
        studies.write_protocols_and_studies(
            "toy", tmp_path, Settings(home=tmp_path), None, 0, ["leave-one-out"]
        )
