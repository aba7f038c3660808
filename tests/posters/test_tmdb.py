import logging
from pathlib import Path

import pytest
from fake_tmdb import TOKEN, Clock, FakeTmdb
from pydantic import SecretStr

from movierec.errors import ConfigError
from movierec.posters.tmdb import TmdbPosters

DAY = 86_400


@pytest.fixture
def posters(fake: FakeTmdb, tmp_path: Path, clock: Clock) -> TmdbPosters:
    return TmdbPosters(SecretStr(TOKEN), tmp_path / "tmdb", fake.url, timeout=30, clock=clock)


def find_path(posters: TmdbPosters, tmdb_id: int) -> str | None:
    address = posters.find(tmdb_id)
    return None if address is None else address.path


def test_the_address_is_found_and_the_token_travels_in_a_header(posters: TmdbPosters, fake: FakeTmdb) -> None:
    assert find_path(posters, 603) == "/abcDEF123.jpg"
    assert fake.asked == [("/3/movie/603", f"Bearer {TOKEN}")]


def test_a_netrc_file_does_not_replace_the_token(
    posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    find_path(posters, 603)
    assert fake.asked[0][1] == f"Bearer {TOKEN}"


def test_an_answer_is_kept_for_at_most_180_days(posters: TmdbPosters, fake: FakeTmdb, clock: Clock) -> None:
    first = find_path(posters, 603)
    clock.now += 179.9 * DAY
    assert find_path(posters, 603) == first
    assert len(fake.asked) == 1
    assert posters.forget_expired() == 0
    clock.now += 0.2 * DAY
    assert posters.forget_expired() == 1
    find_path(posters, 603)
    assert len(fake.asked) == 2


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (200, b'{"poster_path": null}')])
def test_a_film_without_poster_is_remembered_for_a_week(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock, status: int, body: bytes
) -> None:
    fake.status, fake.body = status, body
    assert find_path(posters, 603) is None
    assert find_path(posters, 603) is None
    assert len(fake.asked) == 1
    clock.now += 8 * DAY
    find_path(posters, 603)
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
    assert find_path(posters, 603) is None
    (tmp_path / "tmdb" / "604.json").write_text(f'{{"path": "{path}", "fetched": {Clock.now}}}')
    assert find_path(posters, 604) is None


def test_too_many_requests_are_followed_by_the_silence_asked_for(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock
) -> None:
    fake.status, fake.headers = 429, {"Retry-After": "7"}
    assert find_path(posters, 603) is None
    fake.status, fake.headers = 200, {}
    clock.now += 6.9
    assert find_path(posters, 604) is None
    assert len(fake.asked) == 1
    clock.now += 0.2
    assert find_path(posters, 604) is not None


@pytest.mark.parametrize(("status", "pause"), [(401, 600), (500, 30), (302, 30)])
def test_a_refusal_is_not_repeated_at_once(
    posters: TmdbPosters, fake: FakeTmdb, clock: Clock, status: int, pause: int
) -> None:
    fake.status, fake.headers = status, {"Location": f"{fake.url}/movie/1"}
    assert find_path(posters, 603) is None
    assert len(fake.asked) == 1
    clock.now += pause - 1
    assert find_path(posters, 603) is None
    assert len(fake.asked) == 1
    fake.status, fake.headers = 200, {}
    clock.now += 2
    assert find_path(posters, 603) is not None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"poster_path": 5}', b'{"a": 1}', b"x" * 1_100_000]
)
def test_nonsense_is_no_poster(posters: TmdbPosters, fake: FakeTmdb, body: bytes) -> None:
    fake.body = body
    assert find_path(posters, 603) is None


def test_an_answer_broken_off_is_no_poster(posters: TmdbPosters, fake: FakeTmdb) -> None:
    fake.promised = 10
    assert find_path(posters, 603) is None
    assert find_path(posters, 604) is None
    assert len(fake.asked) == 1


def test_an_unreachable_server_costs_one_attempt(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    posters = TmdbPosters(SecretStr(TOKEN), tmp_path, "http://127.0.0.1:9", clock=clock)
    assert find_path(posters, 603) is None
    assert find_path(posters, 604) is None
    assert sum("cannot be reached" in record.message for record in caplog.records) == 1


def test_the_token_is_nowhere_to_be_read(
    posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    find_path(posters, 603)
    fake.status = 401
    find_path(posters, 604)
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{posters!r} {vars(posters)}"
    assert all(TOKEN not in file.read_text() for file in tmp_path.rglob("*.json"))


def test_a_damaged_cache_is_asked_again(posters: TmdbPosters, fake: FakeTmdb, tmp_path: Path) -> None:
    find_path(posters, 603)
    (tmp_path / "tmdb" / "603.json").write_bytes(b'{"path"')
    assert find_path(posters, 603) is not None
    assert len(fake.asked) == 2


def test_the_token_does_not_travel_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="https"):
        TmdbPosters(SecretStr(TOKEN), tmp_path, "http://api.example/3")


@pytest.mark.parametrize(
    "base", ["https://api.example/3", "https://api.themoviedb.org.example/3", "file:///x"]
)
def test_the_token_goes_to_tmdb_and_nowhere_else(tmp_path: Path, base: str) -> None:
    with pytest.raises(ConfigError, match="api_base"):
        TmdbPosters(SecretStr(TOKEN), tmp_path, base)


@pytest.mark.parametrize("token", ["", " ", "two words", "s3cret\nX-Evil: 1", "s3crét", "s3cret\x7f"])
def test_a_token_that_fits_no_header_is_refused_without_being_told(tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigError, match="MOVIEREC_TMDB_TOKEN") as told:
        TmdbPosters(SecretStr(token), tmp_path)
    assert "s3c" not in str(told.value)


def test_a_line_end_after_the_token_does_no_harm(fake: FakeTmdb, tmp_path: Path) -> None:
    TmdbPosters(SecretStr(f"{TOKEN}\n"), tmp_path, fake.url).find(603)
    assert fake.asked[0][1] == f"Bearer {TOKEN}"


def test_an_address_can_be_forgotten(posters: TmdbPosters, fake: FakeTmdb) -> None:
    posters.find(603)
    posters.forget(603)
    posters.forget(603)
    posters.find(603)
    assert len(fake.asked) == 2


def test_a_film_number_is_positive(posters: TmdbPosters) -> None:
    with pytest.raises(ConfigError, match="tmdb_id"):
        find_path(posters, 0)
