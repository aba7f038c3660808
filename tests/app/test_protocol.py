"""Over a real socket: what the test client cannot show."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn

from app.main import create_app
from app.protocol import DeadlineProtocol
from movierec.config import Settings

HEAD = b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
AWAIT_ANSWER = b"(await the answer)"


class HastyProtocol(DeadlineProtocol):
    request_seconds = 0.2


@pytest.fixture
def talk(tmp_path, service, store):
    """Send bytes, and return everything that comes back until the server closes the connection."""

    async def exchange(protocol: type, *messages: bytes) -> bytes:
        app = create_app(Settings(home=tmp_path), service, store)
        config = uvicorn.Config(app, http=protocol, log_config=None, lifespan="off", timeout_keep_alive=1)
        config.load()
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with listener:
            reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
            answer = b""
            for message in messages:
                if message == AWAIT_ANSWER:
                    answer += await reader.readuntil(b"]}")
                    continue
                writer.write(message)
                await writer.drain()
            answer += await asyncio.wait_for(reader.read(), timeout=60)
            writer.close()
        return answer

    def run(protocol: type, *messages: bytes) -> bytes:
        return asyncio.run(exchange(protocol, *messages))

    return run


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"GET /genres HT",
        b"GET /genres HTTP/1.1\r\nHost: localhost\r\n",
        HEAD + b"Content-Length: 50\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_half_a_request_does_not_hold_the_connection(talk, part):
    answer = talk(HastyProtocol, part)
    assert b"200 OK" not in answer


def test_next_request_on_the_connection_has_the_same_deadline(talk):
    whole = b"GET /genres HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = talk(HastyProtocol, whole, AWAIT_ANSWER, b"GET /genr")
    assert answer.count(b"200 OK") == 1


def test_whole_requests_are_answered_and_kept_alive(talk):
    body = b'{"likes": ["m1"], "k": 1}'
    post = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    last = b"GET /genres HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = talk(DeadlineProtocol, post[:60], post[60:], last)
    assert answer.count(b"200 OK") == 2


def test_large_body_is_answered_with_413_before_it_is_sent(talk):
    answer = talk(DeadlineProtocol, HEAD + b"Content-Length: 200000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"/problems/body-too-large" in answer


def test_endless_chunks_are_cut_off(talk):
    chunk = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    last = b"0\r\n\r\n"
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = talk(DeadlineProtocol, head, *[chunk] * 12, last)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"/problems/body-too-large" in answer


def test_unforeseen_error_keeps_the_request_id(talk, service):
    service.fails = True
    answer = talk(
        DeadlineProtocol, b"GET /recommend/user/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ).lower()
    assert answer.startswith(b"http/1.1 500")
    assert answer.count(b"x-request-id: ") == 1
    assert b"passwd" not in answer
