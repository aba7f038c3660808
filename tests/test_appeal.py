from __future__ import annotations

import numpy as np
import pytest

from movierec.appeal import MIN_LIKED, MIN_RATERS, AppealMeter
from movierec.preferences import Candidacy, prefer
from movierec.recall.base import liked
from movierec.service import RecommenderService


@pytest.fixture(scope="module")
def meter(toy_service: RecommenderService) -> AppealMeter:
    return AppealMeter(toy_service)


@pytest.fixture(scope="module")
def busiest(toy_service: RecommenderService) -> int:
    return int(np.bincount(toy_service.interactions.item_idx).argmax())


def test_counts_are_those_of_the_data(meter, toy_service, busiest):
    rows = toy_service.interactions
    mine = rows.item_idx == busiest
    appeal = meter.measure(busiest)
    assert appeal.n_rated == int(mine.sum())
    assert appeal.n_liked == int(liked(rows.rating[mine], rows.confidence[mine]).sum())


def test_groups_count_the_raters_who_lean_to_the_genre(meter, toy_service, busiest):
    rows, names = toy_service.interactions, toy_service.catalog.genre_names
    groups = meter.measure(busiest).groups
    assert groups
    for group in groups:
        fitting = meter.leaning[rows.user_idx] == names.index(group.genre)
        mine = fitting & (rows.item_idx == busiest)
        assert group.n_rated == int(mine.sum()) >= MIN_RATERS
        assert group.n_liked == int(liked(rows.rating[mine], rows.confidence[mine]).sum())
        assert group.share == group.n_liked / group.n_rated


def test_a_leaning_is_the_genre_liked_most_above_the_usual(meter, toy_service):
    """Worked out anew for one viewer, film by film."""
    catalog, rows = toy_service.catalog, toy_service.interactions
    positive = liked(rows.rating, rows.confidence)

    def share(items) -> np.ndarray:
        total = np.zeros(len(catalog.genre_names))
        for item in items:
            for genre in catalog.genres[item]:
                total[catalog.genre_names.index(genre)] += 1 / len(catalog.genres[item])
        return total / total.sum()

    usual = share(rows.item_idx[positive])
    counts = np.bincount(rows.user_idx[positive])
    for user in np.flatnonzero(counts >= MIN_LIKED)[:40:10]:
        mine = rows.item_idx[positive & (rows.user_idx == user)]
        assert meter.leaning[user] == int(np.argmax(share(mine) - usual))


def test_viewers_who_liked_little_lean_to_nothing(meter, toy_service):
    rows = toy_service.interactions
    counts = np.bincount(rows.user_idx[liked(rows.rating, rows.confidence)], minlength=rows.n_users)
    assert (meter.leaning[counts < MIN_LIKED] == -1).all()
    assert (meter.leaning[counts >= MIN_LIKED] >= 0).all()


def test_fans_have_not_seen_the_film_and_are_judged_as_in_their_own_list(meter, toy_service, busiest):
    fans = meter.measure(busiest, n_fans=4).fans
    matches = [fan.match for fan in fans]
    assert len(fans) == 4
    assert matches == sorted(matches, reverse=True)
    for fan in fans:
        history = toy_service.trained_history(fan.user_idx)
        assert busiest not in history.item_idx
        own = prefer(toy_service, Candidacy.of(toy_service, history), np.array([busiest], np.int32))
        assert fan.match == pytest.approx(float(own.match[0]), abs=1e-6)


def test_a_film_nobody_rated_has_no_groups(meter):
    appeal = meter.measure(77)
    assert (appeal.n_rated, appeal.n_liked, appeal.groups) == (0, 0, ())
