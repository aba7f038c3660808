"""A server that gives rows in pages and does, on the way, what servers do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

START = 1_700_000_000

PATHS = {
    "/posts/view": [
        {"user": {"id": user}, "post": {"id": item}, "viewed_at": "2023-11-14T22:13:20Z"}
        for user in range(5)
        for item in range(5)
        if (user + item) % 2 == 0
    ],
    "/posts/like": [
        {"username": str(user), "post_id": user % 5, "liked_at": START + user} for user in range(5)
    ],
    "/posts/rating": [
        {"user_id": user, "post_id": (user + 1) % 5, "rating_percent": 80, "rated_at": (START + 99) * 1000}
        for user in range(5)
    ],
    "/posts/summary/get": [
        {"id": item, "title": f"Clip {item}", "category": {"name": "Music" if item % 2 else "Sport"}}
        for item in range(5)
    ],
    "/users/get_all": [{"username": str(user)} for user in range(5)],
}

Trick = Callable[[str, int, int], Any]
"""Path, page and number of the attempt to a status, raw bytes, "hang", "repeat", or None to behave."""


class MisbehavingServer:
    def __init__(self, trick: Trick = lambda path, page, attempt: None, token: str | None = None) -> None:
        self.trick, self.token = trick, token
        self.asked: list[tuple[str, int]] = []
        self.rows = {path: list(rows) for path, rows in PATHS.items()}
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        page, size = int(query["page"][0]), int(query["page_size"][0])
        self.asked.append((parts.path, page))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _send(request, 401, b"{}")
        trick = self.trick(parts.path, page, self.asked.count((parts.path, page)))
        if trick == "hang":
            self.released.wait(20)
            return None
        if isinstance(trick, bytes):
            return _send(request, 200, trick)
        if isinstance(trick, int):
            return _send(request, trick, b"busy", {"Retry-After": "0"} if trick == 429 else {})
        if trick == "repeat":
            page -= 1
        rows = self.rows[parts.path][(page - 1) * size : page * size]
        return _send(request, 200, json.dumps({"status": "success", "page": page, "posts": rows}).encode())


def _send(
    request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
