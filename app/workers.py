"""Several processes behind one address, for more requests at once than one processor answers.

Each opens the bundle by itself; large arrays are mapped from the same files and lie in memory once. They take
connections from one socket: whoever is idle takes the next, one at a time.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Final

from movierec.errors import ConfigError, MovieRecError

BREATH_SECONDS: Final = 1.0
"""Before a worker that ended by itself is started again: one that cannot live must not take a processor."""

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


def supervise(count: int, serve: Callable[[int], int], unusable: int = 2) -> int:
    """Run ``serve(number)`` in processes of their own until told to stop, and return the exit code.

    One that dies is started again. One that ends with 0 or ``unusable`` (it cannot work with these settings)
    ends them all. Raises ``ConfigError`` where the system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise ConfigError("MOVIEREC_WORKERS must be 1 here: this system cannot fork a process")
    numbers: dict[int, int] = {}
    stopping = False
    ended = 0

    def stop(_signal: int = 0, _frame: FrameType | None = None) -> None:
        nonlocal stopping
        stopping = True
        for pid in tuple(numbers):
            os.kill(pid, signal.SIGTERM)

    before: dict[signal.Signals, Any] = {kind: signal.signal(kind, stop) for kind in _STOPS}
    try:
        for number in range(count):
            _start(number, serve, numbers, before)
        while numbers:
            pid, status = os.wait()
            number = numbers.pop(pid, -1)
            if number < 0 or stopping:
                continue
            ended = os.waitstatus_to_exitcode(status)
            if ended in (0, unusable):
                stop()
                continue
            print(
                f"movierec: worker {number} ended with {ended}, starting another", file=sys.stderr, flush=True
            )
            time.sleep(BREATH_SECONDS)
            if not stopping:
                _start(number, serve, numbers, before)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    return 0 if stopping and ended != unusable else ended


def _start(
    number: int, serve: Callable[[int], int], numbers: dict[int, int], handlers: Mapping[signal.Signals, Any]
) -> None:
    # A stop that comes in between must find the process in the list.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        pid = os.fork()
        if pid:
            numbers[pid] = number
            return
        for kind, handler in handlers.items():
            signal.signal(kind, handler)
        _work(number, serve)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _work(number: int, serve: Callable[[int], int]) -> None:
    """Serve and end the process, whatever happens; what belongs to its parent is left alone."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        code = serve(number)
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else 0
    except KeyboardInterrupt:
        code = 0
    except MovieRecError as error:
        print(f"movierec: {error}", file=sys.stderr)
        code = 2
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
