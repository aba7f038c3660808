"""Trials against bundles and a running API, in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.artifacts import READS
from chaos.bundles import copy_home, republish
from chaos.crowding import OVERLOAD
from chaos.serving import SWAPS
from chaos.trial import Ground, Trial
from movierec.artifacts import open_current


@pytest.mark.parametrize("trial", [READS, SWAPS, OVERLOAD], ids=lambda trial: trial.name)
def test_the_promise_is_kept(
    trial: Trial, toy_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.serving.BAD_EVERY", 2)  # one good bundle, one bad
    monkeypatch.setattr("chaos.crowding.PATIENCE", float("inf"))  # time is judged in the long trial alone
    outcome = trial.run(Ground(toy_home, tmp_path, 0.01, lambda _: None))
    assert outcome.kept, outcome
    assert outcome.figures.get("requests", 1) != 0


def test_a_bundle_is_published_again_under_another_name(toy_home: Path, tmp_path: Path) -> None:
    home = copy_home(toy_home, tmp_path / "home")
    before = open_current(home / "bundles")
    version = republish(home, "again")
    after = open_current(home / "bundles")
    assert after.version == version != before.version
    assert after.manifest.files == before.manifest.files
