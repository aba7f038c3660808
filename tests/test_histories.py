from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest
from toy_data import DAY, N_FILMS

from movierec.errors import UnknownUserError
from movierec.feedback.events import FeedbackAction, FeedbackEvent, select_in_force
from movierec.schema import Generation
from movierec.service import Query, RecommenderService

MORNING = datetime(2026, 1, 1, tzinfo=UTC)
LIKE, DISLIKE, SAVE = FeedbackAction.LIKE, FeedbackAction.DISLIKE, FeedbackAction.SAVE
USERS = (0, 17, 58, 120)


@pytest.fixture
def service(toy_service) -> RecommenderService:
    return toy_service


def say(action: FeedbackAction, item_id: str, minute: int = 0, undoes: UUID | None = None) -> FeedbackEvent:
    return FeedbackEvent(
        uuid4(), "u0", item_id, action, undoes, server_time=MORNING + timedelta(minutes=minute)
    )


def rate(service: RecommenderService, item: int, stars: float, when: int) -> FeedbackEvent:
    return FeedbackEvent(
        uuid4(),
        "u17",
        service.catalog.item_id[item],
        FeedbackAction.RATE,
        client_time=datetime.fromtimestamp(when, UTC),
        rating=stars,
    )


def live(service: RecommenderService, *events: FeedbackEvent) -> list[tuple[str, float]]:
    """Return (item id, stars) of the live part of a stranger's history, oldest first."""
    history = service.effective_history(None, events)
    ids = [service.catalog.item_id[item] for item in history.item_idx]
    return list(zip(ids, history.rating.tolist(), strict=True))


