"""The Python client against the real application, over a socket."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
import uvicorn

from app.main import create_app
from movierec.client import ApiRefused, ApiUnavailable, FeedbackEvent, MovieRecClient, Wishes
from movierec.config import Settings


class CountingApp:
    """Passes everything on, counts connections, and breaks what it is told to break."""

    def __init__(self, app) -> None:
        self.app = app
        self.connections: set[object] = set()
        self.calls: list[tuple[str, str]] = []
        self.break_next = 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            self.connections.add(scope["client"])
            self.calls.append((scope["method"], scope["path"]))
            if self.break_next:
                self.break_next -= 1
                await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self.app(scope, receive, send)


@pytest.fixture
def api(tmp_path, service, store) -> Iterator[tuple[str, CountingApp]]:
    counting = CountingApp(create_app(Settings(home=tmp_path), service, store))
    ready = threading.Event()

    class Announcing(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            ready.set()

    listener = socket.create_server(("127.0.0.1", 0))
    server = Announcing(uvicorn.Config(counting, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", counting
    server.should_exit = True
    thread.join(20)
    listener.close()


@pytest.fixture
def client(api) -> Iterator[MovieRecClient]:
    with MovieRecClient(api[0], backoff_seconds=0.0) as opened:
        yield opened


def make_event(item_id: str = "m4") -> FeedbackEvent:
    return FeedbackEvent(str(uuid4()), "ann", item_id, "like", None, "2026-01-01T00:00:00Z", {})


def test_every_answer_is_read(client):
    assert client.health().dataset == "toy"
    assert [pick.item_id for pick in client.recommend(0, Wishes(k=2)).items] == ["m0", "m2"]
    assert client.recommend_for("guest", Wishes(k=2), ["Comedy"], ["m0"]).items
    assert client.sections("ann", Wishes(k=2)).known
    assert client.inspect(0, Wishes(k=2)).items[0].raw_score == 0.75
    assert client.inspect_for(None, Wishes(k=2), likes=["m1"]).items
    assert client.viewers("an").users[0].user_id == "ann"
    assert client.taste(0).n_events == 2
    assert client.movies("alien").total == 4
    assert client.movie("a/b 6").title == "Inalienable"
    assert client.similar("m0", 2).similar
    assert "Comedy" in client.genres()
    assert client.trending().items
    assert b"<svg" in client.poster_svg(client.movie("m0"))
    assert [each.item_id for each in client.scores("ann", topk=2).recommendations] == ["m0", "m2"]


def test_a_session_is_sent_in_its_order(client):
    events = [("m0", "watch"), ("m1", "like"), ("m2", "skip")]
    shown = {pick.item_id for pick in client.recommend_to_session(events, time_of_day="evening").items}
    assert shown == {"m3", "m4", "m5", "a/b 6"}


def test_feed_pages_are_of_one_list_and_end(client):
    pages = list(client.feed("ann", page_size=2))
    shown = [film.item_id for page in pages for film in page.items]
    assert len(shown) == len(set(shown)) == pages[0].total
    assert [page.page for page in pages] == list(range(1, len(pages) + 1))


def test_connections_are_kept(client, api):
    for _ in range(5):
        client.genres()
    assert len(api[1].connections) == 1
    assert len(api[1].calls) == 5


def test_reading_and_feedback_are_tried_again_and_lists_by_post_are_not(client, api, store):
    api[1].break_next = 1
    assert client.genres()
    api[1].break_next = 1
    client.send_feedback(make_event())
    assert len(store.timeline) == 1
    asked = len(api[1].calls)
    api[1].break_next = 1
    with pytest.raises(ApiUnavailable):
        client.recommend_to_session([("m0", "watch")])
    assert len(api[1].calls) == asked + 1


def test_refusals_carry_status_and_reason(client):
    with pytest.raises(ApiRefused, match="nonsense") as refused:
        client.recommend_to_session([("nonsense", "like")])
    assert refused.value.status == 404


def test_importing_the_client_loads_nothing_heavy():
    heavy = ("numpy", "polars", "sklearn", "numba", "streamlit", "fastapi", "movierec.schema")
    code = f"import sys, movierec.client; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
