from __future__ import annotations

import pytest

from movierec.evaluation.chart import find_goal, tell_outcome
from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.peers import Kind
from movierec.evaluation.results import (
    Comparison,
    Counts,
    ProtocolReport,
    Receipt,
    Subset,
    SystemResult,
)
from movierec.evaluation.summary import compose_summary, find_best_single
from movierec.evaluation.targets import TARGETS


def make_system(name: str, kind: Kind, mean: float, coverage: float = 0.1) -> SystemResult:
    return SystemResult(
        name=name,
        kind=kind,
        params={},
        metrics={"ndcg@10": Interval(mean, mean - 0.01, mean + 0.01), "arp@10": Interval(150.4, 150, 151)},
        overall={"coverage@10": coverage},
        cold={},
        fit_seconds=0.0,
        list_milliseconds=0.0,
    )


def make_report(own: float, gain: Difference, subsets: tuple[Subset, ...] = ()) -> ProtocolReport:
    systems = (
        make_system("v2", Kind.PIPELINE, own, coverage=0.25),
        make_system("v1.5", Kind.PIPELINE, 0.115),
        make_system("v1-als", Kind.SOURCE, 0.09),
        make_system("EASE", Kind.PEER, 0.11, coverage=0.2),
    )
    receipt = Receipt(
        dataset="ml-100k",
        content_hash="c" * 64,
        simulated=False,
        protocol="leave-one-out",
        question="What next?",
        splits=({},),
        seed=0,
        n_resamples=10,
        versions={},
        code="code",
        config="config",
        command="make it so",
        wall_seconds=1.0,
    )
    return ProtocolReport(
        receipt=receipt,
        counts=Counts(users=700, rows=727, relevant=727, cold_rows=0),
        ks=(10,),
        metric="ndcg@10",
        systems=systems,
        subject="v2",
        best_other="v1.5",
        comparisons=tuple(Comparison(other=system.name, difference=gain) for system in systems[1:]),
        subsets=subsets,
    )


ABOVE = Difference(0.04, 0.02, 0.06, 0.0004)
UNSURE = Difference(0.01, -0.01, 0.03, 0.3)


def find_row(text: str) -> str:
    """Return the row of the table of targets."""
    standing = text.split("## Where others stand")[1].split("## Every report")[0]
    return next(line for line in standing.splitlines() if "ml-100k | [leave-one-out]" in line)


def test_a_missed_target_says_by_how_much() -> None:
    text = compose_summary([make_report(0.15, UNSURE)])
    row = find_row(text)
    assert "| EASE: 0.110 [0.100, 0.120] |" in row
    assert "| **0.150 [0.140, 0.160]** |" in row
    assert "| +0.010 [-0.010, +0.030], p = 0.300 |" in row
    assert row.endswith("| no, 0.015 short (9 %) |")
    assert "Targets met: 0 of 1 measured." in text
    assert "excludes 0: 0 of 1." in text


def test_a_met_target_says_so() -> None:
    text = compose_summary([make_report(0.165, ABOVE)])
    assert find_row(text).endswith("p < 0.001 |  |  | yes |")
    assert "Targets met: 1 of 1 measured." in text
    assert "excludes 0: 1 of 1." in text


def test_every_target_has_a_row_even_unmeasured() -> None:
    standing = compose_summary([make_report(0.15, ABOVE)]).split("## Every report")[0]
    rows = [line for line in standing.splitlines() if line.startswith("| ml-")]
    assert len(rows) == len(TARGETS) == 7
    assert sum("not measured" in row for row in rows) == 6
    assert all(row.count("|") == rows[0].count("|") for row in rows)


def test_the_best_single_model_is_never_a_pipeline() -> None:
    best = find_best_single(make_report(0.15, ABOVE))
    assert best is not None
    assert best.name == "EASE"
    bare = make_report(0.15, ABOVE)
    assert find_best_single(bare.model_copy(update={"systems": bare.systems[:2]})) is None


def test_beyond_accuracy_stands_next_to_the_best_single_model() -> None:
    text = compose_summary([make_report(0.15, ABOVE)]).split("## Beyond accuracy")[1]
    rows = [line.split(" | ")[2:] for line in text.splitlines() if line.startswith("| ml-100k | leave")][:3]
    assert [row[0] for row in rows] == ["v2", "v1.5", "EASE"]
    assert rows[0][2:] == ["0.250", "150 |"]
    assert "more of the catalogue than the best single model in 1 of 1 reports" in text


def test_users_by_themselves_get_a_row() -> None:
    subset = Subset(
        name="untied",
        description="users whose last event stands alone",
        counts=Counts(users=400, rows=400, relevant=400, cold_rows=0),
        metrics={
            "v2": {"ndcg@10": Interval(0.1, 0.05, 0.15)},
            "v1-als": {"ndcg@10": Interval(0.09, 0.04, 0.14)},
        },
        best_other="v1-als",
        difference=UNSURE,
    )
    text = compose_summary([make_report(0.15, ABOVE, (subset,))])
    assert (
        "| untied | 400 of 727 | 0.100 [0.050, 0.150] | v1-als: 0.090 [0.040, 0.140] | "
        "+0.010 [-0.010, +0.030], p = 0.300 |"
    ) in text
    assert "*untied*: users whose last event stands alone." in text


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.dataset} {target.protocol}")
def test_goals_are_above_the_prototype(target) -> None:
    assert target.prototype is None or target.goal > target.prototype


def test_chart_titles_say_the_outcome() -> None:
    assert tell_outcome(make_report(0.155, ABOVE)) == "v2 is 35% above v1.5, the best other (p < 0.001)"
    below = Difference(-0.0115, -0.02, -0.01, 0.01)
    assert tell_outcome(make_report(0.1, below)) == "v2 is 10% below v1.5, the best other (p = 0.010)"
    assert "cannot be told apart" in tell_outcome(make_report(0.155, UNSURE))
    assert find_goal(make_report(0.155, ABOVE)) == 0.165
