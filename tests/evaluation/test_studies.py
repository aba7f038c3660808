from __future__ import annotations

from pathlib import Path

import pytest

from movierec.config import Settings
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
    assert asked == [("toy", settings, None, 4)]
