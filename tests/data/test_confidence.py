from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data.confidence import ConfidenceConfig, from_ratings


@pytest.mark.parametrize(("stars", "expected"), [(0.5, 0), (2.5, 0), (3, 0.5), (5, 2.5), (float("nan"), 0)])
def test_only_stars_above_neutral_count(stars: float, expected: float) -> None:
    assert from_ratings([stars]).tolist() == [expected]


def test_neutral_point_can_be_moved() -> None:
    assert from_ratings([3.0, 4.0], neutral=3.5).tolist() == [0.0, 0.5]


@given(st.lists(st.floats(0.5, 5, width=32)))
def test_more_stars_never_mean_less_confidence(stars: list[float]) -> None:
    confidence = from_ratings(np.sort(np.array(stars, np.float32)))
    assert confidence.dtype == np.float32
    assert (np.diff(confidence) >= 0).all()
    assert (confidence >= 0).all()


def test_default_event_weights() -> None:
    assert dict(ConfidenceConfig().event_weights) == {"watch": 1.0, "like": 2.0, "complete": 3.0}
