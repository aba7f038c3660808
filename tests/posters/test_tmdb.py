import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from movierec.errors import ConfigError
from movierec.posters.tmdb import TmdbPosters

TOKEN = "s3cret-t0ken"
DAY = 86_400


@dataclass
class FakeTmdb:
    """A server on this machine that answers what the test tells it to."""

    status: int = 200
    body: bytes = b'{"id": 603, "poster_path": "/abcDEF123.jpg", "title": "x"}'
    headers: dict[str, str] = field(default_factory=dict)
    promised: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def fake() -> Iterator[FakeTmdb]:
    state = FakeTmdb()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body) + state.promised))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def posters(fake: FakeTmdb, tmp_path: Path, clock: Clock) -> TmdbPosters:
    return TmdbPosters(SecretStr(TOKEN), tmp_path / "tmdb", fake.url, timeout=2, clock=clock)


def test_the_address_is_found_and_the_token_travels_in_a_header(posters: TmdbPosters, fake: FakeTmdb) -> None:
    assert posters.find_url(603) == "https://image.tmdb.org/t/p/w342/abcDEF123.jpg"
    assert fake.asked == [("/3/movie/603", f"Bearer {TOKEN}")]


def test_a_netrc_file_does_not_replace_the_token(
    posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    posters.find_url(603)
    assert fake.asked[0][1] == f"Bearer {TOKEN}"


def test_an_answer_is_kept_for_at_most_180_days(posters: TmdbPosters, fake: FakeTmdb, clock: Clock) -> None:
    first = posters.find_url(603)
    clock.now += 179.9 * DAY
    assert posters.find_url(603) == first
    assert len(fake.asked) == 1
    assert posters.forget_expired() == 0
    clock.now += 0.2 * DAY
    assert posters.forget_expired() == 1
    posters.find_url(603)
    assert len(fake.asked) == 2


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (200, b'{"poster_path": null}')])
def test_a_film_without_poster_is_remembered_for_a_week(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock, status: int, body: bytes
) -> None:
    fake.status, fake.body = status, body
    assert posters.find_url(603) is None
    assert posters.find_url(603) is None
    assert len(fake.asked) == 1
    clock.now += 8 * DAY
    posters.find_url(603)
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/x.jpg",
        "/../x.jpg",
        "http://evil.example/x.jpg",
        "/x.jpg?y",
        "/x.html",
        "@evil.example/x.jpg",
    ],
)
def test_a_path_cannot_lead_elsewhere(
    posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path, path: str
) -> None:
    fake.body = f'{{"poster_path": "{path}"}}'.encode()
    assert posters.find_url(603) is None
    (tmp_path / "tmdb" / "604.json").write_text(f'{{"path": "{path}", "fetched": {Clock.now}}}')
    assert posters.find_url(604) is None


def test_too_many_requests_are_followed_by_the_silence_asked_for(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock
) -> None:
    fake.status, fake.headers = 429, {"Retry-After": "7"}
    assert posters.find_url(603) is None
    fake.status, fake.headers = 200, {}
    clock.now += 6.9
    assert posters.find_url(604) is None
    assert len(fake.asked) == 1
    clock.now += 0.2
    assert posters.find_url(604) is not None


@pytest.mark.parametrize(("status", "pause"), [(401, 600), (500, 30), (302, 30)])
def test_a_refusal_is_not_repeated_at_once(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock, status: int, pause: int
) -> None:
    fake.status, fake.headers = status, {"Location": f"{fake.url}/movie/1"}
    assert posters.find_url(603) is None
    assert len(fake.asked) == 1
    clock.now += pause - 1
    assert posters.find_url(603) is None
    assert len(fake.asked) == 1
    fake.status, fake.headers = 200, {}
    clock.now += 2
    assert posters.find_url(603) is not None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"poster_path": 5}', b'{"a": 1}', b"x" * 1_100_000]
)
def test_nonsense_is_no_poster(posters: TmdbPosters, fake: FakeTmdb, body: bytes) -> None:
    fake.body = body
    assert posters.find_url(603) is None


def test_an_answer_broken_off_is_no_poster(posters: TmdbPosters, fake: FakeTmdb) -> None:
    fake.promised = 10
    assert posters.find_url(603) is None
    assert posters.find_url(604) is None
    assert len(fake.asked) == 1


def test_an_unreachable_server_costs_one_attempt(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    posters = TmdbPosters(SecretStr(TOKEN), tmp_path, "http://127.0.0.1:9", clock=clock)
    assert posters.find_url(603) is None
    assert posters.find_url(604) is None
    assert sum("cannot be reached" in record.message for record in caplog.records) == 1


def test_the_token_is_nowhere_to_be_read(
    posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    posters.find_url(603)
    fake.status = 401
    posters.find_url(604)
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{posters!r} {vars(posters)}"
    assert all(TOKEN not in file.read_text() for file in tmp_path.rglob("*.json"))


def test_a_damaged_cache_is_asked_again(posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path) -> None:
    posters.find_url(603)
    (tmp_path / "tmdb" / "603.json").write_bytes(b'{"path"')
    assert posters.find_url(603) is not None
    assert len(fake.asked) == 2


def test_the_token_does_not_travel_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="https"):
        TmdbPosters(SecretStr(TOKEN), tmp_path, "http://api.example/3")


def test_a_film_number_is_positive(posters: TmdbPosters) -> None:
    with pytest.raises(ConfigError, match="tmdb_id"):
        posters.find_url(0)
