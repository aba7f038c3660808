from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers import AnswerCache
from movierec.feedback.events import FeedbackAction, FeedbackEvent


def like(item_id: str) -> FeedbackEvent:
    return FeedbackEvent(uuid4(), "ann", item_id, FeedbackAction.LIKE)


def test_an_answer_is_found_only_for_the_same_question_and_feedback():
    cache = AnswerCache(10)
    said = (like("m1"),)
    assert cache.find("asked", said) is None
    cache.keep("asked", said, b"body")
    assert cache.find("asked", tuple(said)) == b"body"
    assert cache.find("other", said) is None
    assert cache.find("asked", ()) is None
    assert cache.find("asked", (*said, like("m2"))) is None
    assert (cache.hits, cache.misses) == (1, 4)


def test_none_are_kept_where_the_limit_is_zero():
    cache = AnswerCache(0)
    cache.keep("asked", (), b"body")
    assert cache.find("asked", ()) is None


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 6)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 20),
)
def test_it_stays_within_its_bounds_and_keeps_what_was_asked_for_last(steps, limit, max_bytes):
    cache = AnswerCache(limit, max_bytes)
    bodies: dict[int, bytes] = {}
    order: list[int] = []
    for asks, number, size in steps:
        if asks:
            assert cache.find(number, ()) == bodies.get(number)
            if number in bodies:
                order.remove(number)
                order.append(number)
            continue
        body = bytes(size)
        cache.keep(number, (), body)
        if size > max_bytes:
            continue
        if number in bodies:
            order.remove(number)
        bodies[number] = body
        order.append(number)
        while len(bodies) > limit or sum(map(len, bodies.values())) > max_bytes:
            del bodies[order.pop(0)]
    kept = {number: cache.find(number, ()) for number in range(9)}
    assert {number: body for number, body in kept.items() if body is not None} == bodies


def count_lists(service, monkeypatch) -> list[object]:
    made: list[object] = []
    recommend = service.recommend
    monkeypatch.setattr(service, "recommend", lambda *asked: made.append(asked) or recommend(*asked))
    return made


def test_the_same_question_is_answered_once_until_something_is_said(client, service, monkeypatch):
    made = count_lists(service, monkeypatch)
    path = "/recommend/user/0?k=3"
    first = client.get(path)
    again = client.get(path)
    assert again.content == first.content
    assert again.headers["cache-control"] == "no-store"
    assert len(made) == 1
    client.get("/recommend/user/0?k=2")
    client.get("/recommend/user/1?k=3")
    assert len(made) == 3
    said = {"event_id": str(uuid4()), "user_id": "ann", "item_id": "m4", "action": "like"}
    assert client.post("/feedback", json=said).status_code == 201
    after = client.get(path)
    assert len(made) == 4
    assert "m4" not in {item["item_id"] for item in after.json()["items"]}


@pytest.mark.parametrize("name", ["movierec_cache_hits_total", "movierec_cache_misses_total"])
def test_the_hit_rate_is_told(client, name):
    client.get("/recommend/user/0?k=3")
    client.get("/recommend/user/0?k=3")
    assert f'{name}{{cache="answers"}} 1.0' in client.get("/metrics").text


def test_answers_that_had_to_do_without_feedback_are_not_kept(client, service, store, monkeypatch):
    made = count_lists(service, monkeypatch)
    store.down = True
    client.get("/recommend/user/0?k=3")
    client.get("/recommend/user/0?k=3")
    assert len(made) == 2
