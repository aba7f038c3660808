"""A build killed at every durable step leaves a bundle that can be served."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from movierec.artifacts import BuildFacts, open_current, write_bundle

Build = Callable[..., str]
STEPS = ("fsync", "rename", "replace")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def build_until(build: Build, seed: int, kill_at: int) -> None:
    """Build in this process and die, as by kill -9, instead of durable step number ``kill_at``."""
    taken = 0

    def count(step: Callable[..., Any]) -> Callable[..., Any]:
        def take(*args: Any, **kwargs: Any) -> Any:
            nonlocal taken
            if taken == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            taken += 1
            return step(*args, **kwargs)

        return take

    for name in STEPS:
        setattr(os, name, count(getattr(os, name)))
    build(seed=seed)
    os._exit(0)


def run_until(build: Build, seed: int, kill_at: int) -> int:
    process = multiprocessing.get_context("fork").Process(target=build_until, args=(build, seed, kill_at))
    process.start()
    process.join(30)
    assert process.exitcode is not None
    return process.exitcode


def test_a_kill_at_any_step_leaves_a_whole_bundle_current(tmp_path: Path, build: Build) -> None:
    old = build(seed=1)
    outcomes = []
    for kill_at in range(100):
        code = run_until(build, 2, kill_at)
        bundle = open_current(tmp_path)
        outcomes.append(bundle.version)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        (tmp_path / "CURRENT").write_text(f"{old}\n")
        for folder in tmp_path.glob("toy-set-*"):
            if folder.name != old:
                shutil.rmtree(folder)
    assert code == 0
    assert len(outcomes) >= 10
    switched = outcomes.index(outcomes[-1])
    assert set(outcomes[:switched]) == {old}
    assert set(outcomes[switched:]) == {outcomes[-1]}
    assert outcomes[-1] != old


def test_the_next_build_removes_what_killed_builds_left(tmp_path: Path, build: Build) -> None:
    build(seed=1)
    assert run_until(build, 2, 0) == -signal.SIGKILL
    assert len(list(tmp_path.glob(".building-*"))) == 1
    build(seed=3)
    assert list(tmp_path.glob(".*")) == []


def test_the_folder_of_a_running_build_stays(tmp_path: Path, build: Build, facts: BuildFacts) -> None:
    running = tmp_path / f".building-{os.getppid()}-abc"
    running.mkdir()
    own_from_another_life = tmp_path / f".building-{os.getpid()}-abc"
    own_from_another_life.mkdir()
    with write_bundle(tmp_path, facts) as outer:
        (outer.path / "a").write_text("a")
        build(seed=1)
        assert outer.path.is_dir()
    assert running.is_dir()
    assert not own_from_another_life.exists()
