"""One contract for kept answers, in the process and in Redis; and Redis when it is not well."""

from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from local_servers import REDIS, need

from app import shared_answers
from app.caching import Answers, Made, ProcessAnswers, Question
from app.main import create_app
from app.shared_answers import RedisAnswers
from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.feedback.events import FeedbackAction, FeedbackEvent

Open = Callable[[], Answers]
PATIENT = 20.0
"""Seconds to wait for Redis where its speed is not the question."""


def like(item_id: str = "m1") -> FeedbackEvent:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return FeedbackEvent(uuid4(), "ann", item_id, FeedbackAction.LIKE, server_time=moment)


class Kitchen:
    """Makes answers and counts them."""

    def __init__(self, keep: bool = True) -> None:
        self.made = 0
        self.keep = keep

    async def make(self) -> Made:
        self.made += 1
        await asyncio.sleep(0)
        return Made(f"answer {self.made}".encode(), self.keep)


@pytest.fixture(params=["process", "redis"])
def open_answers(request: pytest.FixtureRequest) -> Open:
    if request.param == "process":
        return lambda: ProcessAnswers(100)
    need(REDIS, "Redis")
    return lambda: RedisAnswers(REDIS, PATIENT)


@pytest.fixture
def question() -> Question:
    return Question(f"test-{uuid.uuid4().hex}", "list 0 {}", (like(),))


def run(opened: Answers, work: Callable[[], Awaitable[None]]) -> None:
    async def closing() -> None:
        try:
            await work()
        finally:
            if isinstance(opened, RedisAnswers):
                await opened.close()

    asyncio.run(closing())


def total(answers: Answers) -> tuple[int, int]:
    hits, misses = zip(*answers.counts().values(), strict=True)
    return sum(hits), sum(misses)


def test_an_answer_is_given_again_only_to_the_same_question(open_answers: Open, question: Question):
    answers, kitchen = open_answers(), Kitchen()

    async def work() -> None:
        assert await answers.answer(question, kitchen.make) == b"answer 1"
        assert await answers.answer(question, kitchen.make) == b"answer 1"
        others = (
            replace(question, bundle=f"{question.bundle}-2"),
            replace(question, asked="list 1 {}"),
            replace(question, feedback=()),
            replace(question, feedback=(*question.feedback, like())),
        )
        for number, other in enumerate(others, start=2):
            assert await answers.answer(other, kitchen.make) == f"answer {number}".encode()
        assert total(answers) == (1, 5)

    run(answers, work)


def test_an_answer_to_an_older_state_makes_room(open_answers: Open, question: Question):
    answers, kitchen = open_answers(), Kitchen()
    later = replace(question, feedback=(*question.feedback, like("m2")))

    async def work() -> None:
        for number, asked in enumerate((question, later, question), start=1):
            assert await answers.answer(asked, kitchen.make) == f"answer {number}".encode()

    run(answers, work)


def test_answers_with_a_fault_in_them_are_not_kept(open_answers: Open, question: Question):
    answers, kitchen = open_answers(), Kitchen(keep=False)

    async def work() -> None:
        for number in (1, 3):
            assert await answers.answer(question, kitchen.make) == f"answer {number}".encode()
            assert await answers.refresh(question, 30, kitchen.make) is not None
        assert kitchen.made == 4

    run(answers, work)


def test_many_who_ask_at_once_make_one_answer(open_answers: Open, question: Question):
    answers, kitchen = open_answers(), Kitchen()

    async def work() -> None:
        given = await asyncio.gather(*(answers.answer(question, kitchen.make) for _ in range(20)))
        assert set(given) == {b"answer 1"}
        other = replace(question, feedback=())
        asked = [answers.answer(each, kitchen.make) for each in (other, other)]
        assert await asyncio.gather(*asked) == [b"answer 2"] * 2

    run(answers, work)


@pytest.mark.parametrize("fault", [RuntimeError("secret"), asyncio.CancelledError()])
def test_where_one_fails_another_who_waits_takes_over(
    open_answers: Open, question: Question, fault: BaseException
):
    answers, kitchen = open_answers(), Kitchen()
    first = True

    async def fail_once() -> Made:
        nonlocal first
        if first:
            first = False
            await asyncio.sleep(0)
            raise fault
        return await kitchen.make()

    async def work() -> None:
        asked = [asyncio.ensure_future(answers.answer(question, fail_once)) for _ in range(3)]
        given = await asyncio.gather(*asked, return_exceptions=True)
        assert type(given[0]) is type(fault)
        assert given[1:] == [b"answer 1"] * 2

    run(answers, work)


