from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from movierec.errors import DataError
from movierec.evaluation.queue import Job, Outcome, run_jobs

TESTS = Path(__file__).parent


def write(folder: Path, name: str, receipt: object, progress: object) -> None:
    """Leave a file that says which threads the process was given."""
    threads = {key: os.environ.get(key) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    content = {"receipt": receipt, "threads": threads, "pid": os.getpid()}
    (folder / name).write_text(json.dumps(content))


def refuse(progress: object) -> None:
    raise DataError("nobody to score")


def stumble(progress: object) -> None:
    raise ZeroDivisionError


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let worker processes import this very module."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


def make(folder: Path, name: str, seed: int = 0, cost: float = 1.0) -> Job:
    receipt = {"seed": seed, "versions": {"numpy": "2"}}
    return Job(
        name,
        "test_queue:write",
        {"folder": folder, "name": f"{name}.json", "receipt": {**receipt, "wall_seconds": 3.5}},
        (folder / f"{name}.json",),
        receipt,
        cost,
    )


def run(jobs: list[Job], lines: list[str] | None = None, force: bool = False, workers: int = 1) -> Outcome:
    return run_jobs(jobs, workers, (lines if lines is not None else []).append, force)


def test_jobs_run_in_other_processes_with_one_thread_each(tmp_path: Path) -> None:
    before = dict(os.environ)
    lines: list[str] = []
    outcome = run([make(tmp_path, "a"), make(tmp_path, "b", cost=2.0)], lines)
    assert outcome.finished == ["b", "a"]
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["pid"] != os.getpid()
    assert found["threads"] == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    assert dict(os.environ) == before
    assert lines[-1].startswith("a: finished in ")
    assert lines[-1].endswith("2 of 2 jobs done")


def test_what_is_done_is_skipped_and_what_has_changed_is_not(tmp_path: Path) -> None:
    for name in ("same", "seed", "torn", "gone"):
        write(tmp_path, f"{name}.json", {"seed": 0, "versions": {"numpy": "2"}, "more": 1}, None)
    (tmp_path / "torn.json").write_text('{"receipt": {"seed": 0')
    (tmp_path / "gone.json").unlink()
    jobs = [make(tmp_path, name, seed=int(name == "seed")) for name in ("same", "seed", "torn", "gone")]
    assert [job.done for job in jobs] == [True, False, False, False]
    lines: list[str] = []
    outcome = run(jobs[:1], lines)
    assert (outcome.skipped, outcome.finished) == (["same"], [])
    assert lines[0].startswith("same: skipped")
    outcome = run(jobs[:2], force=True)
    assert (outcome.skipped, outcome.finished) == ([], ["same", "seed"])
    assert all(job.done for job in jobs[:2])


def test_failures_keep_no_other_job_from_running(tmp_path: Path) -> None:
    bad = Job("bad", "test_queue:refuse", {}, (tmp_path / "bad.json",), {}, cost=9.0)
    broken = Job("broken", "test_queue:stumble", {}, (tmp_path / "x.json",), {}, cost=8.0)
    lines: list[str] = []
    with pytest.raises(ZeroDivisionError):
        run([bad, broken, make(tmp_path, "good")], lines)
    assert lines[0] == "bad: failed: nobody to score; 1 of 3 jobs done"
    assert lines[1] == "broken: failed: ZeroDivisionError; 2 of 3 jobs done"
    assert (tmp_path / "good.json").exists()
    assert run([bad]).failed == {"bad": "nobody to score"}


INTERRUPTED = """
import sys, pathlib
from movierec.evaluation.queue import Job, run_jobs

def announce(line):
    print(line, flush=True)

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    first = Job("first", "test_queue:write", {"folder": folder, "name": "first.json", "receipt": {}},
                (folder / "first.json",), {}, 2.0)
    endless = Job("endless", "test_queue:wait_for_ever", {}, (folder / "never.json",), {})
    try:
        run_jobs([first, endless], 1, announce)
    except KeyboardInterrupt:
        announce("interrupted")
        sys.exit(130)
"""


def wait_for_ever(progress: object) -> None:
    signal.pause()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_ends_the_workers_and_keeps_what_is_finished(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("first: finished")
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest == "interrupted\n"
    assert (tmp_path / "first.json").exists()
    worker = json.loads((tmp_path / "first.json").read_text())["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is no child")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    command = [sys.executable, str(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("first: finished")
        worker = os.pidfd_open(json.loads((tmp_path / "first.json").read_text())["pid"])
        process.kill()
        ended, _, _ = select.select([worker], [], [], 60)
        os.close(worker)
    assert ended
