from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from movierec.config import Settings
from movierec.errors import ConfigError, DataError
from movierec.evaluation import runner
from movierec.evaluation.intervals import Difference
from movierec.evaluation.peers import AllTimePopularity, Kind, RecentPopularity
from movierec.evaluation.report import compose_report, read_reports, write_report, write_summary
from movierec.evaluation.results import Comparison, ProtocolReport
from movierec.evaluation.runner import evaluate, run_evaluation
from movierec.evaluation.tables import format_p_value, tabulate
from movierec.schema import Dataset

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report(tiny: Dataset) -> ProtocolReport:
    """A report in which recent popularity plays the part of V2."""
    plain = evaluate(
        tiny,
        ("global-timeline",),
        generations=(),
        peers=lambda: (RecentPopularity(name="v2"), AllTimePopularity()),
    ).protocols[0]
    assert plain.subject == "v2"
    return plain


def test_json_reads_back_equal(report: ProtocolReport, tmp_path: Path) -> None:
    written = write_report(report, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "tiny/global-timeline.json",
        "tiny/global-timeline.md",
        "tiny/global-timeline.png",
    ]
    assert read_reports(tmp_path) == (report,)


def test_chart_is_a_small_png(report: ProtocolReport, tmp_path: Path) -> None:
    picture = write_report(report, tmp_path)[2]
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert 5_000 < len(content) < 60_000


def test_without_matplotlib_the_rest_is_written_and_no_stale_chart_stays(
    report: ProtocolReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(report, tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    data, text = write_report(report, tmp_path)
    assert data.exists()
    assert not text.with_suffix(".png").exists()
    assert ".png" not in text.read_text()


def test_markdown_states_what_was_measured(report: ProtocolReport) -> None:
    text = compose_report(report, "chart.png")
    mean = report.find("popularity").metrics["ndcg@10"]
    assert f"| popularity | {mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}] |" in text
    assert "audience of this data set is simulated" in text
    assert report.receipt.command in text
    assert report.receipt.content_hash in text
    assert "best other, popularity:" in text
    assert "People without any history" in text
    assert "(chart.png)" in text
    for line in text.splitlines():
        assert "nan" not in line.lower().split()


def test_summary_has_a_row_for_every_report(report: ProtocolReport, tmp_path: Path) -> None:
    earlier = report.receipt.model_copy(update={"protocol": "leave-one-out", "command": "make it so"})
    for each in (report, report.model_copy(update={"receipt": earlier})):
        write_report(each, tmp_path)
    text = write_summary(tmp_path).read_text()
    rows = [line for line in text.splitlines() if line.startswith("| tiny * | [")]
    assert ["leave-one-out" in row for row in rows] == [True, False]
    assert f"make it so\n{report.receipt.command}\n" in text
    gain = report.compare_with("popularity")
    assert gain is not None
    assert f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" in rows[1]


def test_summary_of_nothing_says_so(tmp_path: Path) -> None:
    assert "No reports yet" in write_summary(tmp_path).read_text()


def test_a_file_that_is_no_report_is_named(report: ProtocolReport, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    (tmp_path / "tiny" / "random.json").write_text('{"schema_version": 0}')
    with pytest.raises(DataError, match=r"tiny/random\.json is no evaluation report"):
        write_summary(tmp_path)


def test_studies_are_linked_and_not_read_as_reports(report: ProtocolReport, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    (tmp_path / "tiny" / "frontier.json").write_text("{}")
    (tmp_path / "tiny" / "frontier.md").write_text("# Frontier")
    text = write_summary(tmp_path).read_text()
    assert "- [tiny: frontier](tiny/frontier.md)" in text
    assert "tiny: global-timeline" not in text


def test_best_and_find(report: ProtocolReport) -> None:
    best = report.best(Kind.PEER)
    assert best is not None
    assert best.metrics["ndcg@10"].mean == max(s.metrics["ndcg@10"].mean for s in report.systems)
    assert report.best(Kind.SOURCE) is None
    with pytest.raises(ConfigError, match="one of v2, popularity"):
        report.find("v3")


def test_numbers_and_tables() -> None:
    assert format_p_value(0.0005) == "< 0.001"
    assert format_p_value(0.0421) == "= 0.042"
    assert tabulate(["a", "b"], [["c", "1"]]) == "| a | b |\n| --- | ---: |\n| c | 1 |"
    assert Comparison(other="x", difference=Difference(0.1, 0.0, 0.2, 0.05)).difference.mean == 0.1


def test_run_evaluation_writes_reports_and_summary(
    tiny: Dataset, report: ProtocolReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "load_dataset", lambda spec, settings, progress: tiny)
    monkeypatch.setattr(
        runner,
        "evaluate",
        lambda dataset, protocols, seed, progress, config, limits, fit_engine, optional_peers: evaluate(
            dataset, protocols, generations=(), seed=seed, progress=progress
        ),
    )
    lines: list[str] = []
    written = run_evaluation(
        "tiny", ["random", "leave-one-out", "random"], tmp_path, Settings(home=tmp_path), lines.append
    )
    assert [each.receipt.protocol for each in written.protocols] == ["random", "leave-one-out"]
    assert sorted(path.name for path in (tmp_path / "tiny").iterdir()) == [
        f"{name}.{suffix}" for name in ("leave-one-out", "random") for suffix in ("json", "md", "png")
    ]
    assert "leave-one-out" in (tmp_path / "README.md").read_text()
    assert lines


def test_run_evaluation_refuses_unknown_protocols_before_loading(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="protocol must be one of"):
        run_evaluation("no-such-data", ["loo"], tmp_path, Settings(home=tmp_path))


def test_script_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("evaluate", ROOT / "scripts" / "evaluate.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setenv("MOVIEREC_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["evaluate", "no-such-data", "--out", str(tmp_path)])
    assert script.main() == 2
    assert "no-such-data" in capsys.readouterr().err