class TestHistories:
    def test_trained_history_is_what_the_data_holds(self, service, toy_events):
        for user in USERS:
            expected = toy_events.history(user)
            np.testing.assert_array_equal(service.trained_history(user).item_idx, expected.item_idx)
            np.testing.assert_array_equal(service.effective_history(user, ()).timestamp, expected.timestamp)
        assert len(service.effective_history(None, ())) == 0

    @pytest.mark.parametrize("user_idx", [-1, 160, 10**9])
    def test_an_unknown_user_is_named_with_what_there_is(self, service, user_idx):
        with pytest.raises(UnknownUserError, match=f"between 0 and 159, got {user_idx}"):
            service.trained_history(user_idx)
        with pytest.raises(UnknownUserError):
            service.effective_history(user_idx, ())

    def test_marks_become_stars(self, service):
        said = live(service, say(LIKE, "5", 0), say(DISLIKE, "6", 1), say(SAVE, "7", 2))
        assert said == [("5", 5.0), ("6", 1.0), ("7", 4.0)]

    def test_later_marks_are_newer_whatever_the_order_of_the_list(self, service):
        events = [say(LIKE, str(number), number) for number in range(1, 6)]
        forwards, backwards = live(service, *events), live(service, *events[::-1])
        assert forwards == backwards == [(str(number), 5.0) for number in range(1, 6)]

    def test_marks_of_one_moment_come_newest_first(self, service):
        """All likes of one request carry its time; their order in the list still tells which is newer."""
        said = live(service, say(LIKE, "5"), say(LIKE, "6"), say(DISLIKE, "7"))
        assert said == [("7", 1.0), ("6", 5.0), ("5", 5.0)]

    def test_live_events_lie_after_the_end_of_the_data(self, service):
        history = service.effective_history(0, [say(LIKE, "5", 0), say(LIKE, "6", 3)])
        assert (np.diff(history.timestamp) >= 0).all()
        assert history.timestamp[-2] > service.info.now
        assert history.timestamp[-1] > history.timestamp[-2]
        assert history.timestamp[-1] - service.info.now < DAY

    def test_confidence_follows_the_stars(self, service):
        history = service.effective_history(
            None, [say(LIKE, "5", 0), say(DISLIKE, "6", 1), say(SAVE, "7", 2)]
        )
        assert history.confidence.tolist() == [2.5, 0.0, 1.5]
        dtypes = [values.dtype for values in (history.item_idx, history.rating, history.confidence)]
        assert dtypes == [np.int32, np.float32, np.float32]

    def test_the_latest_opinion_counts(self, service):
        assert live(service, say(LIKE, "5", 0), say(DISLIKE, "5", 1)) == [("5", 1.0)]
        assert live(service, say(DISLIKE, "5", 0), say(LIKE, "5", 1)) == [("5", 5.0)]

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_thumb_outweighs_a_save_in_either_order(self, service, order):
        events = [say(DISLIKE, "5", order[0]), say(SAVE, "5", order[1])]
        assert live(service, *events) == [("5", 1.0)]

    def test_a_new_opinion_makes_the_event_new(self, service):
        said = live(service, say(LIKE, "5", 0), say(LIKE, "6", 1), say(DISLIKE, "5", 2))
        assert said == [("6", 5.0), ("5", 1.0)]

    def test_a_mark_replaces_the_trained_event(self, service):
        trained = service.trained_history(17)
        item = int(trained.item_idx[3])
        history = service.effective_history(17, [say(DISLIKE, service.catalog.item_id[item])])
        assert len(history) == len(trained)
        assert (history.item_idx == item).sum() == 1
        assert (int(history.item_idx[-1]), float(history.rating[-1])) == (item, 1.0)
        np.testing.assert_array_equal(history.item_idx[:-1], np.delete(trained.item_idx, 3))

    def test_imported_ratings_count_on_their_own_day(self, service):
        trained = service.trained_history(17)
        known = set(trained.item_idx.tolist())
        old, late = [item for item in range(N_FILMS) if item not in known][:2]
        middle = int(trained.timestamp[len(trained) // 2])
        events = [
            rate(service, old, 4.5, middle),
            rate(service, late, 2.0, service.info.now + 400 * DAY),
            say(LIKE, service.catalog.item_id[int(trained.item_idx[0])]),
        ]
        history = service.effective_history(17, events[::-1])
        assert (np.diff(history.timestamp) >= 0).all()
        place = history.item_idx.tolist().index(old)
        assert (float(history.rating[place]), float(history.confidence[place])) == (4.5, 2.0)
        assert int(history.timestamp[place]) == middle
        # What is dated after the end of the data is as new as its last event, and older than any thumb.
        assert int(history.item_idx[-2]) == late
        assert int(history.timestamp[-2]) == service.info.now
        assert int(history.item_idx[-1]) == int(trained.item_idx[0])

    def test_an_imported_rating_replaces_the_trained_one(self, service):
        trained = service.trained_history(17)
        item, when = int(trained.item_idx[3]), int(trained.timestamp[3])
        history = service.effective_history(17, [rate(service, item, 0.5, when)])
        assert len(history) == len(trained)
        assert history.rating[history.item_idx == item].tolist() == [0.5]

    def test_films_this_bundle_does_not_know_are_left_out(self, service):
        assert live(service, say(LIKE, "5"), say(LIKE, "no-such-film")) == [("5", 5.0)]
        trained = service.trained_history(0)
        np.testing.assert_array_equal(
            service.effective_history(0, [say(LIKE, "no-such-film")]).item_idx, trained.item_idx
        )

    def test_what_was_taken_back_is_gone(self, service):
        like, dislike = say(LIKE, "5", 0), say(DISLIKE, "6", 1)
        timeline = [like, dislike, say(FeedbackAction.UNDO, "6", 2, dislike.event_id)]
        assert live(service, *select_in_force(timeline)) == [("5", 5.0)]


class TestFeedbackCounts:
    def test_a_like_changes_the_next_list_at_once(self, service):
        for user in USERS:
            before = service.recommend(service.effective_history(user, ()), Query(k=20))
            target = before.items[4].item_idx
            event = say(LIKE, service.catalog.item_id[target])
            after = service.recommend(service.effective_history(user, [event]), Query(k=20))
            old = [item.item_idx for item in before.items if item.item_idx != target]
            new = [item.item_idx for item in after.items]
            assert target not in new
            assert len(new) == 20
            # More than the liked film is gone: the others stand elsewhere.
            assert new[:19] != old
            assert [item.score for item in after.items] != [item.score for item in before.items]

    def test_an_undo_brings_the_old_list_back(self, service):
        like = say(LIKE, "40", 0)
        undone = select_in_force([like, say(FeedbackAction.UNDO, "40", 1, like.event_id)])
        before, after = (
            service.recommend(service.effective_history(3, events), Query(k=10)) for events in ((), undone)
        )
        assert after.items == before.items

    def test_disliked_and_seen_films_never_appear(self, service):
        for user in USERS:
            history = service.effective_history(user, ())
            for _ in range(3):
                worst = service.recommend(history, Query(k=5)).items
                ids = [service.catalog.item_id[item.item_idx] for item in worst]
                events = [say(DISLIKE, item_id, minute) for minute, item_id in enumerate(ids)]
                history = service.effective_history(user, events)
                for generation in Generation:
                    made = service.recommend(history, Query(k=100, generation=generation))
                    shown = {item.item_idx for item in made.items}
                    assert not shown & {item.item_idx for item in worst}
                    assert not shown & set(history.item_idx.tolist())

    def test_a_stranger_with_one_like_is_answered_from_it(self, service):
        history = service.effective_history(None, [say(LIKE, "41")])
        made = service.recommend(history, Query(k=10))
        assert len(made.items) == 10
        assert any(40 in reason.because for item in made.items for reason in item.reasons)
