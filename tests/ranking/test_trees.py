"""The scorer against scikit-learn, to the last bit, where values are ordinary and where they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from movierec.ranking.ranker import Head, Ranker
from movierec.ranking.trees import BLOCK, Forest, floor_to_single

WIDTH = 9
ODD = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 1e-40, 3.4028235e38, -3.4028235e38], np.float32
)


def fit(seed: int, leaves: int = 31, **settings: object) -> HistGradientBoostingClassifier:
    """Return a classifier over columns that miss values in telling ways, and one constant column."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(1500, WIDTH)).astype(np.float32)
    rows[:, 1] = np.round(rows[:, 1])
    rows[:, 2] = 7.0
    rows[:, 3] *= 1e-42
    rows[:, 4] *= 1e37
    answer = rows[:, 0] + rows[:, 1] + rows[:, 5] + np.sign(rows[:, 3]) + rng.normal(size=len(rows)) > 0
    # Missing means yes in one column and no in the next, so that missing values go both ways.
    rows[answer & (rng.random(len(rows)) < 0.3), 5] = np.nan
    rows[~answer & (rng.random(len(rows)) < 0.3), 6] = np.nan
    rows[rng.random(len(rows)) < 0.2, 7] = np.nan
    # Nothing but missing or not: scikit-learn then splits at infinity.
    rows[:, 8] = np.where(answer & (rng.random(len(rows)) < 0.5), np.nan, 1.0)
    model = HistGradientBoostingClassifier(
        max_iter=25, max_leaf_nodes=leaves, min_samples_leaf=2, early_stopping=False, random_state=seed
    )
    return model.set_params(**settings).fit(rows, answer)


@pytest.fixture(scope="module")
def models() -> list[HistGradientBoostingClassifier]:
    return [fit(0), fit(1), fit(2, leaves=5)]


@pytest.fixture(scope="module")
def forest(models) -> Forest:
    made = Forest.of(models)
    assert made is not None
    return made


def add_up(models: list[HistGradientBoostingClassifier], share: np.ndarray, rows: np.ndarray) -> np.ndarray:
    total = np.zeros(len(rows))
    for weight, model in zip(share, models, strict=True):
        total += weight * model.decision_function(rows)
    return total


def test_a_tree_known_by_heart():
    """Two splits: x0 <= 1.5 says -1; then x1 <= 0, missing included, says 10, more says 20."""
    names = ["value", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "is_leaf"]
    formats = ["f8", "i8", "f8", "u1", "u4", "u4", "u1"]
    nodes = np.zeros(5, np.dtype({"names": [*names, "is_categorical"], "formats": [*formats, "u1"]}))
    nodes[names] = [
        (0, 0, 1.5, 0, 1, 2, 0),
        (-1, 0, 0, 0, 0, 0, 1),
        (0, 1, 0.0, 1, 3, 4, 0),
        (10, 0, 0, 0, 0, 0, 1),
        (20, 0, 0, 0, 0, 0, 1),
    ]
    model = type("Model", (), {})()
    model._predictors = [[type("Tree", (), {"nodes": nodes})()]]
    model._baseline_prediction = np.array([[100.0]])
    forest = Forest.of([model])
    nan = np.nan
    rows = [
        [1.5, 9],
        [1.6, 0],
        [1.6, nan],
        [1.6, 0.1],
        [nan, 0.1],
        [nan, nan],
        [np.inf, np.inf],
        [-np.inf, 0],
    ]
    found = forest.score(np.array(rows, np.float32), np.array([2.0]))
    np.testing.assert_array_equal(found, 2 * (100.0 + np.array([-1, 10, 10, 20, 20, 10, 20, -1])))


