from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.download import download
from movierec.errors import ConfigError, DataError, LayoutError, UnknownDatasetError

NAME = "ml-latest-small"


def pack(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVE = pack(
    **{
        f"{NAME}/movies.csv": "movieId,title,genres\n1,Heat (1995),Action\n",
        f"{NAME}/ratings.csv": "userId,movieId,rating,timestamp\n1,1,4,100\n",
        f"{NAME}/README.txt": "several chunks long " * 20_000,
    }
)


class Publisher(ThreadingHTTPServer):
    """Serves one archive and its checksum the way the test wants."""

    archive = ARCHIVE
    checksum: str | None = None
    cut_after: int | None = None
    ranges = True
    declare_length = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/movielens/"


class Handler(BaseHTTPRequestHandler):
    server: Publisher
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        publisher = self.server
        wanted = self.headers.get("Range")
        publisher.requests.append((self.path.rpartition("/")[2], wanted))
        if self.path == f"/movielens/{NAME}.zip.md5":
            digest = publisher.checksum or hashlib.md5(publisher.archive).hexdigest()
            return self.answer(200, f"MD5 ({NAME}.zip) = {digest}\n".encode())
        if self.path != f"/movielens/{NAME}.zip":
            return self.answer(404, b"")
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and publisher.ranges else 0
        if begin >= len(publisher.archive):
            return self.answer(416, b"")
        return self.answer(206 if begin else 200, publisher.archive[begin:], begin, publisher.cut_after)

    def answer(self, status: int, body: bytes, begin: int = 0, cut_after: int | None = None) -> None:
        self.send_response(status)
        if self.server.declare_length:
            self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{begin + len(body) - 1}/{begin + len(body)}")
        self.end_headers()
        self.wfile.write(body[:cut_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def part_of(settings: Settings) -> Path:
    return settings.raw_dir / f"{NAME}.zip.part"


def test_archive_is_fetched_and_loads_by_name(publisher: Publisher, settings: Settings) -> None:
    lines: list[str] = []
    path = download(NAME, settings, lines.append, base_url=publisher.url)
    assert path.read_bytes() == ARCHIVE
    assert [file.name for file in settings.raw_dir.iterdir()] == [f"{NAME}.zip"]
    assert any("Harper" in line for line in lines)
    assert any("100 %" in line for line in lines)
    assert load_dataset(NAME, settings).catalog.title == ("Heat",)


def test_what_is_there_is_not_fetched_again(publisher: Publisher, settings: Settings) -> None:
    download(NAME, settings, base_url=publisher.url)
    publisher.requests.clear()
    download(NAME, settings, base_url=publisher.url)
    assert publisher.requests == []


def test_interrupted_download_is_continued(publisher: Publisher, settings: Settings) -> None:
    publisher.cut_after = 200_000
    with pytest.raises(DataError, match="run again to continue"):
        download(NAME, settings, base_url=publisher.url)
    kept = part_of(settings).read_bytes()
    assert 100_000 < len(kept) <= 200_000
    assert ARCHIVE.startswith(kept)
    publisher.cut_after = None
    publisher.requests.clear()
    path = download(NAME, settings, base_url=publisher.url)
    assert (f"{NAME}.zip", f"bytes={len(kept)}-") in publisher.requests
    assert path.read_bytes() == ARCHIVE


def test_server_without_ranges_starts_over(publisher: Publisher, settings: Settings) -> None:
    settings.raw_dir.mkdir(parents=True)
    part_of(settings).write_bytes(ARCHIVE[:50])
    publisher.ranges = False
    assert download(NAME, settings, base_url=publisher.url).read_bytes() == ARCHIVE


def test_part_that_is_already_whole_is_taken(publisher: Publisher, settings: Settings) -> None:
    settings.raw_dir.mkdir(parents=True)
    part_of(settings).write_bytes(ARCHIVE)
    assert download(NAME, settings, base_url=publisher.url).read_bytes() == ARCHIVE


def test_part_of_another_file_is_thrown_away(publisher: Publisher, settings: Settings) -> None:
    settings.raw_dir.mkdir(parents=True)
    part_of(settings).write_bytes(b"x" * 60)
    with pytest.raises(DataError, match="has the checksum"):
        download(NAME, settings, base_url=publisher.url)
    assert list(settings.raw_dir.iterdir()) == []
    assert download(NAME, settings, base_url=publisher.url).read_bytes() == ARCHIVE


def test_wrong_checksum_leaves_nothing(publisher: Publisher, settings: Settings) -> None:
    publisher.checksum = "0" * 32
    with pytest.raises(DataError, match=f"expected {'0' * 32}"):
        download(NAME, settings, base_url=publisher.url)
    assert list(settings.raw_dir.iterdir()) == []


@pytest.mark.parametrize("declare_length", [True, False])
def test_too_large_an_archive_is_refused(
    publisher: Publisher, settings: Settings, declare_length: bool
) -> None:
    publisher.declare_length = declare_length
    with pytest.raises(DataError, match="100"):
        download(NAME, settings, base_url=publisher.url, max_bytes=100)
    assert list(settings.raw_dir.iterdir()) == []


@pytest.mark.parametrize(
    "archive", [b"<html>", pack(readme="x"), pack(**{"../movies.csv": "", "ratings.csv": ""})]
)
def test_archive_without_data_leaves_nothing(
    publisher: Publisher, settings: Settings, archive: bytes
) -> None:
    publisher.archive = archive
    with pytest.raises(LayoutError):
        download(NAME, settings, base_url=publisher.url)
    assert list(settings.raw_dir.iterdir()) == []


def test_pinned_checksum_counts_where_there_is_one(publisher: Publisher, settings: Settings) -> None:
    with pytest.raises(DataError, match="the server answered 404"):
        download("ml-100k", settings, base_url=publisher.url)
    assert publisher.requests == [("ml-100k.zip", None)]


def test_no_server_is_told_in_one_line(settings: Settings) -> None:
    with Publisher() as stopped:
        url = stopped.url
    with pytest.raises(DataError, match="no connection") as caught:
        download(NAME, settings, base_url=url)
    assert "\n" not in str(caught.value)


def test_only_known_names_and_safe_addresses(settings: Settings) -> None:
    with pytest.raises(UnknownDatasetError, match="known names: ml-100k"):
        download("ml-3m", settings)
    with pytest.raises(ConfigError, match="must be https"):
        download(NAME, settings, base_url="http://example.org/")
