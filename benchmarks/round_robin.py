"""A reverse proxy on loopback, as small as can be: in turn, and once more at the next where one fails.

It stands for the real one of ``compose.yaml`` where none is installed. Repeating a request is harmless:
feedback carries its own id.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any


class RoundRobin(ThreadingHTTPServer):
    """Passes requests to ports of this machine; ``retried`` counts those that took a second try."""

    daemon_threads = True

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ports = tuple(ports)
        self.turns = count()
        self.retried = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RoundRobin

    def setup(self) -> None:
        super().setup()
        self.kept: dict[int, http.client.HTTPConnection] = {}

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: Any) -> None:
        """Say nothing for each request."""

    def _pass_on(self, body: bytes) -> None:
        turn = next(self.server.turns)
        status, content_type, answer = 502, "text/plain", b"no replica answers"
        for attempt in range(2):
            port = self.server.ports[(turn + attempt) % len(self.server.ports)]
            try:
                status, content_type, answer = self._ask(port, body)
                break
            except (OSError, http.client.HTTPException):
                self.kept.pop(port).close()
                self.server.retried += attempt == 0
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _ask(self, port: int, body: bytes) -> tuple[int, str, bytes]:
        connection = self.kept.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        connection.request(
            self.command, self.path, body or None, {"Content-Type": "application/json"} if body else {}
        )
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", "text/plain"), response.read()


@contextmanager
def proxy(ports: Sequence[int]) -> Iterator[RoundRobin]:
    """Run a proxy before the replicas at these ports."""
    with RoundRobin(ports) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
