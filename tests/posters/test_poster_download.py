from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from fake_tmdb import FakeTmdb, make_image, serve

from movierec.errors import ConfigError
from movierec.posters import download
from movierec.posters.download import MAX_IMAGE, ImageDownload, UnfitImageError, find_media_type

PATH = "/abcDEF123.jpg"


@pytest.fixture
def fake() -> Iterator[FakeTmdb]:
    with serve() as state:
        yield state


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_poster_comes_with_its_type(fake: FakeTmdb, kind: str, media_type: str) -> None:
    fake.image, fake.image_type = make_image(kind), media_type
    assert ImageDownload(fake.image_url, timeout=30).fetch(PATH) == (fake.image, media_type)
    assert fake.image_asked[0][0] == f"/t/p/w342{PATH}"


def test_no_credentials_travel_to_the_host_of_the_images(
    fake: FakeTmdb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    ImageDownload(fake.image_url, timeout=30).fetch(PATH)
    assert not {"Authorization", "Cookie"} & set(fake.image_asked[0][1])


@pytest.mark.parametrize(
    "path", ["//evil.example/x.jpg", "/../x.jpg", "@evil.example/x.jpg", "/x.jpg?y", "/x.svg", "/x.jpg\n", ""]
)
def test_a_path_cannot_lead_elsewhere(fake: FakeTmdb, path: str) -> None:
    with pytest.raises(UnfitImageError, match="path"):
        ImageDownload(fake.image_url, timeout=30).fetch(path)
    assert fake.image_asked == []


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example/t/p/w342",
        "http://image.tmdb.org/t/p/w342",
        "https://image.tmdb.org.evil.example/t/p/w342",
        "https://image.tmdb.org@evil.example/t/p/w342",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
    ],
)
def test_the_host_is_fixed(base: str) -> None:
    with pytest.raises(ConfigError, match="image_base"):
        ImageDownload(base)


def test_a_redirect_is_not_followed(fake: FakeTmdb) -> None:
    fake.image_status, fake.image_headers = 302, {"Location": f"{fake.image_url}/other.jpg"}
    with pytest.raises(UnfitImageError, match="302"):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)
    assert len(fake.image_asked) == 1


@pytest.mark.parametrize("status", [404, 403, 206])
def test_a_refusal_is_no_poster(fake: FakeTmdb, status: int) -> None:
    fake.image_status = status
    with pytest.raises(UnfitImageError, match=str(status)):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_fault_of_the_host_may_pass(fake: FakeTmdb, status: int) -> None:
    fake.image_status = status
    with pytest.raises(requests.HTTPError, match=str(status)):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


@pytest.mark.parametrize(
    "declared", ["text/html", "image/svg+xml", "image/webp", "application/octet-stream", ""]
)
def test_another_type_is_refused(fake: FakeTmdb, declared: str) -> None:
    fake.image_type = declared
    with pytest.raises(UnfitImageError, match="content type"):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


@pytest.mark.parametrize("promised", [0, None])
def test_a_huge_answer_is_cut_off(fake: FakeTmdb, promised: int | None) -> None:
    fake.image, fake.image_promised = b"\xff" * (MAX_IMAGE + 1), promised
    with pytest.raises(UnfitImageError, match="large"):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


def test_an_answer_broken_off_may_be_whole_next_time(fake: FakeTmdb) -> None:
    fake.image_promised = 10
    with pytest.raises(requests.ConnectionError):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


def test_a_host_that_does_not_answer_is_left(fake: FakeTmdb) -> None:
    fake.held = True
    with pytest.raises(requests.Timeout):
        ImageDownload(fake.image_url, timeout=0.2).fetch(PATH)


def test_a_trickle_is_left_however_steady(fake: FakeTmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_LONGEST_IMAGE", -1.0)
    with pytest.raises(requests.Timeout, match="too long"):
        ImageDownload(fake.image_url, timeout=30).fetch(PATH)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>alert(1)</script>",
        make_image()[:-200],
        make_image("PNG")[:-200],
        make_image("GIF"),
        make_image(size=(10, 2001)),
    ],
    ids=["empty", "svg", "html", "half a jpeg", "half a png", "gif", "too tall"],
)
def test_what_cannot_be_shown_is_refused(body: bytes) -> None:
    with pytest.raises(UnfitImageError):
        find_media_type(body)


def test_the_type_is_that_of_the_bytes(fake: FakeTmdb) -> None:
    fake.image = make_image("PNG")
    assert ImageDownload(fake.image_url, timeout=30).fetch(PATH)[1] == "image/png"
