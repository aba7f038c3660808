"""The stand-in's ranked lists: recommendations, what is behind them, rows of the home page, trending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_films import BY_ID, FILMS, HOSTILE, VIEWERS

if TYPE_CHECKING:
    from fake_api import FakeApi


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
    return 200, frame | _trace(api, items)


def _debug_for(api: FakeApi, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    frame = _recommend_for(api, query, body)[1]
    return 200, frame | _trace(api, frame.pop("items"))


def _trace(api: FakeApi, items: list[Any]) -> dict[str, Any]:
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
    return {"funnel": funnel, "timings_ms": timings, "failed": api.failed_sources, "items": traces}


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


ROUTES = {
    r"GET /recommend/user/(\d+)": _recommend,
    r"GET /recommend/user/(\d+)/debug": _debug,
    r"POST /recommend": _recommend_for,
    r"POST /recommend/debug": _debug_for,
    r"GET /users/([^/]+)/sections": _sections,
    r"GET /trending": _trending,
}
