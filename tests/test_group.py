from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from toy_data import make_history

from movierec.errors import ConfigError
from movierec.group import GroupQuery, Member, join_utilities, place_items, recommend_together
from movierec.schema import Filters, History
from movierec.service import Query, RecommenderService

UTILITIES = st.integers(2, 5).flatmap(
    lambda n: arrays(np.float32, (n, 12), elements=st.floats(0, 1, width=16))
)
CARE = st.floats(0, 1)


@given(UTILITIES, CARE)
def test_the_group_is_never_better_off_than_on_average_nor_worse_than_its_least(utility, care):
    joined = join_utilities(utility, care)
    assert (joined <= utility.astype(np.float64).mean(axis=0) + 1e-9).all()
    assert (joined >= utility.astype(np.float64).min(axis=0) - 1e-9).all()


@given(UTILITIES, CARE, st.randoms())
def test_nobody_counts_more_for_being_named_first(utility, care, random):
    order = list(range(len(utility)))
    random.shuffle(order)
    np.testing.assert_array_equal(join_utilities(utility[order], care), join_utilities(utility, care))


@given(UTILITIES, CARE, st.data())
def test_what_is_better_for_one_and_worse_for_nobody_never_falls(utility, care, data):
    member = data.draw(st.integers(0, len(utility) - 1))
    lifted = utility.copy()
    lifted[member] = np.minimum(lifted[member] + np.float32(0.25), 1.0)
    assert (join_utilities(lifted, care) >= join_utilities(utility, care) - 1e-12).all()


@given(UTILITIES)
def test_the_ends_are_the_average_and_the_least_misery(utility):
    np.testing.assert_allclose(join_utilities(utility, 0.0), utility.astype(np.float64).mean(axis=0))
    np.testing.assert_allclose(join_utilities(utility, 1.0), utility.min(axis=0))


def test_more_care_helps_the_one_who_gets_least():
    """A splits the group, B pleases both somewhat: worked out by hand."""
    utility = np.array([[0.9, 0.5], [0.2, 0.5]], np.float32)
    assert np.argmax(join_utilities(utility, 0.0)) == 0
    assert np.argmax(join_utilities(utility, 0.5)) == 1
    np.testing.assert_allclose(join_utilities(utility, 0.5), [0.375, 0.5], atol=1e-7)


def test_equal_scores_share_a_place():
    assert place_items(np.array([0.1, 0.7, 0.7, 0.3], np.float32)).tolist() == [4, 1, 1, 3]


@pytest.fixture
def service(toy_service) -> RecommenderService:
    return toy_service


def gather(service: RecommenderService, *users: int) -> list[Member]:
    return [Member(service.user_id[user], service.trained_history(user)) for user in users]


def test_nothing_in_the_list_was_seen_by_anybody(service):
    members = gather(service, 0, 17, 58)
    made = recommend_together(service, members, GroupQuery(k=30))
    shown = {item.item_idx for item in made.items}
    assert len(shown) == 30
    for member in members:
        assert not shown & set(member.history.item_idx.tolist())


def test_the_list_is_in_the_order_of_the_joined_utilities(service):
    made = recommend_together(service, gather(service, 0, 17, 58), GroupQuery(k=20, care=0.3))
    scores = [item.score for item in made.items]
    assert scores == sorted(scores, reverse=True)
    assert [item.rank for item in made.items] == list(range(1, 21))
    for item in made.items:
        utility = np.array([[member.utility] for member in item.members])
        assert item.score == pytest.approx(float(join_utilities(utility, 0.3)[0]), abs=1e-6)
        for member in item.members:
            assert member.utility == pytest.approx(
                (1 - (member.place - 1) / made.n_considered) * member.match, abs=1e-6
            )
        assert item.happiest == max(item.members, key=lambda member: member.utility).viewer
        assert item.reasons


def test_the_order_of_the_members_does_not_change_the_list(service):
    one = recommend_together(service, gather(service, 0, 17, 58), GroupQuery(k=20))
    other = recommend_together(service, gather(service, 58, 0, 17), GroupQuery(k=20))
    assert [item.item_idx for item in one.items] == [item.item_idx for item in other.items]


def test_each_match_is_that_of_the_persons_own_list(service):
    """Members who have seen the same films: the group's candidates are then each one's own."""
    history = service.trained_history(0)
    pool = service.shortlist(history, Query(k=10))
    own = dict(zip(pool.item_idx.tolist(), pool.match.tolist(), strict=True))
    made = recommend_together(service, [Member("a", history), Member("b", history)], GroupQuery(k=10))
    for item in made.items:
        for member in item.members:
            assert member.match == pytest.approx(own[item.item_idx], abs=1e-6)


def test_the_balance_counts_who_gets_least(service):
    made = recommend_together(service, gather(service, 0, 17, 58), GroupQuery(k=15))
    assert sum(balance.n_least for balance in made.balance) == 15
    for row, balance in enumerate(made.balance):
        matches = [item.members[row].match for item in made.items]
        assert balance.mean_match == pytest.approx(float(np.mean(matches)), abs=1e-6)


def test_full_care_lifts_the_worst_off(service):
    """Least misery: the smallest utility of the first film is the largest any film can offer."""
    members = gather(service, 0, 17, 58)
    caring = recommend_together(service, members, GroupQuery(k=5, care=1.0)).items[0]
    for care in (0.0, 0.5):
        other = recommend_together(service, members, GroupQuery(k=5, care=care)).items[0]
        assert min(m.utility for m in caring.members) >= min(m.utility for m in other.members) - 1e-6


def test_filters_hold_and_a_short_list_says_so(service):
    wanted = service.catalog.genre_names[0]
    made = recommend_together(service, gather(service, 0, 17), GroupQuery(100, filters=Filters((wanted,))))
    assert all(wanted in service.catalog.genres[item.item_idx] for item in made.items)
    assert made.note is not None
    assert made.note.startswith(f"Only {len(made.items)} of 100")


def test_somebody_unknown_can_join(service):
    newcomer = Member("guest-1", History.empty(), (service.catalog.genre_names[0],))
    made = recommend_together(service, [*gather(service, 0), newcomer], GroupQuery(k=10))
    assert len(made.items) == 10
    assert all(0 <= member.match <= 1 for item in made.items for member in item.members)


def test_a_group_that_has_seen_everything_gets_nothing(service):
    everything = make_history([(item, 4.0) for item in range(len(service.catalog))])
    made = recommend_together(service, [*gather(service, 0), Member("all", everything)], GroupQuery(k=3))
    assert (made.items, made.n_considered) == ((), 0)
    assert made.note == "Only 0 of 3 films: the others are seen, hidden or filtered out."


def test_the_size_of_a_group_is_bounded_and_its_members_differ(service):
    with pytest.raises(ConfigError, match="2 to 8 viewers, got 1"):
        recommend_together(service, gather(service, 0), GroupQuery())
    with pytest.raises(ConfigError, match="2 to 8 viewers, got 9"):
        recommend_together(service, gather(service, *range(9)), GroupQuery())
    with pytest.raises(ConfigError, match="different"):
        recommend_together(service, gather(service, 3, 3), GroupQuery())
