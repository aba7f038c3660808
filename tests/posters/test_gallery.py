from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_tmdb import FILM, TOKEN, Clock, FakeTmdb, make_image

from movierec.posters import gallery as gallery_module
from movierec.posters.gallery import PosterGallery, Sight

NOTHING_YET = Sight(None, settled=False)
NOTHING = Sight(None, settled=True)


@pytest.fixture
def gallery(fake: FakeTmdb, tmp_path: Path, clock: Clock) -> Iterator[PosterGallery]:
    opened = fake.open_gallery(tmp_path, clock=clock)
    opened.start()
    yield opened
    opened.close()


def test_the_first_look_sends_for_it_and_the_next_one_has_it(
    gallery: PosterGallery, fake: FakeTmdb, tmp_path: Path
) -> None:
    assert gallery.find(FILM) == NOTHING_YET
    gallery.wait()
    picture = gallery.find(FILM).picture
    assert picture is not None
    assert picture.body == fake.image
    assert gallery.find(FILM) == Sight(picture, settled=True)
    assert (len(fake.asked), len(fake.image_asked)) == (1, 1)
    # Another process, or the next start, finds it on the disk.
    assert fake.open_gallery(tmp_path).find(FILM).picture == picture


def test_nobody_waits_for_a_host_that_does_not_answer(gallery: PosterGallery, fake: FakeTmdb) -> None:
    fake.held = True
    for _ in range(3):
        assert [gallery.find(film) for film in range(1, 61)] == [NOTHING_YET] * 60
    assert fake.asked == []
    fake.release.set()
    gallery.wait()
    assert len(fake.asked) == 60
    assert gallery.find(60).picture is not None


def test_what_nobody_can_fetch_in_time_is_not_lined_up_forever(
    gallery: PosterGallery, fake: FakeTmdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.held = True
    for film in range(1, 2000):
        gallery.find(film)
    assert gallery._waiting.qsize() <= gallery_module.MAX_WAITING
    fake.release.set()


@pytest.mark.parametrize("tmdb_id", [None, 0, -5])
def test_a_film_tmdb_does_not_know_is_not_asked_for(
    gallery: PosterGallery, fake: FakeTmdb, tmdb_id: int | None
) -> None:
    assert gallery.find(tmdb_id) == NOTHING
    gallery.wait()
    assert fake.asked == []


def test_a_film_without_poster_is_settled(gallery: PosterGallery, fake: FakeTmdb) -> None:
    fake.body = b'{"poster_path": null}'
    gallery.find(FILM)
    gallery.wait()
    assert gallery.find(FILM) == NOTHING
    gallery.wait()
    assert (len(fake.asked), len(fake.image_asked)) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"image_status": 404},
        {"image_status": 302, "image_headers": {"Location": "http://127.0.0.1:9/x.jpg"}},
        {"image_type": "text/html"},
        {"image": b"\xff\xd8 no picture"},
        {"image": make_image()[:-200]},
        {"image": bytes(1_200_000)},
    ],
    ids=["404", "redirect", "wrong type", "nonsense", "half", "huge"],
)
def test_what_cannot_be_shown_rests_for_a_day(
    gallery: PosterGallery, fake: FakeTmdb, clock: Clock, change: dict[str, object]
) -> None:
    before = {name: getattr(fake, name) for name in change}
    vars(fake).update(change)
    gallery.find(FILM)
    gallery.wait()
    assert gallery.find(FILM) == NOTHING
    clock.now += 86_000
    assert gallery.find(FILM) == NOTHING
    gallery.wait()
    assert len(fake.image_asked) == 1
    vars(fake).update(before)
    clock.now += 500
    assert gallery.find(FILM) == NOTHING_YET
    gallery.wait()
    assert gallery.find(FILM).picture is not None


def test_too_many_requests_are_followed_by_the_silence_asked_for(
    gallery: PosterGallery, fake: FakeTmdb, clock: Clock
) -> None:
    fake.image_status, fake.image_headers = 429, {"Retry-After": "100"}
    gallery.find(FILM)
    gallery.wait()
    fake.image_status, fake.image_headers = 200, {}
    clock.now += 99
    for film in (FILM, FILM + 1):
        assert gallery.find(film) == NOTHING_YET
    gallery.wait()
    assert len(fake.image_asked) == 1
    clock.now += 31
    gallery.find(FILM)
    gallery.wait()
    assert gallery.find(FILM).picture is not None


@pytest.mark.parametrize("change", [{"status": 401}, {"status": 429}, {"status": 500}, {"body": b"<html>"}])
def test_while_tmdb_refuses_there_is_artwork(
    gallery: PosterGallery, fake: FakeTmdb, change: dict[str, object]
) -> None:
    vars(fake).update(change)
    gallery.find(FILM)
    gallery.wait()
    assert gallery.find(FILM) == NOTHING_YET
    assert fake.image_asked == []


def test_one_fault_does_not_end_the_work(
    gallery: PosterGallery, fake: FakeTmdb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(tmdb_id: int) -> None:
        raise RuntimeError(f"with {TOKEN} in it")

    with monkeypatch.context() as patch:
        patch.setattr(gallery._addresses, "find", fail)
        for film in range(1, 10):
            gallery.find(film)
        gallery.wait()
    assert "RuntimeError" in caplog.text
    assert TOKEN not in caplog.text
    gallery.find(FILM)
    gallery.wait()
    assert gallery.find(FILM).picture is not None


def test_few_posters_are_kept_in_memory(gallery: PosterGallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_module, "MAX_AT_HAND", 3)
    for film in range(1, 8):
        gallery.find(film)
    gallery.wait()
    assert len(gallery._at_hand) == 3
    assert all(gallery.find(film).picture for film in range(1, 8))


def test_closing_ends_the_threads(fake: FakeTmdb, tmp_path: Path) -> None:
    opened = fake.open_gallery(tmp_path)
    before = set(threading.enumerate())
    opened.start()
    started = set(threading.enumerate()) - before
    assert len(started) == gallery_module.WORKERS
    opened.close()
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()


def test_the_token_is_nowhere_to_be_read(
    gallery: PosterGallery, fake: FakeTmdb, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 401, 429, 500):
        fake.status = status
        gallery.find(FILM + status)
        gallery.wait()
    assert fake.asked
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{gallery!r} {vars(gallery)} {vars(gallery._addresses)}"
    assert all(TOKEN.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
