from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from movierec.errors import IncompatibleBundleError
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.ranker import BLENDS, Head, Ranker
from movierec.ranking.training import TIME_CUT, TrainingRows
from movierec.schema import Aim
from movierec.stages import RankerConfig

CONFIG = RankerConfig(max_iter=20, max_leaf_nodes=4, min_samples_leaf=10, max_features=1.0)
SIGNAL = FEATURE_NAMES.index("merge_score")


def make_rows(features: np.ndarray, rating: np.ndarray) -> TrainingRows:
    n = len(rating)
    return TrainingRows(
        features.astype(np.float32),
        rating.astype(np.float32),
        np.ones(n, np.float32),
        np.arange(n) // 10,
        np.zeros(n, np.int64),
        (),
    )


@pytest.fixture(scope="module")
def planted() -> TrainingRows:
    """Rows in which one feature alone decides."""
    features = np.random.default_rng(0).integers(0, 20, (240, len(FEATURE_NAMES)))
    return make_rows(features, np.where(features[:, SIGNAL] >= 10, 4.0, -1.0))


def test_learns_what_decides(planted):
    score = Ranker.fit(planted, CONFIG).score(planted.features)
    picked = planted.rating > 0
    assert score[picked].min() > score[~picked].max()
    assert (score.dtype, score.shape) == (np.float32, (240,))


def test_stars_up_to_two_and_a_half_are_no_positive(planted):
    lukewarm = replace(planted, rating=np.where(planted.rating > 0, 2.5, 4.0).astype(np.float32))
    score = Ranker.fit(lukewarm, CONFIG).score(planted.features)
    assert score[lukewarm.rating == 4.0].min() > score[lukewarm.rating == 2.5].max()


def test_a_feature_nobody_has_a_value_of_is_no_obstacle(planted):
    features = planted.features.copy()
    features[:, SIGNAL - 1] = np.nan
    ranker = Ranker.fit(replace(planted, features=features), CONFIG)
    picked = planted.rating > 0
    assert ranker.score(features)[picked].min() > ranker.score(features)[~picked].max()
    np.testing.assert_array_equal(ranker.score(features), ranker.score(planted.features))


def test_score_is_the_mean_of_the_seeds(planted):
    config = CONFIG.model_copy(
        update={"max_features": 0.3, "seeds": (1, 2), "later_seeds": (), "linear_share": 0.0}
    )
    both = Ranker.fit(planted, config)
    one, two = (Ranker([model]).score(planted.features) for model in both.models)
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(both.score(planted.features), (one + two) / 2, atol=1e-6)


