from __future__ import annotations

import numpy as np
import pytest

from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES, STANDARDISED
from movierec.ranking.ranker import Head, Ranker
from movierec.schema import Aim, History


@pytest.fixture(scope="module")
def rows(toy_engine, toy_events) -> np.ndarray:
    real = [
        toy_engine.rank(history, 10).features
        for history in (toy_events.history(3), toy_events.history(90), History.empty())
    ]
    noise = np.random.default_rng(0).normal(0, 100, (20, len(FEATURE_NAMES))).astype(np.float32)
    noise[::2, ::3] = np.nan
    nothing = np.full((1, len(FEATURE_NAMES)), np.nan, np.float32)
    return np.concatenate([*real, noise, nothing])


@pytest.mark.parametrize("n_models", [1, 2])
def test_contributions_add_up_to_the_score(toy_engine, rows, n_models):
    ranker = Ranker(toy_engine.ranker.models[:n_models])
    found = Explainer(ranker).explain(rows)
    assert found.values.shape == rows.shape
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), ranker.score(rows), rtol=0, atol=1e-5)
    assert np.abs(found.values).max() > 0.05


@pytest.mark.parametrize("aim", list(Aim))
def test_contributions_follow_the_aim(toy_engine, rows, aim):
    first, second = toy_engine.ranker.models[:2]
    ranker = Ranker([first, second], heads=(Head.NEXT, Head.RETURN))
    found = Explainer(ranker).explain(rows, aim)
    score = ranker.score(rows, aim)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), score, rtol=0, atol=1e-5)


@pytest.mark.parametrize("aim", list(Aim))
def test_contributions_of_trees_and_linear_part_add_up(toy_engine, rows, aim):
    assert toy_engine.ranker.linear is not None
    found = Explainer(toy_engine.ranker).explain(rows, aim)
    score = toy_engine.ranker.score(rows, aim)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), score, rtol=0, atol=1e-4)


def test_features_nothing_looks_at_contribute_nothing(toy_engine, rows):
    used = {*STANDARDISED.tolist(), FEATURE_NAMES.index("item_conf_sum")} | {
        int(node["feature_idx"])
        for model in toy_engine.ranker.models
        for stage in model._predictors
        for tree in stage
        for node in tree.nodes
        if not node["is_leaf"]
    }
    unused = sorted(set(range(len(FEATURE_NAMES))) - used)
    assert unused
    assert not Explainer(toy_engine.ranker).explain(rows).values[:, unused].any()
