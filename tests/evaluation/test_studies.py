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
    monkeypatch.setattr(studies, "write_frontier", lambda held_out, *_: (held_out, Path("frontier.json")))
    monkeypatch.setattr(
        studies, "write_calibration", lambda held_out, *_: (held_out, Path("calibration.json"))
    )
    settings = Settings(home=tmp_path)
    found = studies.write_studies("toy", tmp_path, settings, None, seed=4)
    assert found == (fitted, Path("frontier"), fitted, Path("calibration"))
    assert asked == [("toy", settings, None, 4)]
