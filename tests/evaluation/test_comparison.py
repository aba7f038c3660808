from __future__ import annotations

from pathlib import Path

import pytest

from movierec.errors import DataError
from movierec.evaluation.comparison import compare_reports
from movierec.evaluation.intervals import Interval
from movierec.evaluation.peers import Kind
from movierec.evaluation.report import read_report
from movierec.evaluation.results import Counts, PerUser, ProtocolReport, Receipt, SystemResult, keep_values

N_USERS = 40


def make_report(
    values: list[float], protocol: str = "random", users: range = range(N_USERS), **receipt: object
) -> ProtocolReport:
    mean = sum(values) / len(values)
    systems = tuple(
        SystemResult(
            name=name,
            kind=Kind.PIPELINE if name == "v2" else Kind.PEER,
            params={"strength": 2.0} if name == "EASE" else {},
            metrics={"ndcg@10": Interval(centre, centre - 0.02, centre + 0.02)},
            overall={"coverage@10": 0.5},
            cold={},
            fit_seconds=0.0,
            list_milliseconds=0.0,
        )
        for name, centre in (("v2", mean), ("EASE", 0.3))
    )
    facts = {
        "dataset": "toy",
        "content_hash": "c" * 64,
        "simulated": True,
        "protocol": protocol,
        "question": "?",
        "splits": ({"share": 0.2},),
        "seed": 0,
        "n_resamples": 500,
        "versions": {"numpy": "2.4"},
        "code": "one",
        "config": "same",
        "command": "make it so",
        "wall_seconds": 1.0,
    }
    return ProtocolReport(
        receipt=Receipt.model_validate(facts | receipt),
        counts=Counts(users=N_USERS, rows=N_USERS, relevant=60, cold_rows=0),
        ks=(10,),
        metric="ndcg@10",
        systems=systems,
        subject="v2",
        best_other="EASE",
        comparisons=(),
        per_user=keep_values(list(users), {"v2": values}),
    )


def write(report: ProtocolReport, folder: Path) -> Path:
    path = folder / report.receipt.dataset / f"{report.receipt.protocol}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1))
    return path


def find_row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {name} |"))


FLAT = [0.2, 0.4] * (N_USERS // 2)
BETTER = [value + 0.01 for value in FLAT]


def test_values_of_users_read_back_as_they_were_kept(tmp_path: Path) -> None:
    report = make_report([1 / 3] * N_USERS, users=range(1_234_500, 1_234_500 + N_USERS))
    read = read_report(write(report, tmp_path))
    assert read == report
    assert isinstance(read.per_user, PerUser)
    assert read.per_user.values["v2"] == (0.3333,) * N_USERS
    assert read.per_user.users[-1] == 1_234_539


def test_a_small_gain_of_every_user_is_found_by_pairing(tmp_path: Path) -> None:
    """The intervals of the means overlap; user by user the gain is .01 without exception."""
    a, b = write(make_report(FLAT), tmp_path / "a"), write(make_report(BETTER, code="two"), tmp_path / "b")
    text = compare_reports(a, b)
    assert find_row(text, "v2").endswith("| +0.010 [+0.010, +0.010], p = 0.004 | better |")
    assert compare_reports(b, a).count("| worse |") == 1
    assert find_row(text, "code") == "| code | `one` | `two` |"
    assert "settings |" not in text
    assert find_row(text, "EASE").endswith("| +0.000 | identical |")
    assert find_row(text, "ndcg@10") == "| ndcg@10 | +0.010 | +0.000 |"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"content_hash": "d" * 64}, "the data differ"),
        ({"users": range(1, N_USERS + 1)}, "the scored users differ"),
    ],
)
def test_other_data_or_users_are_not_paired(changed: dict, reason: str, tmp_path: Path) -> None:
    a, b = write(make_report(FLAT), tmp_path / "a"), write(make_report(BETTER, **changed), tmp_path / "b")
    text = compare_reports(a, b)
    assert f"Unpaired, because {reason}" in text
    assert find_row(text, "v2").endswith("| +0.010 | intervals overlap |")


def test_a_report_against_itself_is_identical(tmp_path: Path) -> None:
    path = write(make_report(FLAT), tmp_path)
    text = compare_reports(path, path)
    assert "receipts are the same" in text
    assert find_row(text, "v2").endswith("| +0.000 | identical |")
    assert "No metric differs" in text


def test_folders_are_matched_by_data_set_and_protocol(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(make_report(FLAT), a)
    write(make_report(FLAT, "leave-one-out"), a)
    write(make_report(BETTER), b)
    write(make_report(BETTER, "user-timeline"), b)
    text = compare_reports(a, b)
    assert text.count("\n## ") == 1
    assert "## toy, random\n" in text
    assert "Only in A: toy leave-one-out." in text
    assert "Only in B: toy user-timeline." in text
    assert "## toy, random\n" in compare_reports(a / "toy", b / "toy")


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(make_report(FLAT), a)
    write(make_report(FLAT, "leave-one-out"), b)
    with pytest.raises(DataError, match="in common; A has toy random, B has toy leave-one-out"):
        compare_reports(a, b)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty must hold evaluation reports"):
        compare_reports(a, tmp_path / "empty")
    with pytest.raises(DataError, match=r"a/none\.json is no evaluation report"):
        compare_reports(a / "none.json", b)
    assert "toy, leave-one-out against toy, random" in compare_reports(
        a / "toy" / "random.json", b / "toy" / "leave-one-out.json"
    )
