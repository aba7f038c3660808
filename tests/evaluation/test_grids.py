from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from movierec.evaluation.grids import GridPoint, PeerTuning, tabulate_tuning

NUMBERS = st.integers(0, 10**6).map(lambda number: number / 1000)


def make_tuning(*points: tuple[float, float, float]) -> PeerTuning:
    """Return a tuning of (ridge, size, NDCG) points; the first is the winner."""
    made = tuple(GridPoint(params={"ridge": ridge, "size": size}, ndcg=ndcg) for ridge, size, ndcg in points)
    return PeerTuning(name="EASE", points=made, winner=made[0].params, rows=1234, seconds=1.5)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_json_reads_back_equal(points: list[tuple[float, float, float]]) -> None:
    tuning = make_tuning(*points)
    assert PeerTuning.model_validate_json(tuning.model_dump_json()) == tuning


def test_json_holds_a_line_of_numbers_for_each_setting() -> None:
    written = json.loads(make_tuning((300, 64, 0.25), (100, 64, 0.125)).model_dump_json())
    assert written["points"] == {"ridge": "300 100", "size": "64 64", "ndcg": "0.25 0.125"}


def test_no_points_read_back_as_none() -> None:
    empty = PeerTuning(name="x", points=(), winner={}, rows=0, seconds=0.0)
    assert PeerTuning.model_validate_json(empty.model_dump_json()) == empty


def test_the_table_marks_the_winner_among_what_was_tried() -> None:
    row = tabulate_tuning([make_tuning((300, 64, 0.25), (100, 64, 0.125), (20, 64, 0.0))]).splitlines()[-1]
    assert row == "| EASE | ridge 20 100 **300** | 3 | 0.250 | 0.000 | 1,234 |"
