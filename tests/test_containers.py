"""What the container files promise, as far as it shows without an engine."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from movierec.config import Settings

ROOT = Path(__file__).parents[1]
START = ROOT / "docker" / "start.sh"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.fixture
def start(tmp_path):
    """Run start.sh with programs that only say how they were called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    for name in ("movierec", "python"):
        path = programs / name
        real = f'case "$1" in -c) exec {sys.executable} "$@";; esac\n' if name == "python" else ""
        path.write_text(f'#!/bin/sh\n{real}echo "{name} $* key=$MOVIEREC_API_KEY host=$MOVIEREC_HOST"\n')
        path.chmod(0o755)

    def run(*arguments: str, **environment: str) -> list[str]:
        done = subprocess.run(
            [str(START), *arguments],
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "MOVIEREC_HOME": str(home),
                "MOVIEREC_ROLE_FILE": str(tmp_path / "role"),
                **environment,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    run.home = home
    return run


def test_the_api_builds_once_and_draws_a_key_once(start):
    built, served = start("api")
    assert built.startswith(f"movierec build --dataset sample --home {start.home}")
    key = (start.home / "api.key").read_text().strip()
    assert len(key) >= 32
    assert stat.S_IMODE((start.home / "api.key").stat().st_mode) == 0o600
    assert served == f"python -m app.server key={key} host=0.0.0.0"
    (start.home / "bundles").mkdir()
    (start.home / "bundles" / "CURRENT").write_text("x")
    assert start("api") == [served]


def test_the_ui_takes_the_key_of_the_api(start):
    (start.home / "api.key").write_text("drawn\n")
    assert start("ui") == ["python scripts/run_ui.py --server.address 0.0.0.0 key=drawn host="]


def test_a_key_that_is_given_is_used_and_not_written(start):
    lines = start("api", MOVIEREC_API_KEY="given", MOVIEREC_DATASET="ml-100k")
    assert lines[0].startswith("movierec build --dataset ml-100k")
    assert "key=given" in lines[1]
    assert not (start.home / "api.key").exists()


def test_any_other_command_is_run_as_it_is(start):
    assert start("movierec", "info")[0].startswith("movierec info key=")


def test_nothing_runs_as_root_and_only_one_stage_compiles():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:]
    assert [stage for stage in stages if "build-essential" in stage] == [stages[0]]
    for stage in stages[1:]:
        users = re.findall(r"^USER (\S+)", stage, flags=re.M)
        assert not users or users[-1] == "10001:10001"
    assert "HEALTHCHECK" in stages[1]
    assert stages[-1].strip() == "app"


def test_everything_copied_is_there_and_in_the_context():
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", DOCKERFILE, flags=re.M)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert any(path == each or path.startswith(f"{each}/") for each in kept), path


def test_ports_are_published_on_this_computer_alone():
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    published = re.findall(r'^ +- "(\S+:\d+)"$', compose, flags=re.M)
    assert len(published) == 4  # API and UI, of one process and of the cluster
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_cluster_has_every_part_and_names_only_what_there_is():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    cluster = {name for name, service in services.items() if service.get("profiles") == ["cluster"]}
    assert cluster == {
        "api-1",
        "api-2",
        "proxy",
        "cluster-ui",
        "consumer",
        "retrainer",
        "postgres",
        "rabbitmq",
        "redis",
    }
    settings = {f"MOVIEREC_{name.upper()}" for name in Settings.model_fields}
    for name in cluster:
        service = services[name]
        assert set(service.get("depends_on", ())) <= cluster
        for place in service.get("volumes", ()):
            source = place.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), place
        named = {key for key in service.get("environment", ()) if key.startswith("MOVIEREC_")}
        assert named <= settings | {"MOVIEREC_DATASET", "MOVIEREC_API_PUBLIC_URL"}
        assert "no-new-privileges:true" in service["security_opt"]
    for url in ("DATABASE", "BROKER", "CACHE"):
        address = services["consumer"]["environment"][f"MOVIEREC_{url}_URL"]
        assert re.split("[:/]", re.split("@|//", address)[-1])[0] in cluster
    upstream = re.findall(r"server ([\w-]+):8000", (ROOT / "docker" / "proxy.conf").read_text("utf-8"))
    assert upstream == ["api-1", "api-2"]


def test_the_image_has_what_the_cluster_needs():
    command = [sys.executable, str(ROOT / "docker" / "list_dependencies.py"), str(ROOT / "pyproject.toml")]
    plain = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    cluster = subprocess.run([*command, "cluster"], capture_output=True, text=True, check=True).stdout
    assert "pyproject.toml cluster > " in DOCKERFILE
    added = set(cluster.splitlines()) - set(plain)
    assert {re.split(r"[\[>]", line)[0] for line in added} == {"faststream", "nats-py", "psycopg", "redis"}


def test_the_health_check_fails_where_nothing_answers():
    check = [sys.executable, str(ROOT / "docker" / "check.py"), "1", "/ping"]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1
