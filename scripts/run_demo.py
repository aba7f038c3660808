"""Build, start the API and the UI, wait until both answer, and stop both on Ctrl-C: ``make demo``."""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from movierec.commands.console import read_settings
from movierec.config import Settings
from movierec.errors import ConfigError

ROOT: Final = Path(__file__).resolve().parent.parent
ADDRESS: Final = "127.0.0.1"
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 8.0  # the API gives open requests 5
POLL_SECONDS: Final = 0.2
LOG_LINES: Final = 15
_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG: Final = 1


class StopRequestedError(Exception):
    """Ctrl-C, a signal, or the program that started this one is gone."""


class ProgramFailedError(Exception):
    """A program ended or never answered; the text says what it said last."""


@dataclass(frozen=True)
class Program:
    """One server of the demo: how to start it, how to see that it answers, where it logs."""

    name: str
    command: Sequence[str]
    url: str
    probe: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)


class StopWatch:
    """Sleeps that end early when a signal arrives or a child ends."""

    def __enter__(self) -> Self:
        self._received: list[int] = []
        # Only make is watched: whoever puts this script into the background may well leave.
        self._parent = os.getppid() if "MAKELEVEL" in os.environ else None
        self._inbox, self._outbox = socket.socketpair()
        self._inbox.setblocking(False)
        self._outbox.setblocking(False)
        signal.set_wakeup_fd(self._outbox.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, lambda number, _: self._received.append(number))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def sleep(self, seconds: float) -> None:
        """Wait; raises ``StopRequestedError`` once the demo is to end."""
        select.select([self._inbox], [], [], seconds)
        with suppress(BlockingIOError):
            self._inbox.recv(4096)
        orphaned = self._parent is not None and os.getppid() != self._parent
        if self._received or orphaned:
            self._received.clear()
            raise StopRequestedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        self._inbox.close()
        self._outbox.close()


class ProcessFamily:
    """Child processes in sessions of their own; leaving the context stops every one of them."""

    def __init__(self, watch: StopWatch) -> None:
        self._watch = watch
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def start(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        log: IO[bytes] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program that does not outlive this one."""
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # safe: there are no threads here
        )
        self._processes.append(process)
        return process

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        with suppress(StopRequestedError):  # asked twice: at once
            while self._running() and time.monotonic() < deadline:
                self._watch.sleep(POLL_SECONDS)
        self._signal_all(signal.SIGKILL)
        for process in self._processes:
            process.wait()

    def _running(self) -> bool:
        return any(process.poll() is None for process in self._processes)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is told to stop and return the exit code.

    0 after a requested stop, 1 where a program fails, 2 where a port or setting cannot be used, 130 when
    interrupted before everything runs.
    """
    parser = argparse.ArgumentParser(description="Build, serve and show MovieRec on this computer.")
    parser.add_argument("--dataset", default="sample", help="sample, a known name, a folder or a zip")
    parser.add_argument("--home", type=Path, help="folder of tables, bundles and feedback (MOVIEREC_HOME)")
    chosen = parser.parse_args(arguments)
    try:
        settings = read_settings(home=chosen.home)
        require_free_ports(settings)
    except ConfigError as error:
        say(f"make demo: {error}", sys.stderr)
        return 2
    home = settings.home.resolve()
    with StopWatch() as watch, ProcessFamily(watch) as family:
        serving = False
        try:
            status = run_build(family, watch, list_build(chosen.dataset, home))
            if status != 0:
                return status
            running = start_all(family, watch, list_programs(settings, home))
            serving = True
            announce(settings)
            keep_running(running, watch)
        except ProgramFailedError as error:
            say(str(error), sys.stderr)
            return 1
        except StopRequestedError:
            say("\nStopping …")
            return 0 if serving else 130
    return 0


def list_build(dataset: str, home: Path) -> list[str]:
    """Return the command that builds; it takes seconds when nothing changed."""
    return [sys.executable, "-m", "movierec.cli", "build", "--dataset", dataset, "--home", str(home)]


def list_programs(settings: Settings, home: Path) -> list[Program]:
    """Return the API and the UI, both bound to this computer."""
    api, ui = f"http://{ADDRESS}:{settings.api_port}", f"http://{ADDRESS}:{settings.ui_port}"
    serve = ["-m", "app.server", "--home", str(home), "--host", ADDRESS, "--port", str(settings.api_port)]
    show = ["scripts/run_ui.py", "--server.address", ADDRESS]
    logs = home / "logs"
    # Whatever is set for other machines would only keep the browser from the posters here.
    local = {"MOVIEREC_API_KEY": "", "MOVIEREC_API_PUBLIC_URL": ""}
    return [
        Program("API", [sys.executable, *serve], api, f"{api}/health/ready", logs / "api.log", local),
        Program(
            "UI",
            [sys.executable, *show],
            ui,
            f"{ui}/_stcore/health",
            logs / "ui.log",
            {
                "MOVIEREC_API_URL": api,
                "MOVIEREC_HOME": str(home),
                "MOVIEREC_UI_PORT": str(settings.ui_port),
                **local,
            },
        ),
    ]


def require_free_ports(settings: Settings) -> None:
    """Raise ``ConfigError`` naming the first port that is not to be had and the setting that moves it."""
    if settings.api_port == settings.ui_port:
        raise ConfigError(
            f"API and UI cannot share port {settings.api_port}: change MOVIEREC_API_PORT or MOVIEREC_UI_PORT"
        )
    ports = ((settings.api_port, "MOVIEREC_API_PORT", "API"), (settings.ui_port, "MOVIEREC_UI_PORT", "UI"))
    for port, variable, name in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError as error:
                finding = "in use" if error.errno == errno.EADDRINUSE else f"not available ({error.strerror})"
                raise ConfigError(
                    f"port {port} for the {name} is {finding}: stop the other program or choose "
                    f"another port, as in {variable}={port + 10 if port < 65_000 else port - 10} make demo"
                ) from None


def run_build(family: ProcessFamily, watch: StopWatch, command: Sequence[str]) -> int:
    """Run the build to its end and return its exit code."""
    process = family.start(command, {})
    while process.poll() is None:
        watch.sleep(POLL_SECONDS)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def start_all(
    family: ProcessFamily, watch: StopWatch, programs: Sequence[Program]
) -> list[tuple[Program, subprocess.Popen[bytes]]]:
    """Start the programs and return them once all answer.

    Raises ``ProgramFailedError`` where one ends, or does not answer in time.
    """
    running = []
    for program in programs:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("wb") as log:
            running.append((program, family.start(program.command, program.environment, log, ROOT)))
    start = time.monotonic()
    waiting, finding = list(programs), "no answer"
    while waiting:
        require_alive(running)
        finding = probe(waiting[0].probe)
        if not finding:
            say(f"{waiting[0].name} answers after {time.monotonic() - start:.1f} s")
            waiting.pop(0)
        elif time.monotonic() - start > START_SECONDS:
            raise ProgramFailedError(describe_failure(waiting[0], f"does not answer: {finding}"))
        else:
            watch.sleep(POLL_SECONDS)
    return running


def keep_running(running: Sequence[tuple[Program, subprocess.Popen[bytes]]], watch: StopWatch) -> None:
    """Wait for a stop; raises ``ProgramFailedError`` as soon as a program ends by itself."""
    while True:
        require_alive(running)
        watch.sleep(1.0)


def require_alive(running: Sequence[tuple[Program, subprocess.Popen[bytes]]]) -> None:
    """Raise ``ProgramFailedError`` with the last log lines of the first program that ended."""
    for program, process in running:
        if process.poll() is not None:
            raise ProgramFailedError(describe_failure(program, f"ended with exit code {process.returncode}"))


def probe(url: str) -> str:
    """Return "" where the address answers with success, else what it answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return ""
    except urllib.error.HTTPError as error:
        with suppress(ValueError, OSError, TypeError, KeyError):
            return str(json.load(error)["detail"])
        return f"HTTP {error.code}"
    except OSError:
        return "no connection"


def describe_failure(program: Program, finding: str) -> str:
    """Return what happened to a program, with the end of its log."""
    lines = program.log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"make demo: the {program.name} {finding}; the end of {program.log}:", *lines])


def announce(settings: Settings) -> None:
    """Print both addresses and what to try."""
    api, ui = f"http://{ADDRESS}:{settings.api_port}", f"http://{ADDRESS}:{settings.ui_port}"
    say(
        f"""
MovieRec runs:
  UI   {ui}
  API  {api}  (documentation: {api}/docs)

Three things to try:
  1. Choose a viewer in the UI and like a film: the list moves at once, and every card says why.
  2. Open "Inspect" in the UI: sources, features and the ranker's contributions behind each pick.
  3. Ask the API: curl '{api}/recommend/user/0?k=5'

Ctrl-C stops both."""
    )


def say(text: str, stream: IO[str] | None = None) -> None:
    """Print a message; a closed terminal is no reason to leave processes behind."""
    with suppress(OSError):
        print(text, file=stream or sys.stdout, flush=True)


def _end_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


if __name__ == "__main__":
    sys.exit(main())
