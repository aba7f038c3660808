"""What comes beyond the limit is refused at once; what is slow to send holds up nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from app.admission import AdmissionMiddleware
from app.main import create_app
from app.protocol import DeadlineProtocol
from movierec.config import Settings

SLOW = 300
WHOLE = b"GET /genres HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HEAD = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b"Content-Length: 50\r\n\r\n{"
CHUNK = b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"
BEGUN = (HEAD % b"recommend" + BODY, HEAD % b"recommend" + CHUNK, HEAD % b"viewers/0/imports" + BODY)


class Door:
    """An app whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered += 1
        await self.open.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(
    app: Callable[..., Awaitable[None]], path: str = "/recommend", method: str = "GET"
) -> tuple[int, dict[bytes, bytes]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "method": method, "headers": []}, None, send)
    return sent[0]["status"], dict(sent[0]["headers"])


def test_those_that_arrive_together_are_counted_before_the_first_is_computed():
    async def compute(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # never waits

    async def run() -> None:
        app = AdmissionMiddleware(compute, 2)
        answers = await asyncio.gather(*(ask(app) for _ in range(5)))
        assert [status for status, _ in answers] == [200, 200, 503, 503, 503]

    asyncio.run(run())


def test_uploads_have_a_few_places_of_their_own():
    async def run() -> None:
        door = Door()
        app = AdmissionMiddleware(door, 20)
        assert app.upload_limit == 2
        path = "/viewers/7/imports"
        under_way = [asyncio.create_task(ask(app, path, "POST")) for _ in range(3)]
        done, waiting = await asyncio.wait(under_way, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result()[0] for each in done] == [503]
        assert (app.uploads, app.under_way) == (2, 0)
        door.open.set()
        assert (await ask(app))[0] == 200
        assert [(await each)[0] for each in waiting] == [200, 200]
        assert app.uploads == 0

    asyncio.run(run())


def test_a_body_that_was_waited_for_is_told_as_it_came():
    heard: list[Any] = []
    told: list[Any] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def listen(_scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive() for _ in range(3)])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    coming = iter(told)

    async def receive() -> Any:
        return next(coming)

    async def run() -> None:
        scope = {"type": "http", "path": "/x", "method": "POST", "headers": [(b"content-length", b"3")]}

        async def ignore(_: Any) -> None:
            pass

        await AdmissionMiddleware(listen, 1)(scope, receive, ignore)

    asyncio.run(run())
    assert heard == told


@pytest.mark.parametrize("limit", [1, 7])
def test_as_many_as_the_limit_get_in_and_the_rest_are_told_when_to_come_back(limit):
    async def run() -> None:
        door = Door()
        app = AdmissionMiddleware(door, limit)
        under_way = [asyncio.create_task(ask(app)) for _ in range(limit + 20)]
        done, waiting = await asyncio.wait(under_way, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 20:
            more, waiting = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        for refused in done:
            status, headers = refused.result()
            assert status == 503
            assert int(headers[b"retry-after"]) > 0
        assert (door.entered, app.under_way) == (limit, limit)
        door.open.set()
        assert [(await each)[0] for each in waiting] == [200] * limit
        # Room again, also after a request that failed.
        assert (await ask(app))[0] == 200
        assert app.under_way == 0

    asyncio.run(run())


def test_probes_get_through_and_failures_leave_their_place():
    async def fail(*_: Any) -> None:
        raise RuntimeError

    async def run() -> None:
        door = Door()
        door.open.set()
        full = AdmissionMiddleware(door, 1)
        full.under_way = 1
        assert (await ask(full))[0] == 503
        for probe in ("/health/live", "/health/ready", "/ping"):
            assert (await ask(full, probe))[0] == 200
        failing = AdmissionMiddleware(fail, 1)
        with pytest.raises(RuntimeError):
            await ask(failing)
        assert failing.under_way == 0

    asyncio.run(run())


@pytest.mark.parametrize("begun", ["head", "body"])
def test_hundreds_of_half_sent_requests_starve_nobody(begun, tmp_path, service, store):
    """They wait outside: a request takes a place only once it has arrived in full, uploads but a few."""

    async def run() -> None:
        app = create_app(Settings(home=tmp_path, max_under_way=1), service, store)
        config = uvicorn.Config(app, http=DeadlineProtocol, log_config=None, lifespan="off")
        config.load()
        state = uvicorn.server.ServerState()
        listener = await asyncio.get_running_loop().create_server(
            lambda: DeadlineProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with listener:
            address = listener.sockets[0].getsockname()
            slow = [await asyncio.open_connection(*address) for _ in range(SLOW)]
            for number, (_, writer) in enumerate(slow):
                head = WHOLE[: 1 + number % (len(WHOLE) - 4)]
                writer.write(head if begun == "head" else BEGUN[number % len(BEGUN)])
                await writer.drain()
            for _ in range(5):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(WHOLE)
                answer = await asyncio.wait_for(reader.read(), timeout=10)
                writer.close()
                assert answer.startswith(b"HTTP/1.1 200")
                assert json.loads(answer.partition(b"\r\n\r\n")[2])
            assert len(state.connections) >= SLOW
            for _, writer in slow:
                writer.close()

    asyncio.run(run())