def test_refit_is_the_same_to_the_last_bit(planted):
    first, second = (Ranker.fit(planted, CONFIG).score(planted.features) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_row_scores_the_same_alone_and_among_others(toy_engine, toy_events):
    rows = toy_engine.rank(toy_events.history(3), 10).features
    together = toy_engine.ranker.score(rows)
    alone = [toy_engine.ranker.score(rows[index : index + 1])[0] for index in range(len(rows))]
    np.testing.assert_array_equal(together, alone)


def test_a_row_scores_the_same_however_it_lies_in_memory(toy_engine, toy_events):
    rows = toy_engine.rank(toy_events.history(3), 10).features
    by_row, by_column = (toy_engine.ranker.score(np.array(rows, order=order)) for order in "CF")
    np.testing.assert_array_equal(by_row, by_column)


def test_no_rows_no_scores(toy_engine):
    assert toy_engine.ranker.score(np.empty((0, len(FEATURE_NAMES)), np.float32)).shape == (0,)


@pytest.mark.parametrize("n_rows", [0, 3])
def test_rows_of_another_width_are_refused(toy_engine, n_rows):
    rows = np.zeros((n_rows, len(FEATURE_NAMES) - 1), np.float32)
    with pytest.raises(IncompatibleBundleError, match="movierec build") as refused:
        toy_engine.ranker.score(rows)
    assert "\n" not in str(refused.value)


def test_a_ranker_of_another_list_is_refused(toy_engine):
    swapped = (FEATURE_NAMES[1], FEATURE_NAMES[0], *FEATURE_NAMES[2:])
    ranker = Ranker(toy_engine.ranker.models, swapped)
    with pytest.raises(IncompatibleBundleError, match="movierec build"):
        ranker.score(np.zeros((3, len(FEATURE_NAMES)), np.float32))


def test_every_split_is_numeric(toy_engine):
    """Exact explanations depend on it."""
    for model in toy_engine.ranker.models:
        assert model.categorical_features is None
        assert model.is_categorical_ is None


class TestHeads:
    """Three features decide one head each: nearness the next, stars the later, the calendar the return."""

    NEAR, STARS, BACK = (
        FEATURE_NAMES.index(name) for name in ("next_step_score", "als_score", "now_activity_7d")
    )

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls) -> TrainingRows:
        features = np.random.default_rng(1).integers(0, 2, (800, len(FEATURE_NAMES)))
        back = np.arange(800) >= 600
        rating = np.where(features[:, cls.STARS] == 1, 5.0, np.where(features[:, cls.NEAR] == 1, 3.0, -1.0))
        rating[back] = np.where(features[back, cls.BACK] == 1, 4.0, -1.0)
        made = make_rows(features, rating)
        # As in training: what is far away hardly counts for the next head.
        weight = np.where((features[:, cls.NEAR] == 0) & (rating > 0) & ~back, 0.01, 1.0)
        return replace(made, weight=weight.astype(np.float32), round=np.where(back, TIME_CUT, 0))

    @pytest.fixture(scope="class")
    @classmethod
    def ranker(cls, rows) -> Ranker:
        return Ranker.fit(rows, CONFIG.model_copy(update={"max_iter": 60}))

    def ask(self, ranker: Ranker, aim: Aim) -> dict[int, float]:
        """Return how far each of the deciding features lifts an otherwise empty row."""
        rows = np.zeros((4, len(FEATURE_NAMES)), np.float32)
        names = (self.NEAR, self.STARS, self.BACK)
        for row, column in enumerate(names, 1):
            rows[row, column] = 1.0
        score = ranker.score(rows, aim)
        return {column: float(score[row] - score[0]) for row, column in enumerate(names, 1)}

    def test_every_head_learns_its_own_rows(self, ranker):
        seeds = (CONFIG.seeds, CONFIG.later_seeds, CONFIG.return_seeds)
        assert ranker.heads == tuple(head for head, own in zip(Head, seeds, strict=True) for _ in own)
        later, back = self.ask(ranker, Aim.LATER), self.ask(ranker, Aim.RETURN)
        assert back[self.BACK] > max(later[self.BACK], self.ask(ranker, Aim.NEXT)[self.BACK]) + 1.0
        assert max(later, key=lambda column: later[column]) == self.STARS
        assert self.ask(ranker, Aim.NEXT)[self.NEAR] > later[self.NEAR]

    @pytest.mark.parametrize("aim", Aim)
    def test_the_score_is_the_blend_of_trees_and_linear_part(self, ranker, rows, aim):
        trees, linear = ranker.shares(aim), ranker.linear_shares(aim)
        assert trees.sum() == pytest.approx(1.0 - CONFIG.linear_share)
        assert linear.sum() == pytest.approx(CONFIG.linear_share)
        by_head = {head: trees[[one is head for one in ranker.heads]].sum() for head in Head}
        wanted = {head: (1 - CONFIG.linear_share) * BLENDS[aim].get(head, 0.0) for head in Head}
        assert by_head == pytest.approx(wanted)
        alone = np.stack([Ranker([model]).score(rows.features) for model in ranker.models])
        added = ranker.linear.score(rows.features, linear)
        np.testing.assert_allclose(ranker.score(rows.features, aim), trees @ alone + added, atol=1e-5)

    def test_a_missing_head_leaves_its_share_to_the_others(self, rows):
        ranker = Ranker.fit(rows.take(rows.round != TIME_CUT), CONFIG)
        assert Head.RETURN not in ranker.heads
        for aim in Aim:
            assert ranker.shares(aim).sum() + ranker.linear_shares(aim).sum() == pytest.approx(1.0)

    def test_calendar_rows_alone_still_make_a_ranker(self, rows):
        ranker = Ranker.fit(rows.take(rows.round == TIME_CUT), CONFIG)
        assert self.ask(ranker, Aim.BALANCED)[self.BACK] > 1.0
