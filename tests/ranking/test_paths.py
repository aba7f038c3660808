"""Contributions against their definition, and against the library that made them known."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import shap
from sklearn.ensemble import HistGradientBoostingClassifier

from movierec.ranking.paths import TreePaths

WIDTH = 7
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4e38], np.float32)


def fit(seed: int, leaves: int = 31, trees: int = 20) -> HistGradientBoostingClassifier:
    """Return a classifier some of whose columns miss values, in telling ways."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(1200, WIDTH)).astype(np.float32)
    answer = rows[:, 0] * rows[:, 1] + rows[:, 2] + rng.normal(size=len(rows)) > 0
    rows[answer & (rng.random(len(rows)) < 0.3), 3] = np.nan
    rows[~answer & (rng.random(len(rows)) < 0.3), 4] = np.nan
    # Nothing but missing or not: scikit-learn then splits at infinity.
    rows[:, 5] = np.where(answer & (rng.random(len(rows)) < 0.5), np.nan, 1.0)
    model = HistGradientBoostingClassifier(
        max_iter=trees, max_leaf_nodes=leaves, min_samples_leaf=2, early_stopping=False, random_state=seed
    )
    return model.fit(rows, answer)


@pytest.fixture(scope="module")
def models() -> list[HistGradientBoostingClassifier]:
    return [fit(0), fit(1, leaves=64), fit(2, leaves=4)]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    rng = np.random.default_rng(9)
    ordinary = rng.normal(size=(30, WIDTH)).astype(np.float32)
    ordinary[::3, 3:6] = np.nan
    return np.concatenate([ordinary, rng.choice(ODD, (30, WIDTH)).astype(np.float32)])


def expect(nodes: np.ndarray, index: int, row: np.ndarray, known: set[int]) -> float:
    """Return a tree's mean over the training rows that agree with the row on the known features."""
    node = nodes[index]
    if node["is_leaf"]:
        return float(node["value"])
    value = row[node["feature_idx"]]
    left = bool(node["missing_go_to_left"]) if np.isnan(value) else value <= node["num_threshold"]
    if int(node["feature_idx"]) in known:
        return expect(nodes, int(node["left" if left else "right"]), row, known)
    children = [int(node["left"]), int(node["right"])]
    weights = [float(nodes["count"][child]) / float(node["count"]) for child in children]
    return sum(
        weight * expect(nodes, child, row, known) for weight, child in zip(weights, children, strict=True)
    )


def test_values_are_shapley_s_by_definition(rows):
    model = fit(5, leaves=8, trees=1)
    nodes = model._predictors[0][0].nodes
    base, values = TreePaths.of([model]).contribute(rows[:6], np.ones(1))
    assert base == pytest.approx(model._baseline_prediction[0, 0] + expect(nodes, 0, rows[0], set()))
    for row, found in zip(rows[:6], values, strict=True):
        for feature in range(WIDTH):
            others = [other for other in range(WIDTH) if other != feature]
            total = 0.0
            for size in range(WIDTH):
                weight = factorial(size) * factorial(WIDTH - 1 - size) / factorial(WIDTH)
                for some in combinations(others, size):
                    gain = expect(nodes, 0, row, {*some, feature}) - expect(nodes, 0, row, set(some))
                    total += weight * gain
            assert found[feature] == pytest.approx(total, abs=1e-12)


def test_values_are_the_library_s(models, rows):
    share = np.array([0.5, 0.0, 0.2])
    base, values = TreePaths.of(models).contribute(rows[:30], share)
    theirs = [shap.TreeExplainer(model) for model in models]
    expected = sum(
        part * np.asarray(one.shap_values(rows[:30], check_additivity=False))
        for part, one in zip(share, theirs, strict=True)
    )
    np.testing.assert_allclose(values, expected, atol=1e-10)
    means = [float(np.ravel(one.expected_value)[0]) for one in theirs]
    assert base == pytest.approx(share @ means)


def test_values_add_up_for_odd_rows_and_deep_trees(models, rows):
    share = np.array([0.5, 0.3, 0.2])
    base, values = TreePaths.of(models).contribute(rows, share)
    score = sum(part * model.decision_function(rows) for part, model in zip(share, models, strict=True))
    np.testing.assert_allclose(base + values.sum(axis=1), score, atol=1e-10)
    assert np.abs(values).max() > 0.05


def test_trees_of_one_leaf_contribute_nothing(rows):
    model = HistGradientBoostingClassifier(min_samples_leaf=1500, max_iter=3)
    model.fit(np.random.default_rng(0).normal(size=(400, WIDTH)), np.arange(400) % 4 == 0)
    base, values = TreePaths.of([model]).contribute(rows, np.ones(1))
    assert not values.any()
    assert base == pytest.approx(model.decision_function(rows)[0])


def test_a_row_alone_gets_what_it_gets_among_others(models, rows):
    paths, share = TreePaths.of(models), np.array([0.5, 0.3, 0.2])
    together = paths.contribute(rows, share)[1]
    alone = np.concatenate(
        [paths.contribute(rows[index : index + 1], share)[1] for index in range(len(rows))]
    )
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-13)
    assert paths.contribute(rows[:0], share)[1].shape == (0, WIDTH)


def test_arrays_come_back_as_they_were(models, rows):
    paths, share = TreePaths.of(models), np.array([0.5, 0.3, 0.2])
    again = TreePaths.from_state(paths.state())
    np.testing.assert_array_equal(again.contribute(rows, share)[1], paths.contribute(rows, share)[1])
