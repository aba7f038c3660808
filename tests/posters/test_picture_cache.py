from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_tmdb import Clock

from movierec.posters import picture_cache
from movierec.posters.picture_cache import PictureCache

DAY = 86_400
BODY = b"\xff\xd8 picture \n with lines \n"


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> PictureCache:
    return PictureCache(tmp_path / "pictures", clock=clock)


def test_what_was_written_is_read(cache: PictureCache, tmp_path: Path, clock: Clock) -> None:
    assert cache.read(1) is None
    written = cache.write(1, BODY, "image/jpeg")
    assert (written.body, written.media_type) == (BODY, "image/jpeg")
    assert cache.read(1) == written
    assert PictureCache(tmp_path / "pictures", clock=clock).read(1) == written
    assert cache.write(2, BODY + b"x", "image/jpeg").etag != written.etag


def test_nothing_is_kept_for_more_than_180_days(cache: PictureCache, clock: Clock) -> None:
    cache.write(1, BODY, "image/jpeg")
    clock.now += 179.9 * DAY
    assert cache.read(1) is not None
    assert cache.forget_expired() == 0
    clock.now += 0.2 * DAY
    assert cache.read(1) is None
    assert cache.forget_expired() == 1
    assert cache.forget_expired() == 0


def test_a_copy_of_the_folder_does_not_make_posters_younger(
    cache: PictureCache, tmp_path: Path, clock: Clock
) -> None:
    cache.write(1, BODY, "image/jpeg")
    clock.now += 181 * DAY
    os.utime(tmp_path / "pictures" / "1.poster", (clock.now, clock.now))
    assert cache.read(1) is None


@pytest.mark.parametrize("where", [0, 20, 60, -1])
def test_a_damaged_file_is_not_served(cache: PictureCache, tmp_path: Path, where: int) -> None:
    cache.write(1, BODY, "image/jpeg")
    file = tmp_path / "pictures" / "1.poster"
    content = bytearray(file.read_bytes())
    content[where] ^= 1
    file.write_bytes(content)
    assert cache.read(1) is None
    assert cache.forget_expired() == 1


def test_leftovers_of_a_kill_are_removed(cache: PictureCache, tmp_path: Path) -> None:
    cache.write(1, BODY, "image/jpeg")
    (tmp_path / "pictures" / ".1.poster-0123456789abcdef").write_bytes(b"half")
    assert cache.forget_expired() == 1
    assert cache.read(1) is not None


def test_the_folder_stays_within_its_bound_and_the_newest_stay(tmp_path: Path, clock: Clock) -> None:
    cache = PictureCache(tmp_path, max_bytes=20_000, clock=clock)
    for number in range(60):
        cache.write(number, bytes(1000), "image/png")
        os.utime(tmp_path / f"{number}.poster", (number, number))
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 20_000
    kept = [number for number in range(60) if cache.read(number) is not None]
    assert kept == list(range(kept[0], 60))
    assert len(kept) >= 14


def test_a_disk_that_cannot_be_written_costs_only_the_copy(
    cache: PictureCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(28, "No space left on device", "/home/someone")

    monkeypatch.setattr(picture_cache, "replace_atomically", refuse)
    assert cache.write(1, BODY, "image/jpeg").body == BODY
    assert cache.read(1) is None
    assert "cannot be kept" in caplog.text
    assert "someone" not in caplog.text
