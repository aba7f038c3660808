"""A queue of jobs in worker processes: finished ones are kept, and skipped when asked for again."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from movierec.errors import MovieRecError

Progress = Callable[[str], None]

_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """One call that writes files.

    Attributes
    ----------
    name : for progress lines
    call : "module:function"; it gets ``arguments`` and ``progress`` by name, all of which can be pickled
    outputs : files it writes; the job is done where they exist and the JSON ones carry the receipt
    receipt : what the "receipt" of its JSON files says when they come from the same data, code, settings
    cost : expected time next to other jobs; the longest start first
    """

    name: str
    call: str
    arguments: Mapping[str, Any]
    outputs: tuple[Path, ...]
    receipt: Mapping[str, Any]
    cost: float = 1.0

    @property
    def done(self) -> bool:
        """Whether the outputs are there and come from this very job."""
        return all(path.is_file() for path in self.outputs) and all(
            _carries(path, self.receipt) for path in self.outputs if path.suffix == ".json"
        )

    def run(self, progress: Progress) -> None:
        """Make the call in this process."""
        module, _, function = self.call.partition(":")
        getattr(import_module(module), function)(**self.arguments, progress=progress)


@dataclass
class Outcome:
    """Names of the jobs that ran, were skipped as done, or failed (with the reason)."""

    finished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run_jobs(jobs: Sequence[Job], workers: int, progress: Progress, force: bool = False) -> Outcome:
    """Run what is not done yet, each job with one thread, up to ``workers`` at a time.

    A job that fails in a known way (a ``MovieRecError``) does not keep the others from running; any other
    exception is raised once all have ended. ``KeyboardInterrupt`` ends the workers; what was written stays.
    """
    outcome = Outcome()
    waiting: list[Job] = []
    for job in sorted(jobs, key=lambda job: -job.cost):
        if job.done and not force:
            progress(f"{job.name}: skipped, its reports come from this data, code and settings (--force)")
            outcome.skipped.append(job.name)
        else:
            waiting.append(job)
    if not waiting:
        return outcome
    size = max(1, min(workers, len(waiting), os.cpu_count() or 1))
    with _one_thread_each():
        executor = ProcessPoolExecutor(
            size, multiprocessing.get_context("spawn"), _prepare_worker, (time.time(),)
        )
        before = set(multiprocessing.active_children())
        try:
            futures = {executor.submit(_work, job): job for job in waiting}
            _collect(futures, outcome, progress)
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - before:
                process.terminate()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
    return outcome


def _collect(futures: Mapping[Future[float], Job], outcome: Outcome, progress: Progress) -> None:
    unexpected: BaseException | None = None
    for number, future in enumerate(as_completed(futures), 1):
        job, error = futures[future], future.exception()
        left = f"{number} of {len(futures)} jobs done"
        if error is None:
            outcome.finished.append(job.name)
            progress(f"{job.name}: finished in {future.result():.0f} s; {left}")
        elif isinstance(error, BrokenProcessPool):
            outcome.failed[job.name] = "its process was ended from outside, perhaps for want of memory"
        elif isinstance(error, MovieRecError):
            outcome.failed[job.name] = str(error)
            progress(f"{job.name}: failed: {error}; {left}")
        else:
            unexpected = error
            progress(f"{job.name}: failed: {type(error).__name__}; {left}")
    if unexpected is not None:
        raise unexpected


def _work(job: Job) -> float:
    start = time.perf_counter()

    def show(message: str) -> None:
        sys.stderr.write(f"{time.time() - _started:7.1f} s  {job.name}: {message}\n")
        sys.stderr.flush()

    job.run(show)
    return time.perf_counter() - start


_started = 0.0


def _prepare_worker(started: float) -> None:
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    global _started  # one worker process, one clock
    _started = started


def _follow_parent() -> None:
    """End this process with the one that started it, however that ended: nobody waits for the job then."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let new processes find one thread in their environment: native libraries read it when they load."""
    wanted = dict.fromkeys(_THREADS, "1")
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _carries(path: Path, receipt: Mapping[str, Any]) -> bool:
    try:
        found = json.loads(path.read_bytes())["receipt"]
        return all(name in found and found[name] == value for name, value in receipt.items())
    except (ValueError, KeyError, TypeError):
        return False
