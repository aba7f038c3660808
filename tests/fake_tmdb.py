"""A stand-in for TMDB and for the host of its images, on this machine, that misbehaves when told to."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image
from pydantic import SecretStr

from movierec.posters.download import ImageDownload
from movierec.posters.gallery import PosterGallery
from movierec.posters.picture_cache import PictureCache
from movierec.posters.tmdb import TmdbPosters

TOKEN = "s3cret-t0ken"
FILM = 194
PATIENCE = 30.0
"""Seconds; a busy machine answers late."""


def make_image(kind: str = "JPEG", size: tuple[int, int] = (342, 513)) -> bytes:
    """Return a small picture with something on it."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(stream, kind)
    return stream.getvalue()


class Clock:
    """Seconds since 1970; stands still until a test moves ``now``."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeTmdb:
    """What is answered, and what was asked: (path, Authorization) each; ``image_asked`` has all headers."""

    status: int = 200
    body: bytes = b'{"id": 603, "poster_path": "/abcDEF123.jpg", "title": "x"}'
    headers: dict[str, str] = field(default_factory=dict)
    promised: int = 0
    image_status: int = 200
    image: bytes = b""
    image_type: str = "image/jpeg"
    image_headers: dict[str, str] = field(default_factory=dict)
    image_promised: int | None = 0
    held: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    image_asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    @property
    def image_url(self) -> str:
        """Stands for https://image.tmdb.org/t/p/w342."""
        return self.url.removesuffix("/3") + "/t/p/w342"

    def open_gallery(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> PosterGallery:
        """Return a gallery that asks this stand-in."""
        return PosterGallery(
            TmdbPosters(SecretStr(TOKEN), folder / "addresses", self.url, PATIENCE),
            ImageDownload(self.image_url, PATIENCE),
            PictureCache(folder / "pictures"),
            clock=clock,
        )


@contextmanager
def serve() -> Iterator[FakeTmdb]:
    """Run a stand-in on a free port."""
    state = FakeTmdb(image=make_image())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if state.held:
                state.release.wait(30)
            if self.path.startswith("/t/p/"):
                state.image_asked.append((self.path, dict(self.headers)))
                headers = {"Content-Type": state.image_type, **state.image_headers}
                self._send(state.image_status, headers, state.image, state.image_promised)
            else:
                state.asked.append((self.path, self.headers.get("Authorization")))
                self._send(state.status, state.headers, state.body, state.promised)

        def _send(self, status: int, headers: dict[str, str], body: bytes, promised: int | None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if promised is not None:
                self.send_header("Content-Length", str(len(body) + promised))
            self.end_headers()
            with suppress(OSError):  # the client has seen enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
