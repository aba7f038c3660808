from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.ranking.explain import Explainer
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.lean import ENOUGH, STEPS, USUAL, Lean
from movierec.ranking.ranker import Ranker
from movierec.schema import Aim, History
from movierec.service import Query

N_EVENTS, CROWD, GENRE = map(FEATURE_NAMES.index, ("user_interactions", "item_conf_sum", "genre_score"))


def make_rows(n_events: float, crowd: list[float], genre: list[float]) -> np.ndarray:
    rows = np.zeros((len(crowd), len(FEATURE_NAMES)), np.float32)
    rows[:, N_EVENTS], rows[:, CROWD], rows[:, GENRE] = n_events, crowd, genre
    return rows


def test_the_multiple_is_exact_at_the_steps_straight_between_and_gone_in_time():
    lean = Lean((8.0, 6.0, 4.0, 2.0, 1.0))
    np.testing.assert_allclose(lean.at(np.array(STEPS)), lean.weight)
    np.testing.assert_allclose(lean.at(np.array([2, 4, 12.5, ENOUGH, 500])), [5.0, 3.0, 0.5, 0.0, 0.0])


def test_what_is_added_is_the_log_of_what_everybody_likes():
    rows = make_rows(1, [0.0, np.e - 1, np.nan], [2.0, -1.0, 1.0])
    lean = Lean((8.0, 6.0, 4.0, 2.0, 1.0))
    np.testing.assert_allclose(lean.score(rows), [0.0, 6.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(lean.score(rows, wished=True), [3.0, 4.5, 1.5], rtol=1e-6)


@given(st.integers(0, 30), st.booleans())
def test_contributions_add_up(n_events, wished):
    rows = make_rows(n_events, [0.0, 3.0, 700.0], [0.5, -2.0, 3.0])
    np.testing.assert_allclose(Lean().contribute(rows, wished).sum(axis=1), Lean().score(rows, wished))


def test_it_survives_the_bundle():
    lean = Lean((100.0, 6.0, 4.0, 0.5, 0.0))
    assert Lean.from_state(lean.state()) == lean


@pytest.fixture
def lists(toy_service):
    """Ranked items of the toy service, with and without the lean."""
    ranker = toy_service.engine.ranker
    plain = Ranker(
        ranker.models, ranker.feature_names, None, ranker.heads, ranker.forest, ranker.linear, ranker.paths
    )

    def ask(history: History, aim: Aim, lean: Lean | None):
        merged = toy_service.engine.fusion.merge(history, scores := toy_service.engine.fusion.score(history))
        rows = toy_service.engine.builder.build(history, merged.item_idx, scores, merged.score)
        plain.lean = lean
        found = Explainer(plain).explain(rows, aim)
        score = plain.score(rows, aim)
        np.testing.assert_allclose(found.base + found.values.sum(axis=1), score, rtol=1e-4)
        return rows, score

    return ask


def test_a_long_history_is_ordered_by_the_ranker_alone(lists, toy_service):
    history = next(h for u in range(160) if len(h := toy_service.trained_history(u)) >= ENOUGH)
    for aim in Aim:
        np.testing.assert_array_equal(lists(history, aim, Lean())[1], lists(history, aim, None)[1])


def test_an_empty_history_follows_the_crowd_unless_they_come_back(lists):
    rows, score = lists(History.empty(), Aim.BALANCED, Lean((1000.0, *USUAL[1:])))
    order = np.argsort(-score)
    assert (np.diff(rows[order, CROWD]) <= 0).all()
    returning = lists(History.empty(), Aim.RETURN, Lean((1000.0, *USUAL[1:])))[1]
    np.testing.assert_array_equal(returning, lists(History.empty(), Aim.RETURN, None)[1])


def test_genres_somebody_wished_for_move_up(toy_service):
    catalog = toy_service.catalog
    films = catalog.genre_matrix.sum(axis=0)
    name = catalog.genre_names[int(np.argmin(np.where(films > 12, films, np.inf)))]

    def count(*wished: str) -> int:
        found = toy_service.recommend(History.empty(), Query(k=10, favourite_genres=wished))
        return sum(name in catalog.genres[item.item_idx] for item in found.items)

    assert count(name) >= count() + 2
