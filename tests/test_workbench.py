"""A build killed after any stage goes on from there and ends with the same bundle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec import pipeline, workbench
from movierec.artifacts import BuildFacts, open_current
from movierec.artifacts.checkpoints import Checkpoints
from movierec.config import Settings
from movierec.costs import CostMeter
from movierec.pipeline import build
from movierec.ranking import proposer, training
from movierec.ranking.rounds import read_round, write_round

BUILD = SMALL_BUILD.model_copy(
    update={"ranker": SMALL_BUILD.ranker.model_copy(update={"max_iter": 2, "seeds": (3,)})}
)
ROUNDS = ["round-00", "round-01", "round-02", "round-03"]
STAGES = [*ROUNDS, "ranker", "recall", "features"]


@pytest.fixture(scope="module")
def whole(toy_dataset, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("whole")
    build(toy_dataset, Settings(home=home), BUILD)
    return home


KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
import conftest
import test_workbench
from toy_data import simulate_toy, wrap
from movierec.config import Settings
from movierec.pipeline import build
rename = os.rename
def die_at(source, target):
    rename(source, target)
    if Path(target).name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
os.rename = die_at
films, events = simulate_toy()
build(wrap(events, films), Settings(home=Path(sys.argv[1])), test_workbench.BUILD)
"""


@pytest.fixture(scope="module", params=["round-01", "recall"])
def killed(request, tmp_path_factory) -> tuple[Path, str]:
    """Return a home whose build died, as by kill -9, as soon as a stage had got its name; and the stage."""
    # Another process, not a fork: OpenMP does not survive one.
    home = tmp_path_factory.mktemp("killed")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_BUILD, str(home), request.param],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        timeout=240,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    return home, request.param


@pytest.fixture
def copied(killed, tmp_path) -> tuple[Path, str]:
    shutil.copytree(killed[0], tmp_path / "home")
    return tmp_path / "home", killed[1]


def list_stages(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "bundles").glob(".stages-*/*"))


def test_a_killed_build_goes_on_and_ends_with_the_same_bundle(copied, whole, toy_dataset, monkeypatch):
    home, stage = copied
    done = STAGES[: STAGES.index(stage) + 1]
    assert list_stages(home) == sorted(done)
    fitted: list[str] = []
    for owner, name in ((proposer, "fit_sources"), (pipeline, "fit_sources"), (pipeline, "check_ranker")):
        original = getattr(owner, name)

        def count(*given, original=original, where=f"{owner.__name__}.{name}", **options):
            fitted.append(where)
            return original(*given, **options)

        monkeypatch.setattr(owner, name, count)
    lines: list[str] = []
    manifest = build(toy_dataset, Settings(home=home), BUILD, lines.append)
    first = open_current(whole / "bundles").manifest
    assert manifest.files == first.files
    assert manifest.metrics == first.metrics
    assert manifest.version == first.version
    assert list_stages(home) == []
    rounds_left = [name for name in ROUNDS if name not in done]
    assert fitted.count("movierec.ranking.proposer.fit_sources") == (
        len(rounds_left) if "ranker" not in done else 0
    )
    assert ("movierec.pipeline.check_ranker" in fitted) == ("ranker" not in done)
    assert ("movierec.pipeline.fit_sources" in fitted) == ("recall" not in done)
    assert any("taken over" in line for line in lines)
    assert any(cost.resumed for cost in manifest.stages)


def test_a_damaged_stage_is_done_again(copied, whole, toy_dataset):
    home, stage = copied
    (folder,) = (home / "bundles").glob(f".stages-*/{stage}")
    damaged = next(path for path in folder.iterdir() if path.suffix == ".npz")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    lines: list[str] = []
    manifest = build(toy_dataset, Settings(home=home), BUILD, lines.append)
    again = {
        "round-01": "training queries, first 60% of every timeline: taken over",
        "recall": "recall: taken over",
    }
    assert not any(line.startswith(again[stage]) for line in lines)
    assert any("taken over" in line for line in lines)
    assert manifest.files == open_current(whole / "bundles").manifest.files


