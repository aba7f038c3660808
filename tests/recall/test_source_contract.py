"""What every recall source promises, whatever it is made of."""

from __future__ import annotations

import io

import numpy as np
import pytest
from toy_data import COLD, DAY, N_FILMS, SMALL_RECALL, coarsen, make_history, shuffle_ties

from movierec.recall.base import RecallSource
from movierec.recall.sources import SOURCE_NAMES, fit_sources, make_sources
from movierec.schema import History

USERS = (0, 17, 58, 99, 159)
INDIFFERENT = ("popularity",)
"""Sources that answer everybody alike."""


@pytest.fixture(scope="module")
def fitted(toy_events, toy_films):
    return fit_sources(SMALL_RECALL, toy_events, toy_films)


@pytest.fixture(params=SOURCE_NAMES)
def source(request, fitted) -> RecallSource:
    return fitted[request.param]


@pytest.fixture(scope="module")
def histories(toy_events) -> list[History]:
    return [
        *(toy_events.history(user) for user in USERS),
        toy_events.history(4).take(slice(0, 1)),
        make_history([(item, 5.0) for item in COLD]),
        make_history([(10, 1.0), (20, 0.5)]),
        History.empty(),
    ]


def refit(name, events, films) -> RecallSource:
    return make_sources(SMALL_RECALL)[name].fit(events, films)


def test_sources_come_in_the_locked_order(fitted):
    assert tuple(fitted) == SOURCE_NAMES
    assert [source.name for source in fitted.values()] == list(SOURCE_NAMES)


def test_every_source_has_something_to_say(source, toy_events):
    assert len(source.recall(toy_events.history(0), 10)) == 10


def test_seen_items_never_come_back(source, histories):
    for history in histories:
        assert not np.isin(source.recall(history, N_FILMS).item_idx, history.item_idx).any()


def test_items_are_known_and_distinct(source, histories):
    for history in histories:
        items = source.recall(history, N_FILMS).item_idx
        assert items.dtype == np.int32
        assert len(np.unique(items)) == len(items)
        assert ((items >= 0) & (items < N_FILMS)).all()


def test_list_is_best_first_and_complete(source, histories):
    """The list is the sorted scores, minus what was seen and what nothing speaks for."""
    for history in histories:
        score = source.score(history)
        expected = np.lexsort((np.arange(N_FILMS), -score))
        expected = expected[(score[expected] > 0) & ~np.isin(expected, history.item_idx)]
        found = source.recall(history, N_FILMS)
        np.testing.assert_array_equal(found.item_idx, expected)
        np.testing.assert_array_equal(found.score, score[expected])


def test_ties_go_to_the_smaller_index(source, histories, monkeypatch):
    history = histories[0]
    score = source.score(history)
    level = float(np.quantile(score[score > 0], 0.5))
    tied = np.where(score > 0, np.where(score > level, np.float32(2), np.float32(1)), np.float32(0))
    monkeypatch.setattr(source, "score", lambda _: tied)
    for n in (3, 20, N_FILMS):
        items = source.recall(history, n).item_idx
        open_ = np.setdiff1d(np.flatnonzero(tied > 0), history.item_idx)
        expected = [*open_[tied[open_] == 2], *open_[tied[open_] == 1]][:n]
        assert items.tolist() == [int(item) for item in expected]


@pytest.mark.parametrize("n", [0, 1, 7, N_FILMS, 10 * N_FILMS])
def test_n_is_respected(source, n, histories):
    everything = source.recall(histories[0], N_FILMS)
    some = source.recall(histories[0], n)
    assert len(some) == min(n, len(everything))
    np.testing.assert_array_equal(some.item_idx, everything.item_idx[:n])


def test_batch_equals_single(source, histories):
    for history, batch in zip(histories, source.recall_batch(histories, 20), strict=True):
        single = source.recall(history, 20)
        np.testing.assert_array_equal(batch.item_idx, single.item_idx)
        np.testing.assert_array_equal(batch.score, single.score)


def test_score_is_one_finite_float_per_item(source, histories):
    for history in histories:
        score = source.score(history)
        assert (score.shape, score.dtype) == ((N_FILMS,), np.float32)
        assert np.isfinite(score).all()


def test_evidence_is_one_float_per_event(source, histories):
    for history in histories:
        amount = source.evidence(history, 12)
        assert (amount.shape, amount.dtype) == ((len(history),), np.float32)


def test_asking_changes_nothing(source, histories):
    history = histories[0]
    before = [array.copy() for array in (history.item_idx, history.rating, history.timestamp)]
    first = source.score(history).copy()
    source.recall(history, 20)
    source.evidence(history, 12)
    for array, old in zip((history.item_idx, history.rating, history.timestamp), before, strict=True):
        np.testing.assert_array_equal(array, old)
    np.testing.assert_array_equal(source.score(history), first)


def test_restored_source_scores_to_the_last_bit(source, histories):
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **source.state())
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as archive:
        twin = make_sources(SMALL_RECALL)[source.name].restore(dict(archive))
    assert twin.n_items_ == source.n_items_
    for history in histories:
        np.testing.assert_array_equal(twin.score(history), source.score(history))
        np.testing.assert_array_equal(twin.evidence(history, 12), source.evidence(history, 12))


def test_refit_is_the_same_to_the_last_bit(source, toy_events, toy_films):
    state, again = source.state(), refit(source.name, toy_events, toy_films).state()
    assert state.keys() == again.keys()
    for name in state:
        np.testing.assert_array_equal(state[name], again[name])


def test_an_empty_history_is_answered_with_everybodys_taste_or_nothing(source):
    found = source.recall(History.empty(), 5)
    assert len(found) == (5 if source.name in ("popularity", "genre") else 0)


def test_films_nobody_rated_are_not_proposed(source, histories):
    for history in histories:
        assert not np.isin(source.recall(history, N_FILMS).item_idx, COLD).any()


def test_another_history_gets_another_list(source, toy_events):
    first, second = (source.score(toy_events.history(user)) for user in USERS[:2])
    assert np.array_equal(first, second) == (source.name in INDIFFERENT)


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_order_of_tied_rows_in_a_file_is_not_learnt(name, toy_events, toy_films):
    tied = coarsen(toy_events, 2 * DAY)
    reference = refit(name, tied, toy_films)
    shuffled = shuffle_ties(tied, seed=1)
    assert not np.array_equal(shuffled.item_idx, tied.item_idx)
    other = refit(name, shuffled, toy_films)
    for user in USERS:
        np.testing.assert_allclose(
            other.score(shuffled.history(user)), reference.score(tied.history(user)), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_order_of_tied_events_of_a_history_does_not_matter(name, fitted, toy_events):
    tied = coarsen(toy_events, 2 * DAY)
    shuffled = shuffle_ties(tied, seed=2)
    for user in USERS:
        np.testing.assert_allclose(
            fitted[name].score(shuffled.history(user)),
            fitted[name].score(tied.history(user)),
            rtol=1e-4,
            atol=1e-6,
        )


def test_nothing_liked_at_all_is_no_crash(toy_films, toy_events):
    from dataclasses import replace

    grumpy = replace(
        toy_events,
        rating=np.full_like(toy_events.rating, 3.0),
        confidence=np.full_like(toy_events.confidence, 0.5),
    )
    for source in fit_sources(SMALL_RECALL, grumpy, toy_films).values():
        assert np.isfinite(source.score(grumpy.history(0))).all()
