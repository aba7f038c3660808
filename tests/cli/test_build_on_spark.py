"""What ``movierec build --engine spark`` says before Spark is asked; needs no PySpark."""

from __future__ import annotations

import subprocess
import sys

import pytest

REFUSING = """
import sys
sys.modules["pyspark"] = None
from movierec.cli import main
status = main(sys.argv[1:])
loaded = [name for name in ("numpy", "polars", "movierec.pipeline") if name in sys.modules]
print(*loaded, file=sys.stderr)
sys.exit(status)
"""


def test_without_pyspark_one_line_names_the_extra(tmp_path) -> None:
    command = ["build", "--engine", "spark", "--home", str(tmp_path / "home")]
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, *command], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    message, loaded = done.stderr.splitlines()
    assert message.startswith("movierec build: a build on Spark needs PySpark")
    assert message.endswith("pip install 'movierec[spark]'")
    # It is said at once, and nothing was written.
    assert loaded == ""
    assert not (tmp_path / "home").exists()


def test_a_master_is_for_spark_only(run) -> None:
    status, out, err = run("build", "--master", "local[2]")
    assert (status, out) == (2, "")
    assert err == "movierec build: --master is for --engine spark; see: movierec build --help\n"


@pytest.mark.parametrize(
    "master", ["", "local[x]", "host:7077", "http://host", "local[2] --class X", "spark://"]
)
def test_a_master_that_is_none_is_refused(run, monkeypatch, master: str) -> None:
    monkeypatch.setattr("movierec.spark.session.find_spec", lambda _: object())
    status, out, err = run("build", "--engine", "spark", "--master", master)
    assert (status, out) == (2, "")
    assert "master must be local[N]" in err
    assert err.count("\n") == 1


def test_the_engine_is_one_of_two(run) -> None:
    status, _, err = run("build", "--engine", "flink")
    assert status == 2
    assert "--engine" in err


def test_serving_knows_nothing_of_spark() -> None:
    code = """
import sys, movierec.service, movierec.pipeline, movierec.cli, movierec.commands.build, app.server
print([name for name in sys.modules if name.startswith(("pyspark", "py4j", "movierec.spark"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr
