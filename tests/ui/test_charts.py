from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.charts import make_waterfall

amounts = st.dictionaries(st.text(max_size=5), st.floats(-3, 3), max_size=20)


@given(st.floats(-5, 5), amounts, st.integers(1, 12))
def test_steps_lead_from_the_average_to_the_score(
    base: float, contributions: dict[str, float], n_max: int
) -> None:
    rows = make_waterfall(base, contributions, n_max)
    position = base
    for row in rows:
        assert row["start"] == position
        position = row["end"]
    assert position == pytest.approx(base + sum(contributions.values()), abs=1e-9)
    assert len(rows) <= n_max + 1


def test_small_features_are_summed_up_last() -> None:
    rows = make_waterfall(0.0, {"als_score": 0.1, "big": -2.0, "tiny": 0.05}, 1)
    assert [row["feature"] for row in rows] == ["Big", "2 other features"]
    assert [row["direction"] for row in rows] == ["down", "up"]
