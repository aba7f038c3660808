"""A small stand-in for the API: sixty toy films, the same contract, switchable failures."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import fake_pages
from fake_measurements import MEASUREMENT_ROUTES

GENRES = ("Action", "Animation", "Comedy", "Crime", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "War")
DIRECTORS = ("Ada Quill", "Bo Marsh", "Cleo Hale", "Dev Rao", "Eve Lund", "Finn Okoro", "Gia Roth")
NOUNS = ("Harbour", "Lantern", "Orchard", "Signal", "Winter", "Carnival")
STYLES = ("The Last {}", "{} at Noon", "A Quiet {}", "Return to the {}", "{} in Two Acts", "Night {}")
STYLES += ("Seven Days of {}", "{} Without End", "My Brother’s {}", "The {} Job")
HOSTILE = '<img src=x onerror="window.hacked=1"> **bold** [go](http://evil.example) :red[x] $x$'
TINTS = ("#7a2f3b", "#2f4f6f", "#3d6b4f", "#8a6a2f", "#553f7a", "#2f6f6f", "#8a4a2f")
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def make_films() -> list[dict[str, Any]]:
    films = []
    for index in range(60):
        style, noun = STYLES[index % 10], NOUNS[index // 10]
        genres = sorted({GENRES[index % 10], GENRES[(index * 3 + 1) % 10]})
        item_id = str(index + 1)
        film = {"item_idx": index, "item_id": item_id, "title": style.format(noun), "year": 1962 + index}
        film |= {"genres": genres, "director": DIRECTORS[index % 7], "poster": f"/posters/{item_id}.svg"}
        films.append(film)
    films[5]["title"] = HOSTILE
    films[11]["year"] = None
    films[17]["director"] = None
    return films


FILMS = make_films()
BY_ID = {film["item_id"]: film for film in FILMS}
VIEWERS = [
    {
        "user_idx": index,
        "user_id": str(100 + index),
        "n_events": 20 + 7 * index,
        "last_event": NOW.isoformat(),
        "top_genres": [GENRES[index % 10], GENRES[(index + 3) % 10]],
    }
    for index in range(12)
]


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
        self.fail_next: list[int] = []
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
    }


def _rank(
    api: FakeApi,
    viewer: str | None,
    k: int,
    salt: int,
    only: list[str],
    years: tuple[int, int],
    favourites: list[str],
) -> list[dict[str, Any]]:
    marks = api.in_force(viewer) if viewer else []
    seen = {mark["item_id"] for mark in marks if mark["action"] != "save"}
    liked = {g for mark in marks if mark["action"] == "like" for g in BY_ID[mark["item_id"]]["genres"]}
    liked |= set(favourites)
    rows = []
    for film in FILMS:
        if film["item_id"] in seen or (only and not set(only) & set(film["genres"])):
            continue
        if years != (0, 9999) and not years[0] <= (film["year"] or -1) <= years[1]:
            continue
        match = 0.93 - 0.8 * ((film["item_idx"] * 37 + salt * 11) % 60) / 60
        match = min(0.97, match + 0.1 * len(liked & set(film["genres"])))
        rows.append((match, film))
    rows.sort(key=lambda row: (-row[0], row[1]["item_idx"]))
    return [_card(film, match, rank) for rank, (match, film) in enumerate(rows[:k], start=1)]


def _card(film: dict[str, Any], match: float, rank: int) -> dict[str, Any]:
    other = FILMS[(film["item_idx"] + 7) % 60]
    because = [{"item_id": other["item_id"], "title": other["title"]}]
    reasons = [
        {"tag": "because_you_liked", "text": f"Because you liked {other['title']}", "because": because},
        {"tag": "matches_genres", "text": f"Matches your taste for {film['genres'][0]}", "because": []},
    ]
    sources = [
        {"source": "item_item", "rank": rank, "score": match * 2, "share": 0.6},
        {"source": "als", "rank": rank + 4, "score": match / 2, "share": 0.4},
    ]
    shift = film["item_idx"] % 2
    return film | {
        "rank": rank,
        "score": match,
        "match": match,
        "reasons": reasons[shift:],
        "sources": sources,
    }


def _renumber(items: list[dict[str, Any]], k: int) -> list[dict[str, Any]]:
    return [item | {"rank": rank} for rank, item in enumerate(items[:k], start=1)]


def _years(low: Any, high: Any) -> tuple[int, int]:
    return (int(low or 0), int(high or 9999))


def _list_for(
    api: FakeApi, query: dict[str, list[str]], user: str
) -> tuple[dict[str, Any], list[Any]] | None:
    index = int(user)
    if index >= len(VIEWERS):
        return None
    viewer, k = VIEWERS[index], int(query.get("k", ["10"])[0])
    years = _years(query.get("year_from", [None])[0], query.get("year_to", [None])[0])
    items = _rank(api, viewer["user_id"], 60, index, query.get("only_genres", []), years, [])
    items = _renumber([item for item in items if item["item_id"] not in query.get("hide", [])], k)
    frame = {"user_idx": index, "user_id": viewer["user_id"], "k": k, "note": None}
    return frame | {"generation": query.get("generation", ["v2"])[0], "bundle": "toy"}, items


def _recommend(api: FakeApi, query: dict[str, list[str]], body: Any, user: str) -> tuple[int, Any]:
    found = _list_for(api, query, user)
    return (200, found[0] | {"items": found[1]}) if found else (404, {"detail": "No such viewer."})


def _debug(api: FakeApi, query: dict[str, list[str]], body: Any, user: str) -> tuple[int, Any]:
    found = _list_for(api, query, user)
    if not found:
        return 404, {"detail": "No such viewer."}
    frame, items = found
    return 200, frame | _trace(items)


def _debug_for(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    frame = _recommend_for(api, query, body)[1]
    return 200, frame | _trace(frame.pop("items"))


def _trace(items: list[Any]) -> dict[str, Any]:
    names = ("user_item_genre_aff", "als_score", "item_item_score", "item_days_since_last", "sequence_rank")
    traces = []
    for item in items:
        amounts = {name: round(0.9 / (place + 1) * (-1) ** place, 4) for place, name in enumerate(names)}
        other = FILMS[(item["item_idx"] + 7) % 60]
        evidence = [{"item_id": other["item_id"], "title": other["title"], "amount": 0.7}]
        trace = {"item": item, "features": dict.fromkeys(names, 1.5) | {"sequence_rank": None}}
        trace |= {"contributions": amounts, "base_score": -1.2, "raw_score": -1.2 + sum(amounts.values())}
        traces.append(trace | {"evidence": {"item_item": evidence}})
    sources = ("popularity", "item_item", "co_seen", "als", "sequence", "next_step", "genre")
    funnel = {"catalogue": 60, "unseen and allowed": 48}
    funnel |= {f"proposed by {source}": 20 for source in sources}
    funnel |= {"merged": 40, "ranked": 40, "shown": len(items)}
    timings = {"history": 0.11, "recall": 0.52, "merge": 0.08, "features": 0.2, "rank": 0.41, "explain": 0.3}
    return {"funnel": funnel, "timings_ms": timings, "items": traces}


def _recommend_for(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    years = _years(body["year_from"], body["year_to"])
    liked = [genre for item_id in body["likes"] for genre in BY_ID[item_id]["genres"]]
    salt = 5 + len(body["generation"])
    favourites = [*body["genres"], *liked]
    items = _rank(api, body["viewer"], 60, salt, body["only_genres"], years, favourites)
    items = _renumber([item for item in items if item["item_id"] not in body["exclude"]], body["k"])
    frame = {"viewer": body["viewer"], "k": body["k"], "generation": body["generation"]}
    return 200, frame | {"bundle": "toy", "note": None, "items": items}


def _sections(api: FakeApi, query: dict[str, list[str]], body: Any, user_id: str) -> tuple[int, Any]:
    """Deal the ranked films out: the first row, one because of a film, trending, gems, a genre row."""
    k = int(query.get("k", ["12"])[0])
    known = next((viewer for viewer in VIEWERS if viewer["user_id"] == user_id), None)
    years = _years(query.get("year_from", [None])[0], query.get("year_to", [None])[0])
    salt = known["user_idx"] if known else 5
    items = _rank(api, user_id, 60, salt, query.get("only_genres", []), years, query.get("genres", []))
    items = [item for item in items if item["item_id"] not in query.get("hide", [])]
    rows = [("for_you", "For you", None), ("because_you_liked", f"Because you liked {HOSTILE}", FILMS[5])]
    rows += [("trending", "Trending now", None), ("hidden_gems", "Hidden gems", None)]
    sections = []
    for place, (kind, title, film) in enumerate(rows):
        start, stop = (0, k) if place == 0 else (k + 10 * (place - 1), k + 10 * place)
        own = [item | {"rank": rank} for rank, item in enumerate(items[start:stop], start=1)]
        because = {"item_id": film["item_id"], "title": film["title"]} if film else None
        row = {"kind": kind, "title": title, "hint": f"Why {kind}", "because": because, "genre": None}
        if own or place == 0:
            sections.append(row | {"items": own})
    frame = {"user_id": user_id, "known": known is not None, "k": k, "aim": query.get("aim", ["balanced"])[0]}
    return 200, frame | {"bundle": "toy", "note": None, "sections": sections}


def _trending(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    items = [
        film | {"rank": place, "activity": 60.0 - place, "n_recent": 60 - place, "n_live": 0}
        for place, film in enumerate(FILMS[: int(query.get("k", ["20"])[0])], start=1)
    ]
    frame = {"window": query.get("window", ["week"])[0], "genre": None, "simulated": api.simulated}
    return 200, frame | {"note": None, "items": items}


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


_ROUTES = fake_pages.ROUTES | {
    r"GET /health": _health,
    r"GET /recommend/user/(\d+)": _recommend,
    r"GET /recommend/user/(\d+)/debug": _debug,
    r"POST /recommend": _recommend_for,
    r"POST /recommend/debug": _debug_for,
    **MEASUREMENT_ROUTES,
    r"GET /users/([^/]+)/sections": _sections,
    r"GET /trending": _trending,
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
