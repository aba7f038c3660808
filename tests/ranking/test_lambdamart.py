from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.artifacts import open_current
from movierec.bundles import read_contents
from movierec.config import Settings
from movierec.errors import ConfigError, IncompatibleBundleError
from movierec.pipeline import build
from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.lambdamart import LambdaMart, measure_spread
from movierec.ranking.pairwise import add_lambdas
from movierec.ranking.ranker import Ranker
from movierec.ranking.training import TrainingRows
from movierec.stages import RankerConfig

CONFIG = RankerConfig(
    later_seeds=(),
    kind="lambdamart",
    max_iter=20,
    learning_rate=0.2,
    max_leaf_nodes=4,
    min_samples_leaf=5,
    max_features=1.0,
    l2_regularization=0.1,
)
SIGNAL, DECOY = FEATURE_NAMES.index("merge_score"), FEATURE_NAMES.index("item_year")


def make_rows(features: np.ndarray, rating: np.ndarray, size: int, weight: np.ndarray | None = None):
    n = len(rating)
    return TrainingRows(
        features.astype(np.float32),
        rating.astype(np.float32),
        np.ones(n, np.float32) if weight is None else weight.astype(np.float32),
        np.arange(n) // size,
        np.zeros(n, np.int64),
        (),
    )


@pytest.fixture(scope="module")
def planted() -> TrainingRows:
    """Lists of 12 in which one feature gives the order, from disliked over weak to liked."""
    rng = np.random.default_rng(0)
    features = rng.integers(0, 20, (480, len(FEATURE_NAMES)))
    features[:, SIGNAL] = np.concatenate([rng.permutation(12) for _ in range(40)])
    place = features[:, SIGNAL]
    return make_rows(features, np.select([place >= 10, place >= 8], [5.0, 3.0], -1.0), 12)


def differentiate(score, gain, weight, offsets, truncation=1000.0):
    gradient, hessian = np.empty(len(score)), np.empty(len(score))
    add_lambdas(
        np.asarray(score, np.float64),
        np.asarray(gain, np.float32),
        np.asarray(weight, np.float32),
        np.asarray(offsets, np.int64),
        truncation,
        gradient,
        hessian,
    )
    return gradient, hessian


def test_one_pair_by_hand():
    gradient, hessian = differentiate([0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0, 2])
    # The positive is second of two: swapping gains 1 - 1/log2(3), over an ideal of 1.
    change, miss = 1.0 - 1.0 / np.log2(3.0), 1.0 / (1.0 + np.exp(-1.0))
    np.testing.assert_allclose(gradient, [-change * miss, change * miss])
    np.testing.assert_allclose(hessian, [change * miss * (1 - miss)] * 2)


def test_a_weighed_up_negative_pushes_like_its_copies():
    """Three negatives in a row at equal scores: one standing for three, against all three."""
    score, gain = [2.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]
    whole, _ = differentiate(score, gain, np.ones(5), [0, 5])
    thinned, _ = differentiate([2.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 3.0, 1.0], [0, 3])
    np.testing.assert_allclose(thinned, [whole[0], whole[1:4].sum(), whole[4]])
    ignorant, _ = differentiate([2.0, 1.0, 0.0], [0.0, 0.0, 1.0], np.ones(3), [0, 3])
    assert abs(ignorant[2]) < 0.8 * abs(whole[4])


def test_pairs_beyond_the_truncation_and_lists_without_a_positive_are_left_alone():
    score, gain = np.arange(6.0)[::-1], [0, 0, 0, 1, 0, 0]
    shallow, _ = differentiate(score, gain, np.ones(6), [0, 6], truncation=2.0)
    assert shallow[[0, 1]].all()
    assert shallow[3] == pytest.approx(-shallow[:2].sum())
    assert not shallow[[2, 4, 5]].any()
    nothing, _ = differentiate(score, np.zeros(6), np.ones(6), [0, 6])
    assert not nothing.any()


def test_learns_the_planted_order(planted):
    score = Ranker.fit(planted, CONFIG).score(planted.features)
    assert (score.dtype, score.shape) == (np.float32, (480,))
    for start in range(0, 480, 12):
        rating = planted.rating[start : start + 12]
        ordered = rating[np.argsort(-score[start : start + 12], kind="stable")]
        np.testing.assert_array_equal(ordered, np.sort(rating)[::-1])


