from __future__ import annotations

import threading
from pathlib import Path

from ui.api_client import ApiRefused, ApiUnavailable, FeedbackEvent
from ui.courier import Courier
from ui.models import Movie
from ui.outbox import FILE_NAME, Outbox

API = "http://127.0.0.1:1"
A = Movie("a", "Film ‘a’ <b>", 1995, ("Crime",), None, "/p.svg")


def make_event(event_id: str, user_id: str = "100") -> FeedbackEvent:
    return FeedbackEvent(
        event_id, user_id, "a", "like", None, "2026-01-01T00:00:00+00:00", {"surface": "home"}
    )


def list_ids(outbox: Outbox, user_id: str | None = None) -> list[str]:
    return [kept.event.event_id for kept in outbox.waiting(user_id)]


def test_what_is_kept_comes_back_after_the_program_ended(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "deep" / FILE_NAME, API)
    outbox.keep(make_event("1"), A)
    outbox.keep(make_event("2", "101"), A)
    # Not closed: a killed program closes nothing.
    again = Outbox(tmp_path / "deep" / FILE_NAME, API)
    (kept,) = again.waiting("100")
    assert (kept.event, kept.movie) == (make_event("1"), A)
    assert list_ids(again) == ["1", "2"]


def test_the_same_event_is_kept_once_and_forgotten_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE_NAME, API)
    outbox.keep(make_event("1"), A)
    outbox.keep(make_event("1"), A)
    assert list_ids(outbox) == ["1"]
    outbox.forget("1")
    assert list_ids(outbox) == []


def test_events_for_another_api_stay_where_they_are(tmp_path: Path) -> None:
    Outbox(tmp_path / FILE_NAME, API).keep(make_event("1"), A)
    assert list_ids(Outbox(tmp_path / FILE_NAME, "http://127.0.0.1:2")) == []


def test_a_home_that_cannot_be_written_costs_durability_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outbox = Outbox.open(API, {"MOVIEREC_HOME": str(tmp_path / "file")})
    outbox.keep(make_event("1"), A)
    assert list_ids(outbox) == ["1"]


def test_the_courier_sends_in_order_and_forgets_what_is_stored(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE_NAME, API)
    for event_id in "123":
        outbox.keep(make_event(event_id), A)
    sent: list[str] = []
    courier = Courier(outbox, lambda event: sent.append(event.event_id))
    assert courier.hurry(30.0)
    assert (sent, list_ids(outbox)) == (["1", "2", "3"], [])
    assert courier.hurry(30.0)
    assert sent == ["1", "2", "3"]


def test_the_courier_goes_on_by_itself_once_the_api_is_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE_NAME, API)
    outbox.keep(make_event("1"), A)
    outbox.keep(make_event("2"), A)
    tries: list[str] = []
    done = threading.Event()

    def send(event: FeedbackEvent) -> None:
        tries.append(event.event_id)
        if len(tries) < 3:
            raise ApiUnavailable("away")
        if event.event_id == "2":
            done.set()

    assert Courier(outbox, send, pause_seconds=0.01).hurry(30.0)
    assert done.wait(30.0)
    assert tries == ["1", "1", "1", "2"]


def test_a_refused_event_is_said_once_and_holds_up_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE_NAME, API)
    outbox.keep(make_event("1"), A)
    outbox.keep(make_event("2"), A)
    sent: list[str] = []

    def send(event: FeedbackEvent) -> None:
        if event.event_id == "1":
            raise ApiRefused("no such film", 404)
        sent.append(event.event_id)

    assert Courier(outbox, send).hurry(30.0)
    assert (sent, list_ids(outbox)) == (["2"], [])
    assert outbox.take_refused("100") == {"1": "no such film"}
    assert outbox.take_refused("100") == {}


def test_an_api_that_hangs_does_not_hold_up_a_press(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE_NAME, API)
    outbox.keep(make_event("1"), A)
    answer = threading.Event()
    courier = Courier(outbox, lambda event: answer.wait(30.0) and None)
    assert not courier.hurry(0.01)
    assert list_ids(outbox) == ["1"]
    answer.set()
    assert courier.hurry(30.0)
    assert list_ids(outbox) == []
