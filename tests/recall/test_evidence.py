"""The titles named as evidence carry the whole score, and nothing but the score."""

from __future__ import annotations

import numpy as np
import pytest
from toy_data import COLD, N_FILMS, SMALL_RECALL, make_history

from movierec.recall.sources import fit_sources
from movierec.schema import History

ADDITIVE = ("item_item", "co_seen", "als", "sequence", "next_step")


@pytest.fixture(scope="module")
def fitted(toy_events, toy_films):
    return fit_sources(SMALL_RECALL, toy_events, toy_films)


@pytest.mark.parametrize("name", ADDITIVE)
@pytest.mark.parametrize("user", [0, 17, 58])
def test_evidence_adds_up_to_the_score(name, user, fitted, toy_events):
    source, history = fitted[name], toy_events.history(user)
    score = source.score(history)
    assert (score != 0).sum() > 10
    for item in range(0, N_FILMS, 3):
        assert source.evidence(history, item).sum() == pytest.approx(float(score[item]), abs=1e-4)


@pytest.mark.parametrize("name", ADDITIVE)
def test_evidence_of_a_folded_in_stranger_adds_up(name, fitted):
    source = fitted[name]
    stranger = make_history([(1, 5.0), (2, 2.0), (COLD[0], 5.0), (40, 4.5), (90, np.nan)])
    score = source.score(stranger)
    for item in range(N_FILMS):
        assert source.evidence(stranger, item).sum() == pytest.approx(float(score[item]), abs=1e-4)


@pytest.mark.parametrize("name", ["item_item", "als"])
def test_titles_that_were_not_liked_carry_nothing(name, fitted, toy_events):
    history = toy_events.history(17)
    disliked = history.rating < 4.0
    assert disliked.any()
    for item in range(0, N_FILMS, 7):
        assert not fitted[name].evidence(history, item)[disliked].any()


@pytest.mark.parametrize("name", ADDITIVE)
def test_no_history_no_evidence(name, fitted):
    assert fitted[name].evidence(History.empty(), 0).shape == (0,)