def test_only_the_order_within_a_list_is_learnt():
    """A feature that tells good lists from bad ones decides for rows, not for pairs."""
    rng = np.random.default_rng(1)
    features = np.zeros((600, len(FEATURE_NAMES)))
    good = np.arange(600) // 10 % 2 == 0
    features[:, DECOY] = good
    chance = rng.random(600) < np.where(good, 0.5, 0.1)
    rows = make_rows(features, np.where(chance, 5.0, -1.0), 10)
    apart = [
        abs(np.subtract(*Ranker.fit(rows, CONFIG.model_copy(update={"kind": kind})).score(features[[0, 10]])))
        for kind in ("hist_gradient_boosting", "lambdamart")
    ]
    assert apart[0] > 1.0
    assert apart[1] < 1e-6


def test_refit_is_the_same_and_a_row_scores_the_same_alone(planted):
    config = CONFIG.model_copy(update={"kind": "average", "max_features": 0.3, "seeds": (1, 2)})
    first, second = (Ranker.fit(planted, config) for _ in range(2))
    together = first.score(planted.features[:30])
    np.testing.assert_array_equal(together, second.score(planted.features[:30]))
    alone = [first.score(planted.features[row : row + 1])[0] for row in range(30)]
    np.testing.assert_array_equal(together, alone)
    assert first.score(planted.features[:0]).shape == (0,)


def test_the_average_is_of_equal_spread(planted):
    ranker = Ranker.fit(planted, CONFIG.model_copy(update={"kind": "average"}))
    classifiers = replace(ranker, lambdamart=None).score(planted.features)
    pairwise = ranker.lambdamart.score(planted.features)
    np.testing.assert_allclose(
        ranker.score(planted.features), (classifiers + pairwise) / 2, rtol=1e-5, atol=1e-5
    )
    spread = measure_spread(classifiers.astype(np.float64), planted)
    assert spread > 0
    assert measure_spread(pairwise, planted) == pytest.approx(spread, rel=1e-5)


def test_spread_is_within_lists_and_weighed():
    rows = make_rows(np.zeros((4, 1)), np.zeros(4), 2, np.array([1.0, 3.0, 1.0, 1.0]))
    # Lists (0, 4) with mean 3 and (100, 100): (1 * 9 + 3 * 1) / 6.
    assert measure_spread(np.array([0.0, 4.0, 100.0, 100.0]), rows) == pytest.approx(np.sqrt(2.0))


@pytest.mark.parametrize("kind", ["lambdamart", "average"])
def test_contributions_add_up_to_the_score(planted, kind):
    ranker = Ranker.fit(planted, CONFIG.model_copy(update={"kind": kind, "seeds": (0, 1)}))
    rows = planted.features[:40]
    found = Explainer(ranker).explain(rows)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), ranker.score(rows), rtol=0, atol=1e-5)
    assert np.abs(found.values).sum(axis=0).argmax() == SIGNAL


@pytest.fixture(scope="module", params=["lambdamart", "average"])
def home(request, toy_dataset, tmp_path_factory):
    home = tmp_path_factory.mktemp(request.param)
    ranker = SMALL_BUILD.ranker.model_copy(update={"kind": request.param})
    build(toy_dataset, Settings(home=home), SMALL_BUILD.model_copy(update={"ranker": ranker}))
    return home


def test_a_bundle_brings_it_back_to_the_last_bit(home, toy_events):
    bundle = open_current(home / "bundles")
    assert {"lambdamart-0.txt", "lambdamart-1.txt", "lambdamart-scale.npy"} <= set(bundle.manifest.files)
    engine = read_contents(bundle).engine
    features = engine.rank(toy_events.history(3), 10).features
    again = replace(
        engine.ranker,
        lambdamart=LambdaMart.from_texts(engine.ranker.lambdamart.texts(), engine.ranker.lambdamart.scale),
    )
    np.testing.assert_array_equal(engine.ranker.score(features), again.score(features))
    assert len(set(engine.ranker.score(features))) > 10


def test_a_bundle_without_the_extra_says_what_to_do(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(IncompatibleBundleError, match=r"pip install 'movierec\[lightgbm\]'") as refused:
        read_contents(open_current(home / "bundles"))
    assert "\n" not in str(refused.value)


def test_fitting_without_the_extra_says_what_to_do(planted, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ConfigError, match=r"pip install 'movierec\[lightgbm\]'"):
        Ranker.fit(planted, CONFIG)
    Ranker.fit(planted, CONFIG.model_copy(update={"kind": "hist_gradient_boosting", "max_iter": 1}))
