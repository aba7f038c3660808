"""Pages about one viewer, on a real recommender and a real store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.middleware import MAX_BODY_BYTES, MAX_FILE_BYTES
from app.schemas import (
    AppealResponse,
    ErasedResponse,
    GroupResponse,
    HistoryResponse,
    ImportResponse,
    LogResponse,
    ProfileResponse,
    StandingResponse,
)
from movierec.config import Settings
from movierec.feedback.store import FeedbackStore
from movierec.service import RecommenderService


@pytest.fixture
def real_store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "feedback.sqlite3", "toy") as opened:
        yield opened


@pytest.fixture
def api(tmp_path: Path, toy_service: RecommenderService, real_store: FeedbackStore) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path), toy_service, real_store)) as opened:
        yield opened


def say(api: TestClient, item_id: str, action: str = "like", user_id: str = "u0", **more: str) -> str:
    event_id = str(uuid4())
    body = {"event_id": event_id, "user_id": user_id, "item_id": item_id, "action": action, **more}
    assert api.post("/feedback", json=body).status_code == 201
    return event_id


def bring(api: TestClient, text: str, viewer: str = "u0", **query: str) -> ImportResponse:
    answer = api.post(f"/viewers/{viewer}/imports", params=query, content=text.encode())
    assert answer.status_code == 200, answer.text
    return ImportResponse.model_validate_json(answer.content)


def history(api: TestClient, viewer: str, **query: int) -> HistoryResponse:
    answer = api.get(f"/viewers/{viewer}/history", params=query)
    return HistoryResponse.model_validate_json(answer.content)


def log(api: TestClient, viewer: str = "u0") -> LogResponse:
    return LogResponse.model_validate_json(api.get(f"/viewers/{viewer}/feedback?limit=100").content)


RATINGS = "movieId,rating,timestamp\n1,4.5,1000000000\n2,1,1000000001\nzz,5,1000000002\n"


def test_taste_of_a_known_viewer_over_time(api, toy_service):
    profile = ProfileResponse.model_validate_json(api.get("/viewers/u17/taste").content)
    assert profile.user_idx == 17
    assert profile.n_events == len(toy_service.trained_history(17))
    assert sum(period.n_events for period in profile.timeline.periods) == profile.n_events
    assert sum(period.n_liked for period in profile.timeline.periods) == profile.n_liked


def test_a_guest_has_a_taste_from_what_they_said(api, toy_service):
    empty = ProfileResponse.model_validate_json(api.get("/viewers/guest-1/taste").content)
    assert (empty.user_idx, empty.n_events, empty.timeline.periods) == (None, 0, [])
    say(api, "5", user_id="guest-1")
    say(api, "6", "save", user_id="guest-1")
    told = ProfileResponse.model_validate_json(api.get("/viewers/guest-1/taste").content)
    assert (told.n_events, told.n_liked) == (1, 1)
    assert {share.name for share in told.genres} == set(toy_service.catalog.genres[4])


def test_history_is_paged_newest_first_and_knows_where_each_entry_is_from(api, toy_service):
    n_trained = len(toy_service.trained_history(17))
    seen = {toy_service.catalog.item_id[item] for item in toy_service.trained_history(17).item_idx}
    first, second, third = [item for item in toy_service.catalog.item_id if item not in seen][:3]
    say(api, first, user_id="u17")
    say(api, third, "save", user_id="u17")
    bring(api, f"movieId,rating,timestamp\n{second},3.5,1000\n", "u17")
    whole = history(api, "u17", limit=100)
    assert whole.total == n_trained + 2
    moments = [entry.when for entry in whole.entries]
    assert moments == sorted(moments, reverse=True)
    newest = whole.entries[0]
    assert (newest.item.item_id, newest.origin.value, newest.rating) == (first, "app", None)
    if whole.total <= 100:
        oldest = whole.entries[-1]
        assert (oldest.item.item_id, oldest.origin.value, oldest.rating) == (second, "import", 3.5)
    page = history(api, "u17", limit=2, offset=1)
    assert page.total == whole.total
    assert page.entries == whole.entries[1:3]


def test_log_tells_what_stands_and_what_was_taken_back(api):
    like = say(api, "5")
    save = say(api, "6", "save")
    undo = say(api, "5", "undo", undoes=like)
    dislike = say(api, "6", "dislike")
    told = log(api)
    assert told.total == 4
    assert [(str(event.event_id), event.in_force) for event in told.events] == [
        (dislike, True),
        (undo, False),
        (save, True),
        (like, False),
    ]
    assert str(told.events[1].undoes) == like


def test_export_holds_every_event_in_both_forms(api, toy_service):
    like = say(api, "5")
    bring(api, RATINGS)
    answer = api.get("/viewers/u0/feedback/export?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="feedback-u0.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["item_id"], row["action"], row["rating"]) for row in rows] == [
        ("2", "rate", "1.0"),
        ("1", "rate", "4.5"),
        ("5", "like", ""),
    ]
    assert rows[2]["event_id"] == like
    assert rows[2]["title"] == toy_service.catalog.title[4]
    assert rows[1]["rated_at"] == "2001-09-09T01:46:40+00:00"
    exported = LogResponse.model_validate_json(api.get("/viewers/u0/feedback/export").content)
    assert exported == log(api)


def test_an_export_of_ratings_can_be_imported_by_somebody_else(api):
    bring(api, RATINGS)
    text = api.get("/viewers/u0/feedback/export?format=csv").text
    assert bring(api, text, "guest-2").stored == 2
    assert {entry.item.item_id for entry in history(api, "guest-2").entries} == {"1", "2"}


def test_a_title_that_looks_like_a_formula_is_quoted_in_the_file(api, toy_service, monkeypatch):
    titles = ("=HYPERLINK(1)", *toy_service.catalog.title[1:])
    monkeypatch.setattr(toy_service, "catalog", replace(toy_service.catalog, title=titles))
    say(api, "1")
    (row,) = csv.DictReader(io.StringIO(api.get("/viewers/u0/feedback/export?format=csv").text))
    assert row["title"] == "'=HYPERLINK(1)"


def test_erasing_leaves_nothing_of_this_viewer_and_all_of_the_others(api, real_store, toy_service):
    like = say(api, "5")
    say(api, "5", "undo", undoes=like)
    say(api, "5", user_id="u1")
    bring(api, RATINGS)
    erased = ErasedResponse.model_validate_json(api.delete("/viewers/u0/feedback").content)
    assert (erased.viewer, erased.erased) == ("u0", 4)
    assert [event.user_id for event in real_store.events()] == ["u1"]
    assert log(api).events == []
    assert history(api, "u0").total == len(toy_service.trained_history(0))
    assert api.delete("/viewers/u0/feedback").json()["erased"] == 0


def test_imports_alone_can_be_erased(api):
    like = say(api, "5")
    bring(api, RATINGS)
    assert api.delete("/viewers/u0/feedback?only=imports").json()["erased"] == 2
    assert [str(event.event_id) for event in log(api).events] == [like]


def test_import_tells_what_it_did_and_does_nothing_twice(api):
    dry = bring(api, RATINGS, dry_run="true")
    assert (dry.new, dry.stored, dry.n_matched, dry.n_by_id, dry.dry_run) == (2, 0, 2, 2, True)
    assert log(api).events == []
    done = bring(api, RATINGS)
    assert (done.new, done.stored, done.unchanged) == (2, 2, 0)
    assert [(row.line, row.item.item_id, row.rating) for row in done.matched] == [
        (2, "1", 4.5),
        (3, "2", 1.0),
    ]
    assert [(row.line, row.name, row.reason) for row in done.rejected] == [
        (4, "zz", "no film here has that id")
    ]
    again = bring(api, RATINGS)
    assert (again.new, again.stored, again.unchanged) == (0, 0, 2)
    assert log(api).total == 2


def test_a_guest_who_imports_is_recommended_to_from_it(api):
    before = api.post("/recommend", json={"viewer": "guest-3", "k": 20}).json()["items"]
    rows = "".join(f"{item['item_id']},5\n" for item in before[:5])
    bring(api, f"movieId,rating\n{rows}", "guest-3")
    after = api.post("/recommend", json={"viewer": "guest-3", "k": 20}).json()["items"]
    assert not {item["item_id"] for item in before[:5]} & {item["item_id"] for item in after}
    assert any(reason["because"] for item in after for reason in item["reasons"])


def test_imported_ratings_are_no_marks(api):
    bring(api, RATINGS)
    assert api.get("/feedback?user_id=u0").json()["feedback"] == []
    answer = api.post(
        "/feedback", json={"event_id": str(uuid4()), "user_id": "u0", "item_id": "1", "action": "rate"}
    )
    assert answer.status_code == 422


def test_a_file_of_several_users_is_asked_about_before_anything_is_stored(api):
    text = "userId,movieId,rating,timestamp\n7,1,4,1\n8,2,2,1\n8,3,3,1\n"
    asked = bring(api, text, dry_run="true")
    assert (asked.users, asked.n_matched, asked.new) == ({"7": 1, "8": 2}, 0, 0)
    refused = api.post("/viewers/u0/imports", content=text)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
    assert "2 users" in refused.json()["detail"]
    assert log(api).events == []
    assert bring(api, text, user="8").stored == 2


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "empty"), (b"a,b\n1,2\n", "lacks the column rating"), (b"PK\x03\x04", "zip")]
)
def test_a_file_that_cannot_be_read_is_a_problem_that_says_why(api, content, says):
    answer = api.post("/viewers/u0/imports", content=content)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unreadable-file")
    assert says in answer.json()["detail"]


def test_ten_thousand_rows_fit_and_four_megabytes_are_the_limit(api):
    rows = "".join(f'2021-03-04,"A film of a longer name, number {n}",2001,https://boxd.it/{n:05},4.5\n'
                   for n in range(10_000))  # fmt: skip
    text = "Date,Name,Year,Letterboxd URI,Rating\n" + rows
    assert MAX_BODY_BYTES < len(text) < MAX_FILE_BYTES
    assert len(bring(api, text).rejected) == 10_000
    for content in (b"x" * (MAX_FILE_BYTES + 1), iter([b"x" * MAX_FILE_BYTES, b"y"])):
        answer = api.post("/viewers/u0/imports", content=content)
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    for path in ("/recommend", "/feedback", "/viewers/u0/imports/x", "/imports"):
        assert api.post(path, content=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413


def test_everything_about_a_viewer_waits_while_the_store_is_out_of_order(client, store):
    store.down = True
    for method, path in (
        ("GET", "taste"),
        ("GET", "history"),
        ("GET", "feedback"),
        ("GET", "feedback/export"),
        ("DELETE", "feedback"),
    ):
        answer = client.request(method, f"/viewers/ann/{path}")
        assert answer.status_code == 503, path
        assert answer.json()["type"] == "/problems/feedback-unavailable"


def test_what_stands_is_read_once_until_something_changes(api, real_store, monkeypatch):
    say(api, "5")
    asked = []
    glance = real_store.glance
    whole = glance.in_force
    monkeypatch.setattr(glance, "in_force", lambda user_id: asked.append(user_id) or whole(user_id))
    for _ in range(3):
        assert len(api.get("/feedback?user_id=u0").json()["feedback"]) == 1
    assert asked == ["u0"]
    say(api, "6", user_id="u1")
    say(api, "6")
    assert len(api.get("/feedback?user_id=u0").json()["feedback"]) == 2
    assert asked == ["u0", "u0"]


class TestTitle:
    def test_standing_is_that_of_the_list(self, api):
        listed = api.get("/recommend/user/17?k=10").json()["items"][3]
        found = StandingResponse.model_validate_json(
            api.get(f"/movies/{listed['item_id']}/standing?viewer=u17").content
        )
        assert (found.place, found.seen) == (4, False)
        assert found.match == pytest.approx(listed["match"], abs=1e-6)
        assert sum(cause.share for cause in found.causes) == pytest.approx(1.0, abs=1e-5)

    def test_a_saved_film_is_not_seen_and_a_liked_one_is(self, api, toy_service):
        listed = api.get("/recommend/user/17?k=3").json()["items"]
        first, second = listed[0]["item_id"], listed[1]["item_id"]
        say(api, first, "save", user_id="u17")
        say(api, second, user_id="u17")
        assert api.get(f"/movies/{first}/standing?viewer=u17").json()["seen"] is False
        body = api.get(f"/movies/{second}/standing?viewer=u17").json()
        assert (body["seen"], body["seen_rating"]) == (True, 5.0)

    def test_a_guest_may_name_genres(self, api, toy_service):
        genre = toy_service.catalog.genre_names[0]
        assert api.get(f"/movies/5/standing?viewer=guest-1&genres={genre}").status_code == 200
        assert api.get("/movies/5/standing?viewer=guest-1&genres=Nonsense").status_code == 422
        assert api.get("/movies/nope/standing?viewer=guest-1").status_code == 404

    def test_appeal_names_groups_and_viewers(self, api, toy_service):
        busiest = toy_service.catalog.item_id[0]
        found = AppealResponse.model_validate_json(api.get(f"/movies/{busiest}/appeal").content)
        assert found.n_liked <= found.n_rated
        assert all(0 <= fan.match <= 1 for fan in found.fans)
        assert api.get("/movies/nope/appeal").status_code == 404


class TestGroup:
    def ask(self, api: TestClient, *viewers: str, **more: object):
        members = [{"viewer": viewer} for viewer in viewers]
        return api.post("/recommend/group", json={"members": members, **more})

    def test_a_list_with_everybodys_match(self, api):
        made = GroupResponse.model_validate_json(self.ask(api, "u0", "u17", k=5).content)
        assert [item.rank for item in made.items] == [1, 2, 3, 4, 5]
        for item in made.items:
            assert [member.viewer for member in item.members] == ["u0", "u17"]
            assert item.happiest in ("u0", "u17")
        assert [each.viewer for each in made.balance] == ["u0", "u17"]

    def test_what_one_dislikes_nobody_is_shown(self, api):
        first = self.ask(api, "u0", "u17", k=1).json()["items"][0]["item_id"]
        say(api, first, "dislike", user_id="u17")
        shown = {item["item_id"] for item in self.ask(api, "u0", "u17", k=50).json()["items"]}
        assert first not in shown

    def test_a_guest_joins_with_feedback_or_genres_but_not_with_a_mistyped_id(self, api, toy_service):
        answer = self.ask(api, "u0", "gesut-1")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-user")
        assert "members.1.viewer" in answer.json()["detail"]
        say(api, "5", user_id="guest-1")
        assert self.ask(api, "u0", "guest-1").status_code == 200
        genre = toy_service.catalog.genre_names[0]
        body = {"members": [{"viewer": "u0"}, {"viewer": "guest-9", "genres": [genre]}]}
        assert api.post("/recommend/group", json=body).status_code == 200

    @pytest.mark.parametrize("viewers", [["u0"], ["u0", "u0"], [f"u{n}" for n in range(9)]])
    def test_groups_are_two_to_eight_different_people(self, api, viewers):
        assert self.ask(api, *viewers).status_code == 422

    @pytest.mark.parametrize(
        "more", [{"care": 1.5}, {"care": "0.5"}, {"k": 0}, {"year_from": 2000, "year_to": 1990}]
    )
    def test_bad_wishes_are_refused(self, api, more):
        assert self.ask(api, "u0", "u17", **more).status_code == 422