def test_two_processes_share_what_one_has_made(question: Question):
    need(REDIS, "Redis")
    kitchen = Kitchen()

    async def work() -> None:
        async with opened() as one, opened() as two:
            assert await one.answer(question, kitchen.make) == b"answer 1"
            assert await two.answer(question, kitchen.make) == b"answer 1"
            trending = replace(question, asked="trending", feedback=())
            for each in (one, two, one):
                assert await each.refresh(trending, 30, kitchen.make) == b"answer 2"
            assert two.counts() == {"redis-answers": (1, 0), "redis-trending": (1, 0)}
            key = shared_answers._name(trending)
            assert 0 < await one._redis.pttl(key) <= 30_000
            # Emptied in between, and filled with what is none of ours.
            await one._redis.delete(key, shared_answers._name(question))
            assert await two.refresh(trending, 30, kitchen.make) == b"answer 3"
            await one._redis.set(shared_answers._name(question), b"\xff")
            assert await two.answer(question, kitchen.make) == b"answer 4"
            await one._redis.delete(key, shared_answers._name(question))

    asyncio.run(work())


@asynccontextmanager
async def opened(
    url: str = REDIS, seconds: float = PATIENT, clock: Callable[[], float] = lambda: 0.0
) -> AsyncIterator[RedisAnswers]:
    answers = RedisAnswers(url, seconds, clock)
    try:
        yield answers
    finally:
        await answers.close()


@contextmanager
def silent_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Give the address of a server that takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            while True:
                try:
                    taken.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0", taken
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in taken:
            each.close()


def test_a_silent_redis_is_asked_once_in_a_while(question: Question):
    moment = [100.0]
    kitchen = Kitchen()

    async def work(url: str, taken: list[socket.socket]) -> None:
        async with opened(url, 0.01, lambda: moment[0]) as answers:
            for _ in range(5):
                await answers.answer(question, kitchen.make)
            assert (kitchen.made, answers.failures) == (5, 1)
            moment[0] += shared_answers.BACK_OFF_SECONDS
            # Of many at once only one asks; the others have different questions, so each makes its own.
            asked = [replace(question, asked=str(number)) for number in range(5)]
            await asyncio.gather(*(answers.answer(each, kitchen.make) for each in asked))
            assert (kitchen.made, answers.failures) == (10, 2)
            assert answers.counts()["redis-answers"] == (0, 10)

    with silent_server() as (url, taken):
        asyncio.run(work(url, taken))


def test_redis_that_comes_back_is_used_again(question: Question):
    need(REDIS, "Redis")
    moment = [100.0]
    kitchen = Kitchen()

    async def work() -> None:
        async with opened(clock=lambda: moment[0]) as answers:
            real = answers._redis
            async with opened("redis://127.0.0.1:9/0") as away:
                answers._redis = away._redis
                assert await answers.answer(question, kitchen.make) == b"answer 1"
                assert answers.failures == 1
                answers._redis = real
                assert await answers.answer(question, kitchen.make) == b"answer 2"
                moment[0] += shared_answers.BACK_OFF_SECONDS
                assert await answers.answer(question, kitchen.make) == b"answer 3"
                assert await answers.answer(question, kitchen.make) == b"answer 3"
            await real.delete(shared_answers._name(question))

    asyncio.run(work())


def test_a_like_told_to_one_api_counts_at_the_other_at_once(tmp_path, service, store, monkeypatch):
    need(REDIS, "Redis")
    monkeypatch.setattr(shared_answers, "LIMIT_SECONDS", PATIENT)
    monkeypatch.setattr(service, "version", f"test-{uuid.uuid4().hex}")
    settings = Settings(home=tmp_path, cache_url=REDIS)
    with (
        TestClient(create_app(settings, service, store)) as one,
        TestClient(create_app(settings, service, store)) as two,
    ):
        path = "/recommend/user/0?k=3"
        item_id = one.get(path).json()["items"][0]["item_id"]
        assert two.get(path).content == one.get(path).content
        assert 'movierec_cache_hits_total{cache="redis-answers"} 1.0' in two.get("/metrics").text
        said = {"event_id": str(uuid4()), "user_id": "ann", "item_id": item_id, "action": "like"}
        assert one.post("/feedback", json=said).status_code == 201
        listed = two.get(path).json()["items"]
        assert item_id not in {item["item_id"] for item in listed}
        assert one.get("/trending").content == two.get("/trending").content
        assert 'movierec_cache_hits_total{cache="redis-trending"} 1.0' in two.get("/metrics").text


def test_lists_go_on_without_redis(tmp_path, service, store):
    settings = Settings(home=tmp_path, cache_url="redis://127.0.0.1:9/0")
    with TestClient(create_app(settings, service, store)) as client:
        assert client.get("/recommend/user/0?k=3").status_code == 200
        assert client.get("/trending").status_code == 200
        assert 'movierec_cache_failures_total{cache="redis"} 1.0' in client.get("/metrics").text


def test_an_address_that_is_none_of_redis_is_told_at_the_start(tmp_path, service, store):
    with pytest.raises(ConfigError, match="cache_url"):
        create_app(Settings(home=tmp_path, cache_url="http://host/"), service, store)
