from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movierec.errors import DataError
from movierec.evaluation.calibration import (
    CalibrationReport,
    Reliability,
    measure_calibration,
    measure_reliability,
    write_calibration,
)
from movierec.evaluation.held_out import HeldOut

TENTHS = np.linspace(0, 1, 11)


def measure(predicted: np.ndarray, came_true: np.ndarray, n_users: int = 50) -> Reliability:
    owner = (np.arange(len(predicted)) % n_users).astype(np.int32)
    return measure_reliability("match", "liked", predicted, came_true, owner, TENTHS, seed=0)


def test_bins_by_hand() -> None:
    predicted = np.array([0.05, 0.05, 0.95, 0.95, 1.0])
    found = measure(predicted, np.array([False, True, True, True, False]))
    assert [part.count for part in found.bins] == [2, 3]
    assert [part.observed.mean for part in found.bins] == pytest.approx([1 / 2, 2 / 3])
    assert [part.predicted for part in found.bins] == pytest.approx([0.05, 2.9 / 3])
    assert found.error == pytest.approx((2 * 0.45 + 3 * 0.3) / 5)
    assert (found.predicted, found.observed) == (pytest.approx(0.6), pytest.approx(0.6))


def test_true_chances_are_found_calibrated_and_intervals_hold_them() -> None:
    rng = np.random.default_rng(1)
    predicted = rng.random(20_000)
    found = measure(predicted, rng.random(20_000) < predicted)
    assert found.error < 0.02
    assert "can be read as a chance" in found.verdict()
    inside = [part.observed.low <= part.predicted <= part.observed.high for part in found.bins]
    assert sum(inside) >= 8


def test_doubled_chances_read_twice_too_high() -> None:
    rng = np.random.default_rng(2)
    chance = rng.random(20_000) / 2
    found = measure(2 * chance, rng.random(20_000) < chance)
    assert "too high" in found.verdict()
    assert found.predicted / found.observed == pytest.approx(2, abs=0.1)
    assert "too low" in measure(chance / 4, rng.random(20_000) < chance).verdict()


def test_users_who_share_an_outcome_widen_the_intervals() -> None:
    """The same 400 outcomes: of 200 users each of their own, or of 4 users who agree with themselves."""
    predicted = np.full(400, 0.5)
    came_true = np.arange(400) % 4 < 2
    apart = measure(predicted, came_true, 400).bins[0].observed
    alike = measure(predicted, came_true, 4).bins[0].observed
    assert alike.high - alike.low > 3 * (apart.high - apart.low)


@pytest.fixture(scope="module")
def report(held_out: HeldOut) -> CalibrationReport:
    return measure_calibration(held_out)


def test_every_candidate_of_everybody_is_scored(held_out: HeldOut, report: CalibrationReport) -> None:
    assert report.n_users == len(np.unique(held_out.split.held_out.user_idx))
    assert report.score.count == report.n_candidates > 30 * report.n_users
    assert report.match.count == report.n_watched <= report.n_held_out
    engine, split = held_out.engine, held_out.split
    came_true = 0
    for user in np.unique(split.held_out.user_idx):
        future, history = split.held_out.history(int(user)), split.history(int(user))
        candidates = engine.fusion.merge(history, engine.fusion.score(history)).item_idx
        came_true += int(np.isin(candidates, future.item_idx[future.rating > 2.5]).sum())
    counted = sum(one.count * one.observed.mean for one in report.score.bins)
    assert counted == pytest.approx(came_true) != 0


def test_without_a_ranker_there_is_nothing_to_calibrate(held_out: HeldOut) -> None:
    bare = replace(held_out, engine=replace(held_out.engine, ranker=None))
    with pytest.raises(DataError, match="too small for a ranker"):
        measure_calibration(bare)


def test_writes_what_reads_back(held_out: HeldOut, report: CalibrationReport, tmp_path: Path) -> None:
    data, text, picture = write_calibration(held_out, tmp_path)
    read = CalibrationReport.model_validate_json(data.read_bytes())
    assert (read.score, read.match) == (report.score, report.match)
    assert picture.read_bytes().startswith(b"\x89PNG")
    words = text.read_text()
    assert report.match.verdict() in words
    assert "nan" not in words.lower().split()
