from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version

import pytest

from movierec.artifacts import BuildFacts, Manifest, open_current, write_bundle
from movierec.bundles import CARD_FILE
from movierec.commands.console import make_printable, start_progress
from movierec.schema import DatasetInfo

COMMANDS = ["download", "build", "recommend", "evaluate", "serve", "feedback", "info"]
SUBCOMMANDS = [["feedback", "list"], ["feedback", "export"]]


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def manifest() -> Manifest:
    info = DatasetInfo("toy", "0" * 64, False, "free", "", 3, 5, 9, 1, 0)
    facts = BuildFacts(dataset=info, fingerprint="f", metrics={"ndcg@10 v2": 0.125})
    return Manifest(
        **dict(facts),
        format_version=1,
        version="toy-0123456789ab",
        created_at="2026-01-02T03:04:05Z",
        libraries={},
        files={},
    )


def test_bare_command_shows_help(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    for name in COMMANDS:
        assert name in out


def test_version_is_the_packages(run):
    assert run("--version") == (0, f"movierec {version('movierec')}\n", "")


@pytest.mark.parametrize("path", [*([name] for name in COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_help_of_every_command_teaches_by_example(path, run):
    status, out, err = run(*path, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: movierec {' '.join(path)}")
    if path != ["feedback"]:
        assert "Example" in out
        assert f"movierec {' '.join(path)}" in out.split("Example", 1)[1]


def test_help_loads_none_of_the_heavy_libraries():
    heavy = ["numpy", "polars", "pydantic", "sklearn", "numba", "scipy", "sqlalchemy", "duckdb", "requests"]
    ended = run_python(
        "import sys; from movierec.cli import main; main(['recommend', '--help']);"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    assert ended.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "start", "expected"),
    [
        (["recommends"], "movierec: ", "recommend"),
        (["build", "--datset", "x"], "movierec build: ", "--dataset"),
        (["build", "--seed", "-1"], "movierec build: ", "--seed"),
        (["build", "--seed", "x"], "movierec build: ", "'x'"),
        (["download"], "movierec download: ", "NAME"),
        (["download", "ml-9z"], "movierec download: ", "ml-latest-small"),
        (["serve", "--port", "0"], "movierec serve: ", "1<=x<=65535"),
        (["evaluate", "--protocol", "luck"], "movierec evaluate: ", "leave-one-out"),
        (["feedback", "lst"], "movierec feedback: ", "lst"),
        (["feedback", "list", "--home", "pyproject.toml"], "movierec feedback list: ", "pyproject.toml"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, start, expected, run, monkeypatch, tmp_path):
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path))
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(start)
    assert expected in err
    assert "Usage" not in err


@pytest.mark.parametrize(
    ("path", "shown"),
    [("nowhere", "nowhere"), ("folder", "ratings"), ("with\nnewline\x1b[2J", "newline")],
)
def test_unusable_dataset_is_one_line(path, shown, run, tmp_path):
    (tmp_path / "folder").mkdir()
    status, out, err = run("build", "--dataset", tmp_path / path, "--home", tmp_path / "home")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("movierec build: ")
    assert shown in err
    assert "\x1b" not in err


def test_unusable_setting_is_named(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MOVIEREC_API_PORT", "many")
    status, _, err = run("info", "--home", tmp_path)
    assert status == 2
    assert err.startswith("movierec info: MOVIEREC_API_PORT: ")
    assert err.count("\n") == 1


def test_home_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4,1\n")
    (tmp_path / "ml" / "movies.csv").write_text("movieId,title,genres\n1,A (1999),Drama\n")
    (tmp_path / "file").touch()
    status, _, err = run("build", "--dataset", tmp_path / "ml", "--home", tmp_path / "file" / "home")
    assert status == 2
    last = err.splitlines()[-1]
    assert last.startswith("movierec build: ")
    assert "Traceback" not in err


def test_info_without_a_bundle_says_what_to_run(run, tmp_path):
    status, out, err = run("info", "--home", tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith("movierec info: no bundle in ")
    assert "movierec build" in err


def test_build_passes_its_options_on(run, monkeypatch, tmp_path, manifest):
    calls = []

    def build(dataset, settings, config, progress, force, meter):
        progress("fitting")
        assert [cost.name for cost in meter.stages] == ["read"]
        calls.append((dataset, settings.home, config, force))
        return manifest

    monkeypatch.setattr("movierec.data.dataset.load_dataset", lambda spec, settings, say: f"data of {spec}")
    monkeypatch.setattr("movierec.pipeline.build", build)
    status, out, err = run("build", "--dataset", "toy", "--home", tmp_path, "--force", "--seed", "5")
    assert status == 0
    assert "toy-0123456789ab" in out
    assert "3 users, 5 items, 9 interactions, 1 rows set aside" in out
    assert "ndcg@10 v2 0.1250" in out
    assert err.endswith("s  fitting\n")
    ((dataset, home, config, force),) = calls
    assert (dataset, home, force) == ("data of toy", tmp_path, True)
    assert (config.training.seed, config.recall.als.seed, config.ranker.seeds[0]) == (5, 5, 5)
    run("build", "--home", tmp_path)
    assert calls[1] == ("data of sample", tmp_path, None, False)


@pytest.mark.parametrize(
    ("name", "file"),
    [("toy", "toy.md"), ("../My ratings", "My-ratings.md"), ("..", "dataset.md")],
)
def test_build_copies_the_card_of_the_bundle(name, file, run, monkeypatch, tmp_path, manifest):
    info = replace(manifest.dataset, name=name)

    def build(dataset, settings, *rest):
        facts = BuildFacts(dataset=info, fingerprint="f")
        with write_bundle(settings.bundles_dir, facts) as writer:
            (writer.path / CARD_FILE).write_text("# Model card: Amélie\n", encoding="utf-8")
        return open_current(settings.bundles_dir).manifest

    monkeypatch.setattr("movierec.data.dataset.load_dataset", lambda spec, settings, say: None)
    monkeypatch.setattr("movierec.pipeline.build", build)
    cards = tmp_path / "reports" / "models"
    assert run("build", "--home", tmp_path / "home")[0] == 0
    assert not cards.exists()
    for _ in range(2):
        status, out, _ = run("build", "--home", tmp_path / "home", "--card", cards)
        assert (status, out.splitlines()[-1]) == (0, f"card     {cards / file}")
        assert [path.name for path in cards.iterdir()] == [file]
        assert (cards / file).read_text("utf-8") == "# Model card: Amélie\n"


def test_home_comes_from_the_environment(run, monkeypatch, tmp_path, manifest):
    homes = []

    def build(dataset, settings, *rest):
        homes.append(settings.home)
        return manifest

    monkeypatch.setattr("movierec.data.dataset.load_dataset", lambda spec, settings, say: None)
    monkeypatch.setattr("movierec.pipeline.build", build)
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path / "elsewhere"))
    run("build")
    assert homes == [tmp_path / "elsewhere"]


def test_interrupt_is_one_line_and_exit_code_130(run, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("movierec.data.dataset.load_dataset", interrupt)
    assert run("build", "--home", tmp_path) == (130, "", "movierec build: interrupted\n")


def test_programming_error_is_not_hidden(run, monkeypatch, tmp_path):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("movierec.data.dataset.load_dataset", fail)
    with pytest.raises(ZeroDivisionError):
        run("build", "--home", tmp_path)


def test_reader_that_leaves_early_causes_no_complaint():
    code = """
import sys
from movierec import cli
import click

@cli.movierec.command("shout")
def shout():
    while True:
        click.echo("x" * 1000)

sys.exit(cli.main(["shout"]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 141


def test_serve_runs_the_api_module_with_its_arguments(run, monkeypatch, tmp_path):
    seen = []

    def run_module(name, run_name, alter_sys):
        seen.append((name, run_name, list(sys.argv)))

    monkeypatch.setattr("movierec.commands.serve.runpy.run_module", run_module)
    monkeypatch.setattr(sys, "argv", ["movierec"])
    assert run("serve", "--home", tmp_path, "--port", "8123", "--host", "127.0.0.1")[0] == 0
    (call,) = seen
    assert call[:2] == ("app.server", "__main__")
    assert call[2][1:] == ["--home", str(tmp_path), "--host", "127.0.0.1", "--port", "8123"]


def test_serve_refuses_an_open_address_without_a_key(tmp_path):
    code = "import sys; from movierec.cli import main; sys.exit(main(sys.argv[1:]))"
    ended = run_python(code, "serve", "--home", str(tmp_path), "--host", "0.0.0.0")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "MOVIEREC_API_KEY" in ended.stderr


def test_download_prints_the_path(run, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "movierec.data.download.download", lambda name, settings, say: settings.raw_dir / f"{name}.zip"
    )
    status, out, _ = run("download", "ml-100k", "--home", tmp_path)
    assert (status, out) == (0, f"{tmp_path / 'raw' / 'ml-100k.zip'}\n")


def test_progress_is_headed_by_elapsed_seconds(capsys):
    times = iter([10.0, 12.34])
    start_progress(lambda: next(times))("reading\x1b[31m")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "    2.3 s  reading?[31m\n")


def test_printable_text_is_kept_and_control_characters_are_not():
    assert make_printable("Amélie (2001) 千と千尋") == "Amélie (2001) 千と千尋"
    assert make_printable("a\x1b[2Jb\x07\u202e") == "a?[2Jb??"
