from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from movierec.config import Settings
from movierec.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]

# Two stand-ins that announce their process id and then serve an empty page, or fail; and a build that
# succeeds. Both belong to a grandchild-spawning shell, as real servers may have children too.
LAUNCHER = f"""
import json, os, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
import run_demo

SERVER = '''
import http.server, os, pathlib, subprocess, sys
name, port, folder = sys.argv[1:]
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
written = pathlib.Path(folder, name + ".part")  # whoever finds the file finds both numbers in it
written.write_text(f"{{os.getpid()}} {{helper.pid}}")
written.replace(written.with_name(name))
http.server.HTTPServer(("127.0.0.1", int(port)), http.server.SimpleHTTPRequestHandler).serve_forever()
'''
FAILURE = "print('first line'); print('the reason is here', flush=True); raise SystemExit(3)"
plan = json.loads(sys.argv[1])


def list_programs(settings, home):
    programs = []
    for name, port in (("API", settings.api_port), ("UI", settings.ui_port)):
        code = FAILURE if name == plan.get("failing") else SERVER
        command = [sys.executable, "-c", code, name, str(port), str(home)]
        url = f"http://127.0.0.1:{{port}}"
        programs.append(run_demo.Program(name, command, url, url, home / "logs" / f"{{name}}.log"))
    return programs


run_demo.list_programs = list_programs
run_demo.list_build = lambda dataset, home: [sys.executable, "-c", plan["build"]]
sys.exit(run_demo.main(["--home", plan["home"]]))
"""


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_demo", ROOT / "scripts" / "run_demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_demo"] = module
    spec.loader.exec_module(module)
    return module


run_demo = load_script()


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


class Demo:
    """The demo with stand-ins, in a process of its own."""

    def __init__(self, home: Path, ports: tuple[int, int], **plan: str) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        environment = {**os.environ, "MOVIEREC_API_PORT": str(ports[0]), "MOVIEREC_UI_PORT": str(ports[1])}
        environment.pop("MAKELEVEL", None)
        arguments = json.dumps({"home": str(home), "build": "pass", **plan})
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def read_until(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        pytest.fail(f"{text!r} was never printed: {self.process.communicate(timeout=30)}")

    def pids(self) -> list[int]:
        return [int(pid) for name in ("API", "UI") for pid in (self.home / name).read_text().split()]

    def finish(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def wait_for_end(pid: int) -> None:
    """Return once a process that is no child of ours is gone or a zombie."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        import select

        assert select.select([handle], [], [], 20)[0], f"process {pid} is still there"
    finally:
        os.close(handle)


@pytest.fixture
def demo(tmp_path: Path, ports: tuple[int, int]) -> Iterator[Demo]:
    started = Demo(tmp_path / "home", ports)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
    started.process.wait(timeout=30)


needs_pidfd = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes are watched by pidfd")


@needs_pidfd
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signal_leaves_no_process_and_exits_0(demo, number):
    demo.read_until("Ctrl-C stops both")
    pids = demo.pids()
    assert len(pids) == 4
    for pid in pids:
        os.kill(pid, 0)
    demo.process.send_signal(number)
    status, _, error = demo.finish()
    assert (status, error) == (0, "")
    for pid in pids:
        wait_for_end(pid)


@needs_pidfd
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killed_demo_takes_its_servers_along(demo):
    demo.read_until("Ctrl-C stops both")
    servers = demo.pids()[::2]
    demo.process.kill()
    for pid in servers:
        wait_for_end(pid)
        os.killpg(pid, signal.SIGKILL)  # the stand-ins' own children


@needs_pidfd
def test_closed_terminal_does_not_keep_servers_alive(demo):
    demo.read_until("Ctrl-C stops both")
    pids = demo.pids()
    demo.process.stdout.close()
    demo.process.send_signal(signal.SIGHUP)
    demo.process.wait(timeout=30)
    for pid in pids:
        wait_for_end(pid)


def test_addresses_and_suggestions_are_printed(demo, ports):
    demo.read_until("API answers")
    demo.read_until(f"UI   http://127.0.0.1:{ports[1]}")
    demo.read_until(f"API  http://127.0.0.1:{ports[0]}")
    demo.read_until("Three things to try")
    demo.read_until("  3. ")


@needs_pidfd
def test_server_that_ends_is_reported_with_its_last_words(tmp_path, ports):
    demo = Demo(tmp_path / "home", ports, failing="UI")
    status, _, error = demo.finish()
    assert status == 1
    assert "the UI ended with exit code 3" in error
    assert "the reason is here" in error
    assert "Traceback" not in error
    if (demo.home / "API").exists():
        wait_for_end(int((demo.home / "API").read_text().split()[0]))


def test_failed_build_starts_no_server(tmp_path, ports):
    demo = Demo(tmp_path / "home", ports, build="raise SystemExit(2)")
    status, out, error = demo.finish()
    assert (status, out, error) == (2, "", "")
    assert not (demo.home / "logs").exists()


def test_interrupted_build_ends_with_130(tmp_path, ports):
    build = "import time; print('building', flush=True); time.sleep(600)"
    demo = Demo(tmp_path / "home", ports, build=build)
    demo.read_until("building")
    demo.process.send_signal(signal.SIGINT)
    status, _, error = demo.finish()
    assert (status, error) == (130, "")


@pytest.mark.parametrize(
    ("position", "variable"), [(0, "MOVIEREC_API_PORT"), (1, "MOVIEREC_UI_PORT")], ids=["API", "UI"]
)
def test_busy_port_is_named_with_its_setting(position, variable, ports, tmp_path):
    with socket.create_server(("127.0.0.1", ports[position])):
        demo = Demo(tmp_path / "home", ports)
        status, out, error = demo.finish()
    assert (status, out) == (2, "")
    assert error.count("\n") == 1
    assert f"port {ports[position]}" in error
    assert variable in error


def test_port_held_by_a_server_on_every_address_is_busy(ports):
    with socket.create_server(("0.0.0.0", ports[0])), pytest.raises(ConfigError, match="MOVIEREC_API_PORT"):
        run_demo.require_free_ports(Settings(api_port=ports[0], ui_port=ports[1]))


def test_one_port_for_both_is_refused(ports):
    with pytest.raises(ConfigError, match="MOVIEREC_UI_PORT"):
        run_demo.require_free_ports(Settings(api_port=ports[0], ui_port=ports[0]))


def test_servers_bind_this_computer_and_the_ui_knows_the_api(tmp_path):
    api, ui = run_demo.list_programs(Settings(api_port=8123, ui_port=8601), tmp_path)
    assert api.command[-4:] == ["--host", "127.0.0.1", "--port", "8123"]
    position = ui.command.index("--server.address")
    assert ui.command[position + 1] == "127.0.0.1"
    assert ui.environment["MOVIEREC_API_URL"] == "http://127.0.0.1:8123"
    assert api.environment["MOVIEREC_API_KEY"] == ui.environment["MOVIEREC_API_KEY"] == ""
    assert ui.environment["MOVIEREC_UI_PORT"] == "8601"
    assert (ROOT / ui.command[1]).is_file()
