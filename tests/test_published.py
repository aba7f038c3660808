from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from movierec import published
from movierec.evaluation import results
from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.protocols import PROTOCOLS
from movierec.published import STUDIES, PublishedReport, read_publication

COMMITTED = Path(__file__).parents[1] / "reports" / "evaluation"


def make_report(dataset: str = "toy", protocol: str = "next", **changes: object) -> dict[str, object]:
    def system(name: str, kind: str, mean: float) -> dict[str, object]:
        value = {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}
        return {
            "name": name,
            "kind": kind,
            "params": {},
            "metrics": {"ndcg@10": value},
            "overall": {"coverage@10": 0.5},
            "cold": {},
            "fit_seconds": 1.0,
            "list_milliseconds": 2.0,
        }

    receipt = {
        "dataset": dataset,
        "content_hash": "0" * 64,
        "simulated": False,
        "protocol": protocol,
        "question": "What is next?",
        "splits": [],
        "seed": 0,
        "n_resamples": 10,
        "versions": {"python": "3.11"},
        "code": "c",
        "config": "c",
        "command": "evaluate",
        "wall_seconds": 1.0,
    }
    difference = {"mean": 0.05, "low": 0.01, "high": 0.09, "p_value": 0.01}
    return {
        "schema_version": 1,
        "receipt": receipt,
        "counts": {"users": 9, "rows": 9, "relevant": 9, "cold_rows": 0},
        "ks": [10],
        "metric": "ndcg@10",
        "systems": [
            system("v2", "pipeline", 0.30),
            system("v1.5", "pipeline", 0.28),
            system("v1-als", "source", 0.20),
            system("EASE", "peer", 0.25),
        ],
        "subject": "v2",
        "best_other": "v1.5",
        "comparisons": [{"other": "EASE", "difference": difference}],
    } | changes


def write_report(folder: Path, report: dict[str, object]) -> Path:
    receipt = report["receipt"]
    assert isinstance(receipt, dict)
    path = folder / receipt["dataset"] / f"{receipt['protocol']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report), "utf-8")
    return path


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        (published.PublishedReport, results.ProtocolReport),
        (published.ReportReceipt, results.Receipt),
        (published.ReportCounts, results.Counts),
        (published.MeasuredSystem, results.SystemResult),
        (published.SystemComparison, results.Comparison),
        (published.AimedComparison, results.Aimed),
    ],
)
def test_what_is_shown_is_what_reports_hold(shown: type[BaseModel], written: type[BaseModel]) -> None:
    assert set(shown.model_fields) <= set(written.model_fields)


def test_numbers_have_the_names_reports_give_them() -> None:
    assert set(published.Measured.model_fields) == set(Interval.__dataclass_fields__)
    assert set(published.MeasuredDifference.model_fields) == set(Difference.__dataclass_fields__)


def test_committed_reports_are_read() -> None:
    found = read_publication(COMMITTED)
    assert not found.unreadable
    named = [path for path in COMMITTED.glob("*/*.json") if path.stem not in STUDIES]
    assert len(found.reports) == len(named) > 0
    assert {report.receipt.protocol for report in found.reports} <= set(PROTOCOLS)


def test_best_single_is_no_pipeline() -> None:
    report = PublishedReport.model_validate(make_report())
    best = report.best_single()
    assert best is not None
    assert best.name == "EASE"
    difference = report.compare_with("EASE")
    assert difference is not None
    assert difference.mean == 0.05
    assert report.compare_with("v1-als") is None


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    write_report(tmp_path, make_report())
    (tmp_path / "toy" / "broken.json").write_text("{", "utf-8")
    found = read_publication(tmp_path)
    assert [report.receipt.protocol for report in found.reports] == ["next"]
    assert found.unreadable == ("toy/broken.json",)
    assert found.find("toy", "next") is found.reports[0]
    assert found.find("toy", "later") is None


def test_a_changed_report_is_read_again(tmp_path: Path) -> None:
    write_report(tmp_path, make_report())
    assert read_publication(tmp_path).reports[0].counts.users == 9
    write_report(tmp_path, make_report(counts={"users": 10, "rows": 10, "relevant": 10, "cold_rows": 0}))
    assert read_publication(tmp_path).reports[0].counts.users == 10


def test_a_missing_folder_holds_no_reports(tmp_path: Path) -> None:
    assert read_publication(tmp_path / "nowhere") == published.Publication(())
