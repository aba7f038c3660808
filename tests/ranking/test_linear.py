from __future__ import annotations

import numpy as np
import pytest

from movierec.ranking.features import FEATURE_NAMES, STANDARDISED
from movierec.ranking.linear import BOUNDS, Examples, LinearPart

N = 20_000
TRUE = (1.5, -1.0)
"""What the labels are drawn by: the first two scores."""


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(N, len(FEATURE_NAMES))).astype(np.float32)


@pytest.fixture(scope="module")
def part(rows) -> LinearPart:
    chance = np.random.default_rng(4).random(N)
    signal = rows[:, STANDARDISED[0]] * TRUE[0] + rows[:, STANDARDISED[1]] * TRUE[1] - 2.0
    label = chance < 1.0 / (1.0 + np.exp(-signal))
    weight = np.ones(N, np.float32)
    return LinearPart.fit(0.4, [Examples(rows, label, weight), Examples(rows, ~label, weight)])


def test_finds_the_weights_labels_were_drawn_by(part):
    assert part.weight.shape == (2, len(STANDARDISED))
    np.testing.assert_allclose(part.weight[0, :2], TRUE, atol=0.25)
    assert np.abs(part.weight[0, 2:]).max() < 0.2
    assert part.bias[0] == pytest.approx(-2.0, abs=0.25)


def test_a_head_of_opposite_labels_says_the_opposite(part, rows):
    one, other = part.score(rows, np.array([1.0, 0.0])), part.score(rows, np.array([0.0, 1.0]))
    np.testing.assert_allclose(one, -other, atol=1e-3)


def test_blends_are_linear(part, rows):
    one, other = part.score(rows, np.array([1.0, 0.0])), part.score(rows, np.array([0.0, 1.0]))
    np.testing.assert_allclose(part.score(rows, np.array([0.3, 0.1])), 0.3 * one + 0.1 * other, atol=1e-9)


def test_contributions_add_up_and_touch_scores_only(part, rows):
    blend = np.array([0.3, 0.1])
    base, values = part.contribute(rows, blend)
    np.testing.assert_allclose(base + values.sum(axis=1), part.score(rows, blend), atol=1e-9)
    others = np.setdiff1d(np.arange(len(FEATURE_NAMES)), STANDARDISED)
    assert not values[:, others].any()


def test_extreme_and_unknown_scores_are_bounded(part, rows):
    extreme, at_bound, unknown, average = (rows[:1].copy() for _ in range(4))
    extreme[:, STANDARDISED[0]], at_bound[:, STANDARDISED[0]] = 1e6, BOUNDS[1]
    unknown[:, STANDARDISED[0]], average[:, STANDARDISED[0]] = np.nan, 0.0
    blend = np.array([1.0, 0.0])
    assert part.score(extreme, blend) == part.score(at_bound, blend)
    assert part.score(unknown, blend) == part.score(average, blend)
    assert part.score(extreme, blend) > part.score(average, blend)


def test_a_constant_column_gets_no_say(rows):
    flat = rows.copy()
    flat[:, STANDARDISED[2]] = 0.0
    label = flat[:, STANDARDISED[0]] > 0
    part = LinearPart.fit(0.4, [Examples(flat, label, np.ones(N, np.float32))])
    assert part.weight[0, 2] == 0.0


def test_state_round_trip(part, rows):
    again = LinearPart.from_state(part.state())
    blend = np.array([0.3, 0.1])
    np.testing.assert_array_equal(again.score(rows, blend), part.score(rows, blend))
    assert again.share == part.share
