from __future__ import annotations

import numpy as np
import pytest
from toy_data import START, make_history, tabulate

from movierec.ranking.bias import SHRINKAGE, RatingBias
from movierec.schema import History

STRICT, MILD = range(40), range(40, 80)


@pytest.fixture(scope="module")
def bias() -> RatingBias:
    """Item 0 gets a star more than item 1 from everybody; mild viewers give a star more than strict ones."""
    rows = [
        (user, item, 3.0 + (user in MILD) - item, START + item)
        for user in (*STRICT, *MILD)
        for item in (0, 1)
    ]
    return RatingBias.fit(tabulate(rows, n_items=3))


def test_items_are_told_apart_whoever_rates_them(bias):
    assert bias.mean == pytest.approx(3.0)
    assert bias.item[0] == pytest.approx(-bias.item[1], abs=1e-6)
    assert bias.item[0] == pytest.approx(0.5 * 80 / (80 + SHRINKAGE), rel=1e-3)
    assert bias.item[2] == 0


def test_expected_stars_follow_the_viewer(bias):
    mild, strict = make_history([(0, 5.0), (1, 4.0)] * 50), make_history([(0, 2.0), (1, 1.0)] * 50)
    everything = np.arange(len(bias.item))
    gap = bias.expect(mild, everything) - bias.expect(strict, everything)
    assert np.allclose(gap, gap[0])
    assert gap[0] == pytest.approx(3.0 * 100 / (100 + SHRINKAGE), rel=1e-5)


def test_an_empty_history_expects_the_average(bias):
    everything = np.arange(len(bias.item))
    np.testing.assert_allclose(bias.expect(History.empty(), everything), bias.mean + bias.item)


def test_unrated_events_say_nothing():
    rows = tabulate([(0, 0, 4.0, START), (0, 1, np.nan, START + 1)], n_items=2)
    assert RatingBias.fit(rows).item[1] == 0
    silent = RatingBias.fit(tabulate([(0, 0, np.nan, START)], n_items=2))
    assert np.isnan(silent.mean)
    assert not silent.item.any()


def test_state_round_trip(bias):
    again = RatingBias.from_state(bias.state())
    asked = make_history([(0, 5.0)])
    everything = np.arange(len(bias.item))
    np.testing.assert_array_equal(again.expect(asked, everything), bias.expect(asked, everything))