class TestEqualToTheLibrary:
    SHARE = np.array([0.5, 0.3, 0.2])

    def check(self, models, forest, rows) -> None:
        rows = rows.astype(np.float32)
        np.testing.assert_array_equal(forest.score(rows, self.SHARE), add_up(models, self.SHARE, rows))

    def test_on_random_rows_of_several_scales(self, models, forest):
        rng = np.random.default_rng(5)
        for scale in (1e-42, 1e-3, 1.0, 10.0, 1e37):
            rows = rng.normal(size=(300, WIDTH)) * scale
            rows[rng.random(rows.shape) < 0.2] = np.nan
            self.check(models, forest, rows)

    def test_on_values_at_and_beside_every_threshold(self, models, forest):
        rng = np.random.default_rng(6)
        rows = rng.choice(ODD, (len(forest.threshold), WIDTH))
        towards = rng.choice(np.array([-np.inf, np.inf], np.float32), len(rows))
        beside = np.nextafter(forest.threshold, towards)
        place = np.arange(len(rows))
        rows[place, forest.feature] = np.where(place % 2, forest.threshold, beside)
        assert np.isinf(forest.threshold).any(), "no split on missing values alone"
        assert 0 < forest.missing_left.mean() < 1
        self.check(models, forest, rows)

    def test_on_odd_values_everywhere(self, models, forest):
        rng = np.random.default_rng(7)
        self.check(models, forest, rng.choice(ODD, (2000, WIDTH)))
        for value in ODD:
            self.check(models, forest, np.full((3, WIDTH), value))

    @pytest.mark.parametrize("column", range(WIDTH))
    def test_on_columns_that_are_constant_but_for_a_missing_value(self, models, forest, column):
        rows = np.tile(np.random.default_rng(8).normal(size=WIDTH), (40, 1))
        for value in (-5.0, 0.0, 5.0, np.inf, -np.inf):
            rows[:, column] = value
            rows[::3, column] = np.nan
            self.check(models, forest, rows)

    @pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
    def test_on_any_number_of_rows(self, models, forest, count):
        rows = np.random.default_rng(9).normal(size=(count, WIDTH)).astype(np.float32)
        expected = add_up(models, self.SHARE, rows) if count else np.empty(0)
        np.testing.assert_array_equal(forest.score(rows, self.SHARE), expected)

    def test_with_more_leaves_than_half_a_word_has_bits(self):
        models = [fit(3, leaves=64, max_iter=8), fit(4, leaves=3, max_iter=8)]
        forest = Forest.of(models)
        assert forest.mask.dtype == np.uint64
        rows = np.random.default_rng(10).normal(size=(700, WIDTH)).astype(np.float32)
        share = np.array([0.25, 0.75])
        np.testing.assert_array_equal(forest.score(rows, share), add_up(models, share, rows))

    def test_with_trees_that_are_one_leaf(self):
        models = [fit(5, min_samples_leaf=1500, max_iter=3)]
        rows = np.zeros((4, WIDTH), np.float32)
        np.testing.assert_array_equal(
            Forest.of(models).score(rows, np.ones(1)), models[0].decision_function(rows)
        )


def test_a_row_scores_the_same_alone_and_among_others(forest):
    rows = np.random.default_rng(11).normal(size=(300, WIDTH)).astype(np.float32)
    share = np.full(3, 1 / 3)
    alone = [forest.score(rows[index : index + 1], share)[0] for index in range(len(rows))]
    np.testing.assert_array_equal(forest.score(rows, share), alone)


def test_arrays_come_back_as_they_were(forest, tmp_path):
    np.savez(tmp_path / "trees.npz", allow_pickle=False, **forest.state())
    with np.load(tmp_path / "trees.npz", allow_pickle=False) as stored:
        again = Forest.from_state(dict(stored))
    rows = np.random.default_rng(12).normal(size=(50, WIDTH)).astype(np.float32)
    np.testing.assert_array_equal(again.score(rows, np.ones(3)), forest.score(rows, np.ones(3)))


def test_models_without_a_share_are_not_looked_at(models, forest):
    rows = np.random.default_rng(13).normal(size=(50, WIDTH)).astype(np.float32)
    spoilt = Forest.from_state({**forest.state(), "baseline": np.array([forest.baseline[0], np.nan, np.nan])})
    found = spoilt.score(rows, np.array([1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(found, models[0].decision_function(rows))


def test_thresholds_are_rounded_down():
    exact = np.array([0.1, -0.1, 1e300, -1e300, np.inf, 1.5, 1e-50, -1e-50])
    single = floor_to_single(exact)
    assert (single <= exact).all()
    finite = np.isfinite(exact)
    with np.errstate(over="ignore"):
        above = np.nextafter(single[finite], np.float32(np.inf))
    assert (above > exact[finite]).all()


class TestRanker:
    def test_ranks_without_asking_the_library(self, toy_engine, toy_events, monkeypatch):
        rows = toy_engine.rank(toy_events.history(3), 10).features
        ranker = replace(toy_engine.ranker, linear=None)
        expected = ranker._score_by_library(rows, aim="balanced").astype(np.float32)
        broken = pytest.fail
        monkeypatch.setattr(HistGradientBoostingClassifier, "decision_function", lambda *_: broken("asked"))
        np.testing.assert_array_equal(ranker.score(rows), expected)

    def test_trees_the_scorer_cannot_hold_are_left_to_the_library(self, toy_engine, toy_events):
        rows = toy_engine.rank(toy_events.history(3), 10).features
        model = HistGradientBoostingClassifier(max_leaf_nodes=90, min_samples_leaf=1, max_iter=2)
        noise = np.random.default_rng(0).normal(size=(800, rows.shape[1]))
        model.fit(noise, noise[:, 0] * noise[:, 1] > 0)
        assert Forest.of([model]) is None
        ranker = Ranker([model], heads=(Head.NEXT,))
        np.testing.assert_array_equal(ranker.score(rows), model.decision_function(rows).astype(np.float32))
