from __future__ import annotations

import pytest

from movierec.errors import UnknownItemError
from movierec.recall.base import liked
from movierec.schema import History
from movierec.service import Query, RecommenderService
from movierec.standing import find_standing

USERS = (0, 17, 58)


@pytest.fixture
def service(toy_service) -> RecommenderService:
    return toy_service


@pytest.mark.parametrize("user", USERS)
def test_place_match_and_sources_are_those_of_the_list(service, user):
    history = service.trained_history(user)
    for item in service.recommend(history, Query(k=20)).items[::5]:
        found = find_standing(service, history, item.item_idx)
        assert (found.seen, found.place) == (False, item.rank)
        assert found.match == pytest.approx(item.match, abs=1e-6)
        assert found.hits == item.hits


@pytest.mark.parametrize("user", USERS)
def test_all_causes_are_liked_titles_and_add_up(service, user):
    history = service.trained_history(user)
    item = service.recommend(history, Query(k=1)).items[0].item_idx
    causes = find_standing(service, history, item).causes
    own = set(history.item_idx[liked(history.rating, history.confidence)].tolist())
    assert {cause.item_idx for cause in causes} <= own
    assert sum(cause.share for cause in causes) == pytest.approx(1.0, abs=1e-5)
    shares = [cause.share for cause in causes]
    assert shares == sorted(shares, reverse=True)


def test_a_seen_film_tells_the_viewers_own_rating(service):
    history = service.trained_history(17)
    found = find_standing(service, history, int(history.item_idx[2]))
    assert found.seen
    assert found.seen_rating == float(history.rating[2])
    assert found.seen_at == int(history.timestamp[2])
    assert (found.match, found.place) == (None, None)
    assert int(history.item_idx[2]) not in {cause.item_idx for cause in found.causes}


def test_a_film_nobody_proposed_has_a_match_and_no_place(service):
    history = service.trained_history(0)
    proposed = service.engine.fusion.merge(history, service.score_sources(history)).item_idx
    spare = next(
        item for item in range(len(service.catalog)) if item not in proposed and item not in history.item_idx
    )
    found = find_standing(service, history, spare)
    assert (found.place, found.hits, found.seen) == (None, (), False)
    assert found.match is not None
    assert 0 <= found.match <= 1
    assert found.n_candidates == len(proposed)


def test_a_newcomer_has_a_standing_without_causes(service):
    found = find_standing(service, History.empty(), 5, (service.catalog.genre_names[0],))
    assert found.causes == ()
    assert found.reasons


@pytest.mark.parametrize("item", [-1, 10**6])
def test_a_film_that_does_not_exist_is_refused(service, item):
    with pytest.raises(UnknownItemError):
        find_standing(service, History.empty(), item)
