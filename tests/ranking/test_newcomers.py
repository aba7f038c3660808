from __future__ import annotations

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.ranking import newcomers, proposer
from movierec.ranking.lean import STEPS, Lean
from movierec.ranking.newcomers import GRID, choose, fit_lean, list_likes


def test_the_smallest_multiple_about_as_good_as_the_best_is_taken():
    found = np.zeros((len(STEPS), len(GRID)))
    found[0, [3, 6]] = 0.3, 0.301
    found[1, 3] = found[2, 2] = found[3, 2] = found[4, 0] = 0.2
    assert choose(found) == (2.0, 2.0, 1.0, 1.0, 0.0)


def test_a_shorter_history_never_leans_less():
    found = np.zeros((len(STEPS), len(GRID)))
    found[:, 0] = 0.2
    found[3] = np.linspace(0.1, 0.3, len(GRID))
    assert choose(found) == (100.0, 100.0, 100.0, 100.0, 0.0)


class Stubborn:
    """Ranks everybody by item index; ``sign`` decides from which end."""

    def __init__(self, sign):
        self.sign = sign

    def score(self, rows):
        return self.sign * np.arange(len(rows), 0, -1, np.float32)


@pytest.fixture
def willing(monkeypatch):
    monkeypatch.setattr(newcomers, "LEAST", 5)
    training = SMALL_BUILD.training.model_copy(update={"newcomers": 8})
    return SMALL_BUILD.model_copy(update={"training": training})


def test_a_ranker_that_knows_nothing_leans_hard(toy, willing, monkeypatch):
    said = []
    monkeypatch.setattr(newcomers, "SLACK", 0.0)
    lean = fit_lean(Stubborn(-1.0), toy[1], toy[0], willing, said.append)
    assert min(lean.weight) >= 10.0
    assert "8 viewers asked" in said[0]


def test_recall_has_not_met_the_viewers_it_is_asked_for(toy, willing, monkeypatch):
    met = []
    fit = proposer.fit_sources
    monkeypatch.setattr(
        proposer, "fit_sources", lambda config, past, catalog: met.append(past) or fit(config, past, catalog)
    )
    fit_lean(Stubborn(1.0), toy[1], toy[0], willing)
    gone = set(toy[1].user_idx.tolist()) - set(met[0].user_idx.tolist())
    assert len(gone) == 8
    assert all(len(list_likes(toy[1].history(user))) > STEPS[-1] for user in gone)


def test_too_few_viewers_and_other_goals_keep_the_usual(toy, willing):
    assert fit_lean(Stubborn(1.0), toy[1], toy[0], SMALL_BUILD) == Lean()
    missing = willing.model_copy(update={"training": willing.training.model_copy(update={"goal": "missing"})})
    assert fit_lean(Stubborn(1.0), toy[1], toy[0], missing) == Lean()