def test_other_settings_take_nothing_over(killed, facts):
    home, stage = killed
    (folder,) = (home / "bundles").glob(".stages-*")
    mine = Checkpoints(home / "bundles", facts)
    shutil.copytree(folder, mine.folder)
    # Even under the name of other settings: each stage says what it belongs to.
    assert mine.find(stage) is None
    shutil.rmtree(mine.folder)


def test_an_interrupted_build_keeps_its_stages(toy_dataset, tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "fit_sources", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(toy_dataset, Settings(home=tmp_path), BUILD)
    assert list_stages(tmp_path) == sorted([*ROUNDS, "ranker"])


def test_the_manifest_says_what_stages_cost(whole):
    stages = open_current(whole / "bundles").manifest.stages
    names = [cost.name for cost in stages]
    assert names == ["training rows", "ranker check", "ranker", "newcomers", "recall", "features", "write"]
    assert all(cost.seconds > 0 and not cost.resumed for cost in stages)
    assert all(cost.peak_bytes > 10_000_000 for cost in stages)


def test_stages_given_up_long_ago_are_removed(tmp_path, facts):
    old, young = (Checkpoints(tmp_path, facts.model_copy(update={"fingerprint": name})) for name in "ab")
    for checkpoints in (old, young):
        with checkpoints.keep("stage") as writer:
            writer.save_array("x.npy", np.arange(3))
    week = 8 * 86_400
    then = old.folder.stat().st_mtime - week
    os.utime(old.folder, (then, then))
    Checkpoints(tmp_path, facts).discard()
    assert not old.folder.exists()
    assert young.find("stage") is not None


@pytest.fixture
def facts(toy_dataset) -> BuildFacts:
    return BuildFacts(dataset=toy_dataset.info, fingerprint="fp")


def test_a_stage_that_fails_leaves_nothing(tmp_path, facts):
    checkpoints = Checkpoints(tmp_path, facts)

    def write_half() -> None:
        with checkpoints.keep("stage") as writer:
            writer.save_array("x.npy", np.arange(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert checkpoints.find("stage") is None
    assert list(checkpoints.folder.iterdir()) == []


def test_a_round_comes_back_with_its_generator(toy_events, toy_films, tmp_path, facts):
    kept: list[tuple] = []

    class Keeper:
        def find(self, number, rng):
            return None

        def keep(self, number, rows, rng):
            kept.append((rows, json.dumps(rng.bit_generator.state)))

    training.collect_rows(toy_events, toy_films, BUILD, keeper=Keeper())
    checkpoints = Checkpoints(tmp_path, facts)
    for number, (rows, state) in enumerate(kept):
        rng = np.random.default_rng()
        rng.bit_generator.state = json.loads(state)
        with checkpoints.keep(f"round-{number}") as writer:
            write_round(writer, rows, rng)
        bundle = checkpoints.find(f"round-{number}")
        assert bundle is not None
        again_rng = np.random.default_rng()
        again = read_round(bundle, again_rng)
        assert again is not None
        assert json.dumps(again_rng.bit_generator.state) == state
        for name in ("features", "rating", "weight", "query", "round"):
            np.testing.assert_array_equal(getattr(again, name), getattr(rows, name))
        assert len(again.held_out) == len(rows.held_out)
        for one, other in zip(again.held_out, rows.held_out, strict=True):
            np.testing.assert_array_equal(one.features, other.features)
            np.testing.assert_array_equal(one.source_rank, other.source_rank)
            np.testing.assert_array_equal(one.relevant, other.relevant)
            assert (one.n_relevant, one.closing) == (other.n_relevant, other.closing)
    assert len(kept) == len(ROUNDS)
    assert workbench.Workbench().find(0, np.random.default_rng()) is None


def test_a_meter_keeps_what_ended_well():
    meter = CostMeter()
    with meter.stage("good"):
        pass
    with pytest.raises(ZeroDivisionError), meter.stage("bad"):
        raise ZeroDivisionError
    assert [cost.name for cost in meter.stages] == ["good"]
    assert "good: 0.0 s" in str(meter.stages[0])
