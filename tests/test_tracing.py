"""The funnel of a list, counted by hand."""

from __future__ import annotations

import numpy as np
from toy_data import N_FILMS, make_history

from movierec.tracing import count_funnel


def test_films_seen_twice_or_filtered_out_leave_once(toy_engine):
    history = make_history([(5, 4.0), (6, 3.0), (5, 5.0)])
    ranked = toy_engine.rank(history, 10)
    assert count_funnel(toy_engine, history, None, ranked, 10)["unseen and allowed"] == N_FILMS - 2
    allowed = np.ones(N_FILMS, np.bool_)
    allowed[[6, 7]] = False
    funnel = count_funnel(toy_engine, history, allowed, ranked, 10)
    assert funnel["unseen and allowed"] == N_FILMS - 3
    assert allowed.sum() == N_FILMS - 2, "what the filters let pass is not to be changed"


def test_every_source_s_proposals_are_counted(toy_engine):
    history = make_history([(5, 4.0), (9, 5.0)])
    ranked = toy_engine.rank(history, 10)
    funnel = count_funnel(toy_engine, history, None, ranked, 3)
    for column, name in enumerate(toy_engine.sources):
        assert funnel[f"proposed by {name}"] == (ranked.merged.source_rank[:, column] > 0).sum()
    assert (funnel["merged"], funnel["ranked"], funnel["shown"]) == (
        len(ranked.merged),
        len(ranked.item_idx),
        3,
    )
