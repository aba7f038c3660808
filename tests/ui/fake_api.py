"""A small stand-in for the API: sixty toy films, the same contract, switchable failures."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import fake_lists
import fake_pages
from fake_films import BY_ID, DIRECTORS, FILMS, GENRES, NOW, TINTS, VIEWERS
from fake_measurements import MEASUREMENT_ROUTES


class FakeApi:
    """Serves on a free port of 127.0.0.1 while the ``with`` block runs.

    ``down`` answers everything, ``feedback_down`` only feedback, with 503; ``fail_next`` lists
    statuses for the next requests; ``requests`` records (method, path, body).
    """

    def __init__(self) -> None:
        self.down = False
        self.feedback_down = False
        self.refuse_feedback = False
        self.garbled = False
        self.simulated = True
        self.has_reports = True
        self.posters_down = False
        self.poster_attribution: str | None = None
        self.fail_next: list[int] = []
        self.failed_sources: list[str] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.events: list[dict[str, Any]] = []
        self.stored = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def paths(self, start: str = "/") -> list[str]:
        return [path for _, path, _ in self.requests if path.startswith(start)]

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        return [query for asked, query in self.asked if asked == path]

    def in_force(self, user_id: str) -> list[dict[str, Any]]:
        undone = {event["undoes"] for event in self.events if event["action"] == "undo"}
        slots: dict[tuple[str, bool], dict[str, Any]] = {}
        for event in reversed(self.events):
            if event["user_id"] == user_id and event["action"] != "undo" and event["event_id"] not in undone:
                slots.setdefault((event["item_id"], event["action"] == "save"), event)
        return list(slots.values())

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if self.fail_next:
            return self.fail_next.pop(0), {"detail": "Broken for this test."}
        if self.down or (self.feedback_down and path == "/feedback"):
            return 503, {
                "type": "/problems/x",
                "title": "Down",
                "status": 503,
                "detail": "Down for this test.",
            }
        if self.posters_down and path.startswith("/posters/"):
            return 503, {"detail": "No posters for this test."}
        if self.garbled:
            return 200, {"surprise": True}
        for pattern, handler in _ROUTES.items():
            if match := re.fullmatch(pattern, f"{method} {path}"):
                return handler(self, query, body, *(unquote(part) for part in match.groups()))
        return 404, {"detail": "No such thing."}


def _health(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    generations = ["v1-popularity", "v1-item_item", "v1-als", "v1-sequence", "v1-genre", "v1.5", "v2"]
    return 200, {
        "status": "ok",
        "version": "0.1.0",
        "bundle": "2026-11-01T12-00-00-toy",
        "dataset": "sample",
        "simulated": api.simulated,
        "licence": "made up",
        "n_users": len(VIEWERS),
        "n_items": len(FILMS),
        "n_interactions": 1234,
        "generations": generations,
        "feedback": "ok",
        "ranker": "ok",
        "bundle_problem": None,
        "posters": "tmdb" if api.poster_attribution else "artwork",
        "poster_attribution": api.poster_attribution,
    }


def _users(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    found = [viewer for viewer in VIEWERS if query.get("query", [""])[0] in viewer["user_id"]]
    return 200, {"total": len(found), "users": found[: int(query.get("limit", ["50"])[0])]}


def _taste(api: FakeApi, query: dict[str, list[str]], body: Any, user: str) -> tuple[int, Any]:
    viewer = VIEWERS[int(user)]
    shares = [{"name": name, "share": 0.4 / (i + 1), "everyone": 0.1} for i, name in enumerate(GENRES)]
    eras = [
        {"name": f"{year}s", "share": 0.1 + i / 20, "everyone": 0.2}
        for i, year in enumerate((1970, 1980, 1990))
    ]
    directors = [{"name": name, "share": 0.2 / (i + 1), "everyone": 0.05} for i, name in enumerate(DIRECTORS)]
    recent = [
        {
            "item": film,
            "rating": 4.5 - i / 4,
            "when": (NOW - timedelta(days=9 * i)).isoformat(),
            "live": False,
        }
        for i, film in enumerate(FILMS[20:30])
    ]
    frame = {"user_idx": int(user), "user_id": viewer["user_id"], "n_events": viewer["n_events"]}
    frame |= {"mean_rating": 3.7, "genres": shares, "eras": eras, "directors": directors, "recent": recent}
    return 200, frame


def _movies(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    words = query.get("query", [""])[0].lower()
    found = [film for film in FILMS if words in film["title"].lower()]
    return 200, {"total": len(found), "movies": found[: int(query.get("limit", ["20"])[0])]}


def _movie(api: FakeApi, query: dict[str, list[str]], body: Any, item_id: str) -> tuple[int, Any]:
    if item_id not in BY_ID:
        return 404, {"detail": f"There is no film {item_id}."}
    facts = {"keywords": ["harbour", "long night"], "country": "Norway", "mean_rating": 3.9}
    facts |= {"n_interactions": 217, "imdb_url": "https://www.imdb.com/title/tt0000001/"}
    return 200, BY_ID[item_id] | facts | {"tmdb_url": "javascript:alert(1)"}


def _similar(api: FakeApi, query: dict[str, list[str]], body: Any, item_id: str) -> tuple[int, Any]:
    film = BY_ID[item_id]
    near = [other for other in FILMS if other is not film and set(other["genres"]) & set(film["genres"])]
    rows = [
        other | {"similarity": 0.9 - i / 20, "basis": "watched by the same people"}
        for i, other in enumerate(near[: int(query["k"][0])])
    ]
    return 200, {"item": film, "similar": rows}


def _genres(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    return 200, {"genres": list(GENRES)}


def _store(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    if api.refuse_feedback:
        return 422, {"detail": "Refused for this test."}
    stored = any(event["event_id"] == body["event_id"] for event in api.events)
    if not stored:
        api.events.append(body)
        api.stored.set()
    status = "already stored" if stored else "stored"
    return 200, {"event_id": body["event_id"], "status": status, "server_time": NOW.isoformat()}


def _feedback(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    user_id = query["user_id"][0]
    entries = [
        {
            "event_id": e["event_id"],
            "item": BY_ID[e["item_id"]],
            "action": e["action"],
            "server_time": NOW.isoformat(),
        }
        for e in api.in_force(user_id)
        if e["action"] != "rate"
    ]
    return 200, {"user_id": user_id, "feedback": entries}


def _poster(api: FakeApi, query: dict[str, list[str]], body: Any, item_id: str) -> tuple[int, Any]:
    film = BY_ID[item_id]
    words = escape(film["title"][:18])
    return 200, (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 450"><rect width="300" height="450" '
        f'fill="{TINTS[film["item_idx"] % 7]}"/><circle cx="{60 + film["item_idx"] * 3}" cy="180" r="90" '
        f'fill="#fff" opacity=".15"/><text x="24" y="400" font-size="26" fill="#fff">{words}</text></svg>'
    )


_ROUTES = (
    fake_pages.ROUTES
    | fake_lists.ROUTES
    | {
        r"GET /health": _health,
        **MEASUREMENT_ROUTES,
        r"GET /users": _users,
        r"GET /users/(\d+)/taste": _taste,
        r"GET /movies": _movies,
        r"GET /movies/([^/]+)": _movie,
        r"GET /movies/([^/]+)/similar": _similar,
        r"GET /genres": _genres,
        r"POST /feedback": _store,
        r"GET /feedback": _feedback,
        r"GET /posters/([^/]+)\.svg": _poster,
    }
)


def _make_handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def do_DELETE(self) -> None:
            self._handle()

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            is_file = self.headers.get("Content-Type") == "text/csv"
            body = content.decode("utf-8-sig") if is_file else json.loads(content) if length else None
            url = urlsplit(self.path)
            api.requests.append((self.command, url.path, body))
            api.asked.append((url.path, parse_qs(url.query)))
            status, answer = api.answer(self.command, url.path, parse_qs(url.query), body)
            kind = "image/svg+xml" if isinstance(answer, str) else "application/json"
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


if __name__ == "__main__":
    with FakeApi() as running:
        print(running.url, flush=True)
        threading.Event().wait()
