from __future__ import annotations

import json

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.config import Settings
from movierec.errors import DataError
from movierec.evaluation import cold_start
from movierec.evaluation.cold_start import FOLDS, GENRES_STEP, find_newcomers, measure_cold_start
from movierec.evaluation.cold_start_report import CROWD, ColdStartReport, Step, compose_cold_start, find_first
from movierec.evaluation.intervals import Difference, Interval
from movierec.ranking.lean import STEPS
from movierec.ranking.newcomers import list_likes


def make_step(name: str, mean: float, low: float) -> Step:
    interval = Interval(0.1, 0.1, 0.1)
    return Step(
        name=name,
        systems={"v2": interval},
        gain=None,
        best_crowd=CROWD,
        over_crowd=Difference(mean, low, 1.0, 0.5),
    )


@pytest.mark.parametrize(
    ("means", "first"),
    [
        ([-0.1, 0.1, 0.1, 0.1], 1),
        ([0.1, -0.1, 0.1, 0.1], 3),
        ([0.1, 0.1, 0.1, -0.1], None),
        ([0.1] * 4, 0),
    ],
)
def test_the_fewest_likes_are_those_from_which_it_stays_above(means, first):
    steps = [make_step(name, mean, -1.0) for name, mean in zip(("0", "1", "3", "5"), means, strict=True)]
    steps.insert(1, make_step(GENRES_STEP, -1.0, -1.0))
    assert find_first(steps, sure=False) == first
    assert find_first(steps, sure=True) is None


def test_viewers_set_aside_are_never_asked_and_nothing_revealed_is_to_be_found(toy_dataset):
    newcomers = find_newcomers(toy_dataset, seed=0)
    aside = np.random.default_rng(0).permutation(160)[: int(0.4 * 160)]
    assert newcomers
    assert not {each.user_idx for each in newcomers} & set(aside.tolist())
    for each in newcomers:
        likes = list_likes(toy_dataset.interactions.history(each.user_idx))
        np.testing.assert_array_equal(each.revealed.item_idx, likes.item_idx[: STEPS[-1]])
        assert set(each.wanted) == set(likes.item_idx[STEPS[-1] :]) - set(likes.item_idx[: STEPS[-1]])
        assert all(
            any(genre in toy_dataset.catalog.genres[item] for item in each.revealed.item_idx)
            for genre in each.genres
        )


@pytest.fixture(scope="module")
def report(toy_dataset) -> ColdStartReport:
    return measure_cold_start(toy_dataset, SMALL_BUILD)


def test_fits_never_meet_whom_they_are_asked_for(toy_dataset, monkeypatch, toy_engine):
    met = []

    def fit(train, catalog, config, progress):
        met.append(set(train.user_idx.tolist()))
        return toy_engine

    monkeypatch.setattr(cold_start, "fit_whole_engine", fit)
    measure_cold_start(toy_dataset, SMALL_BUILD)
    newcomers = find_newcomers(toy_dataset, 0)
    assert len(met) == FOLDS
    for fold, known in enumerate(met):
        assert not {each.user_idx for each in newcomers[fold::FOLDS]} & known
        assert {each.user_idx for each in newcomers[fold + 1 :: FOLDS]} & known or fold


def test_steps_are_measured_against_the_right_ones(report):
    assert [step.name for step in report.steps] == ["0", GENRES_STEP, "1", "3", "5", "10"]
    means = [step.systems["v2"].mean for step in report.steps]
    assert report.steps[0].gain is None
    for place, before in ((1, 0), (2, 0), (3, 2), (4, 3), (5, 4)):
        assert report.steps[place].gain.mean == pytest.approx(means[place] - means[before])
    for step in report.steps:
        best = max(mean.mean for name, mean in step.systems.items() if name.startswith("popularity"))
        assert step.systems[step.best_crowd].mean == best
        assert step.over_crowd.mean == pytest.approx(step.systems["v2"].mean - best)
    assert means[-1] > means[0] + 0.02


def test_reports_are_written_and_say_what_was_found(report, toy_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(cold_start, "load_dataset", lambda *_: toy_dataset)
    monkeypatch.setattr(cold_start, "measure_cold_start", lambda *_, **__: report)
    files = cold_start.write_cold_start("toy", tmp_path, Settings(home=tmp_path))
    assert [path.name for path in files] == ["cold-start.json", "cold-start.md", "cold-start.png"]
    assert json.loads(files[0].read_text())["receipt"]["protocol"] == "cold-start"
    text = compose_cold_start(report)
    assert ("rises at every step" in text) == report.rises or "does not rise" in text
    assert "simulated" in text


def test_nobody_to_ask_is_told(tiny):
    few = tiny.interactions.take(np.arange(len(tiny.interactions)) < 5)
    with pytest.raises(DataError, match="more than 10 liked titles"):
        find_newcomers(type(tiny)(tiny.info, tiny.user_id, tiny.catalog, few), 0)
