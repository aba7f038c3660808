from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from movierec.importance import measure_importance, pick_histories
from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES


def test_is_the_mean_size_of_the_contributions_of_what_is_listed(toy_engine, toy_events) -> None:
    histories = [toy_events.history(3), toy_events.history(90)]
    found = measure_importance(toy_engine, histories, length=4)
    rows = []
    for history in histories:
        ranked = toy_engine.rank(history, 4)
        rows.append(ranked.features[ranked.row[:4]])
    expected = np.abs(Explainer(toy_engine.ranker).explain(np.concatenate(rows)).values).mean(axis=0)
    assert {each.name: each.mean_absolute for each in found.features} == pytest.approx(
        dict(zip(FEATURE_NAMES, expected, strict=True))
    )
    sizes = [each.mean_absolute for each in found.features]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0
    assert (found.n_viewers, found.n_items) == (2, 8)


def test_without_a_ranker_there_is_none(toy_engine, toy_events) -> None:
    assert measure_importance(replace(toy_engine, ranker=None), [toy_events.history(3)]) is None


def test_viewers_are_spread_and_never_repeated(toy_events) -> None:
    assert len(pick_histories(toy_events, 5)) == 5
    assert len(pick_histories(toy_events, 10**6)) == toy_events.n_users
