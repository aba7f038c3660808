"""The stand-in's answers for the title, taste and group pages."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fake_films import FILMS

if TYPE_CHECKING:
    from fake_api import FakeApi

Answer = tuple[int, Any]
Query = dict[str, list[str]]


def _find(item_id: str) -> dict[str, Any]:
    return next(film for film in FILMS if film["item_id"] == item_id)


def _page(query: Query, rows: list[Any]) -> list[Any]:
    offset = int(query.get("offset", ["0"])[0])
    return rows[offset : offset + int(query.get("limit", ["20"])[0])]


def _user_idx(viewer: str) -> int | None:
    return int(viewer) - 100 if viewer.isdigit() and 100 <= int(viewer) < 112 else None


def _profile(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    known = _user_idx(viewer) is not None
    liked = [event for event in api.in_force(viewer) if event["action"] in ("like", "rate")]
    count = (20 if known else 0) + len(liked)
    shares = [
        {"name": name, "share": 0.4 / (i + 1), "everyone": 0.1} for i, name in enumerate(("Crime", "War"))
    ]
    periods = [
        {
            "start": f"{year}-01-01",
            "name": str(year),
            "n_events": 10,
            "n_liked": 5,
            "mean_rating": 3.5 + i / 4,
            "genres": {"Crime": 0.75 - i / 4, "War": 0.25 + i / 4},
            "median_year": 1990 + i,
            "director": "Ada Quill" if i else None,
        }
        for i, year in enumerate((2019, 2020))
    ]
    if not count:
        shares, periods = [], []
    return 200, {
        "viewer": viewer,
        "user_idx": _user_idx(viewer),
        "n_events": count,
        "n_liked": count,
        "mean_rating": 3.7 if count else None,
        "genres": shares,
        "eras": [{"name": "1990s", "share": 1.0, "everyone": 0.3}] if count else [],
        "directors": [{"name": "Ada Quill", "share": 0.2, "everyone": 0.05}] if count else [],
        "timeline": {"months": 12, "genres": ["Crime", "War"] if count else [], "periods": periods},
    }


def _history(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    entries = [
        {"item": _find(event["item_id"]), "rating": event.get("rating"), "when": "2026-11-01T12:00:00Z"}
        | {"origin": "import" if event["action"] == "rate" else "app", "action": event["action"]}
        for event in api.in_force(viewer)
        if event["action"] != "save"
    ]
    if _user_idx(viewer) is not None:
        entries += [
            {"item": film, "rating": 4.5 - i / 10, "when": f"2020-01-{i + 1:02}T00:00:00Z"}
            | {"origin": "dataset", "action": None}
            for i, film in enumerate(FILMS[20:50])
        ]
    return 200, {"viewer": viewer, "total": len(entries), "entries": _page(query, entries)}


def _events(api: FakeApi, viewer: str) -> list[dict[str, Any]]:
    standing = {event["event_id"] for event in api.in_force(viewer)}
    return [
        {
            "event_id": event["event_id"],
            "item_id": event["item_id"],
            "item": _find(event["item_id"]),
            "action": event["action"],
            "rating": event.get("rating"),
            "in_force": event["event_id"] in standing,
            "undoes": event.get("undoes"),
            "server_time": "2026-11-01T12:00:00Z",
            "client_time": None,
            "context": {},
        }
        for event in reversed(api.events)
        if event["user_id"] == viewer
    ]


def _log(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    events = _events(api, viewer)
    return 200, {"viewer": viewer, "total": len(events), "events": _page(query, events)}


def _export(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    events = _events(api, viewer)
    if query["format"] == ["csv"]:
        return 200, "item_id,action\n" + "".join(f"{e['item_id']},{e['action']}\n" for e in events)
    return 200, {"viewer": viewer, "total": len(events), "events": events}


def _erase(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    kept = [
        event
        for event in api.events
        if event["user_id"] != viewer or (query["only"] == ["imports"] and event["action"] != "rate")
    ]
    erased = len(api.events) - len(kept)
    api.events[:] = kept
    return 200, {"viewer": viewer, "erased": erased}


def _import(api: FakeApi, query: Query, body: Any, viewer: str) -> Answer:
    rows = list(csv.DictReader(io.StringIO(body)))
    if not rows or "Rating" not in rows[0]:
        return 422, {"detail": "the file lacks the column rating"}
    dry_run, user = query["dry_run"] == ["true"], query.get("user", [None])[0]
    users: dict[str, int] = {}
    for row in rows:
        if row.get("userId"):
            users[row["userId"]] = users.get(row["userId"], 0) + 1
    by_title = {film["title"]: film for film in FILMS}
    standing = {event["item_id"]: event.get("rating") for event in api.in_force(viewer)}
    matched: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    if not (len(users) > 1 and user is None):
        for line, row in enumerate(rows, start=2):
            if user is not None and row["userId"] != user:
                continue
            film = by_title.get(row["Name"])
            frame = {"line": line, "name": row["Name"]}
            if film is None:
                rejected.append(frame | {"reason": "no film here has that title and year"})
            else:
                matched.append(frame | {"rating": float(row["Rating"]), "by": "title", "item": film})
    new = [row for row in matched if standing.get(row["item"]["item_id"]) != row["rating"]]
    if not dry_run:
        for row in new:
            event = {"event_id": str(uuid4()), "user_id": viewer, "item_id": row["item"]["item_id"]}
            api.events.append(event | {"action": "rate", "rating": row["rating"], "undoes": None})
    return 200, {
        "viewer": viewer,
        "format": "letterboxd",
        "users": users,
        "dry_run": dry_run,
        "n_matched": len(matched),
        "n_by_id": 0,
        "new": len(new),
        "stored": 0 if dry_run else len(new),
        "unchanged": len(matched) - len(new),
        "kept_thumbs": 0,
        "matched": matched[:20],
        "rejected": rejected,
    }


def _standing(api: FakeApi, query: Query, body: Any, item_id: str) -> Answer:
    index = next((i for i, film in enumerate(FILMS) if film["item_id"] == item_id), None)
    if index is None:
        return 404, {"detail": f"There is no film {item_id}."}
    viewer = query["viewer"][0]
    film = FILMS[index]
    seen = any(e["item_id"] == item_id and e["action"] != "save" for e in api.in_force(viewer))
    known = _user_idx(viewer) is not None
    causes = [
        {"item": FILMS[(index + 7 * (i + 1)) % 60], "share": share}
        for i, share in enumerate((0.4, 0.2, 0.1, 0.1, 0.08, 0.06, 0.04, 0.02))
    ]
    other = causes[0]["item"]
    because = [{"item_id": other["item_id"], "title": other["title"]}]
    return 200, {
        "item": film,
        "viewer": viewer,
        "seen": seen,
        "seen_rating": 5.0 if seen else None,
        "seen_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat() if seen else None,
        "match": None if seen else 0.81,
        "place": None if seen or index == 40 else index + 1,
        "n_candidates": 55,
        "reasons": []
        if seen
        else [
            {"tag": "because_you_liked", "text": f"Because you liked {other['title']}", "because": because}
        ],
        "causes": causes if known else [],
        "sources": [] if seen else [{"source": "item_item", "rank": 1, "score": 1.0, "share": 1.0}],
        "note": None,
    }


def _appeal(api: FakeApi, query: Query, body: Any, item_id: str) -> Answer:
    return 200, {
        "item": _find(item_id),
        "n_rated": 100,
        "n_liked": 40,
        "groups": [{"genre": "Crime", "n_rated": 20, "n_liked": 15, "share": 0.75}],
        "fans": [{"user_idx": 3, "user_id": "103", "match": 0.77, "leaning": "Crime"}],
    }


def _group(api: FakeApi, query: Query, body: Any) -> Answer:
    viewers = [member["viewer"] for member in body["members"]]
    for position, viewer in enumerate(viewers):
        if _user_idx(viewer) is None and not viewer.startswith("guest-"):
            return 404, {"detail": f"members.{position}.viewer is unknown: not in the data set"}
    films = FILMS[10 : 10 + body["k"]]
    other = FILMS[0]
    items = [
        film
        | {
            "rank": rank,
            "score": 0.5,
            "members": [
                {"viewer": viewer, "match": 0.9 - i / 5, "place": i + 1, "utility": 0.5}
                for i, viewer in enumerate(viewers)
            ],
            "happiest": viewers[rank % len(viewers)],
            "reasons": [
                {
                    "tag": "because_you_liked",
                    "text": f"Because you liked {other['title']}",
                    "because": [{"item_id": other["item_id"], "title": other["title"]}],
                }
            ],
        }
        for rank, film in enumerate(films, start=1)
    ]
    balance = [
        {"viewer": viewer, "mean_match": 0.9 - i / 5, "n_least": i} for i, viewer in enumerate(viewers)
    ]
    frame = {"k": body["k"], "care": body["care"], "bundle": "toy", "n_considered": 321, "note": None}
    return 200, frame | {"balance": balance, "items": items}


ROUTES = {
    r"GET /viewers/([^/]+)/taste": _profile,
    r"GET /viewers/([^/]+)/history": _history,
    r"GET /viewers/([^/]+)/feedback": _log,
    r"GET /viewers/([^/]+)/feedback/export": _export,
    r"DELETE /viewers/([^/]+)/feedback": _erase,
    r"POST /viewers/([^/]+)/imports": _import,
    r"GET /movies/([^/]+)/standing": _standing,
    r"GET /movies/([^/]+)/appeal": _appeal,
    r"POST /recommend/group": _group,
}
