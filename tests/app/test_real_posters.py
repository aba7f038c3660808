from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from fake_tmdb import FILM, TOKEN, FakeTmdb, serve
from fastapi.testclient import TestClient

from app.logs import configure_logs
from app.main import create_app
from app.real_posters import takes_photos
from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.posters.gallery import ATTRIBUTION, PosterGallery

POSTER = "/posters/m0.svg"
BROWSER = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}


@pytest.fixture
def fake() -> Iterator[FakeTmdb]:
    with serve() as state:
        yield state


@pytest.fixture
def gallery(fake: FakeTmdb, tmp_path) -> Iterator[PosterGallery]:
    opened = fake.open_gallery(tmp_path / "posters")
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def api(tmp_path, service, store, gallery) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path), service, store, gallery=gallery)) as opened:
        yield opened


def test_the_artwork_comes_first_and_the_poster_after_it(api, gallery, fake):
    first = api.get(POSTER, headers=BROWSER)
    assert first.headers["content-type"] == "image/svg+xml"
    assert first.headers["cache-control"] == "no-cache"
    gallery.wait()
    then = api.get(POSTER, headers={**BROWSER, "If-None-Match": first.headers["etag"]})
    assert (then.status_code, then.headers["content-type"], then.content) == (200, "image/jpeg", fake.image)
    assert then.headers["x-content-type-options"] == "nosniff"
    assert then.headers["vary"] == first.headers["vary"] == "Accept"
    again = api.get(POSTER, headers={**BROWSER, "If-None-Match": then.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert fake.asked == [(f"/3/movie/{FILM}", f"Bearer {TOKEN}")]
    assert api.get("/posters/m1.svg", headers=BROWSER).headers["cache-control"].startswith("public")


@pytest.mark.parametrize("accept", ["*/*", "image/svg+xml", "text/html, */*;q=0.8", ""])
def test_who_does_not_ask_for_photos_gets_what_the_address_says(api, gallery, accept):
    api.get(POSTER, headers=BROWSER)
    gallery.wait()
    answer = api.get(POSTER, headers={"Accept": accept})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.lstrip().startswith("<svg")


@pytest.mark.parametrize(
    ("accept", "takes"), [(None, False), ("image/*", True), ("IMAGE/* ;q=0.5", True), ("image/jpeg", False)]
)
def test_what_accept_means(accept, takes):
    assert takes_photos(accept) is takes


@pytest.mark.parametrize(
    "change",
    [
        {"status": 401},
        {"status": 404},
        {"status": 429},
        {"status": 302, "headers": {"Location": "/3/movie/1"}},
        {"body": b'{"poster_path": "//evil.example/x.jpg"}'},
        {"image_status": 404},
        {"image_status": 429},
        {"image_status": 302, "image_headers": {"Location": "/t/p/w342/other.jpg"}},
        {"image_type": "text/html", "image": b"<script>alert(1)</script>"},
        {"image": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"},
        {"image": bytes(1_200_000)},
        {"image_promised": 100},
    ],
    ids=str,
)
def test_whatever_tmdb_does_a_poster_is_shown(api, gallery, fake, change):
    vars(fake).update(change)
    for _ in range(2):
        answer = api.get(POSTER, headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        gallery.wait()


def test_a_silent_tmdb_keeps_nobody_waiting(api, gallery, fake):
    fake.held = True
    for _ in range(20):
        assert api.get(POSTER, headers=BROWSER).headers["content-type"] == "image/svg+xml"
    assert fake.asked == []
    fake.release.set()


def test_health_says_where_posters_come_from(api, client):
    ours, real = client.get("/health").json(), api.get("/health").json()
    assert (ours["posters"], ours["poster_attribution"]) == ("artwork", None)
    assert (real["posters"], real["poster_attribution"]) == ("tmdb", ATTRIBUTION)


def test_the_token_is_in_no_log_line_and_no_answer(tmp_path, service, store, gallery, fake, capfd):
    root = logging.getLogger()
    before = root.handlers, root.level
    configure_logs("DEBUG")
    try:
        settings = Settings(home=tmp_path, tmdb_token=TOKEN)
        with TestClient(create_app(settings, service, store, gallery=gallery)) as api:
            answers = [api.get(path) for path in ("/health", "/metrics", "/posters/nothing.svg")]
            fake.status = 401
            answers.append(api.get(POSTER, headers=BROWSER))
            gallery.wait()
            answers.append(api.get(POSTER, headers=BROWSER))
    finally:
        root.handlers, level = before
        root.setLevel(level)
    log = capfd.readouterr().err
    assert fake.asked
    assert any(json.loads(line)["event"] == "request" for line in log.splitlines() if line.startswith("{"))
    assert "status 401" in log
    assert "Starting new HTTP connection" not in log
    for text in (log, *(answer.text + str(answer.headers) for answer in answers)):
        assert TOKEN not in text


def test_the_token_decides(tmp_path, service, store):
    assert create_app(Settings(home=tmp_path, tmdb_token=TOKEN), service, store).state.gallery is not None
    for nothing in (None, "", " "):
        assert create_app(Settings(home=tmp_path, tmdb_token=nothing), service, store).state.gallery is None
    with pytest.raises(ConfigError, match="MOVIEREC_TMDB_TOKEN") as told:
        create_app(Settings(home=tmp_path, tmdb_token="two words"), service, store)
    assert "two words" not in str(told.value)
    hosted = create_app(Settings(home=tmp_path, tmdb_token=TOKEN), service, store, hosted=True)
    assert hosted.state.gallery is None
