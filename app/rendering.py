"""From the values of the library to the bodies of ``app.schemas``, as plain dicts for orjson."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from movierec.diary import Origin, write_diary
from movierec.feedback.events import FeedbackEvent
from movierec.schema import Catalog, History, ItemTrace, Reason, RecommendedItem, SourceHit
from movierec.service import ItemStats, RecommenderService, Share, Similar

Body = dict[str, Any]

_IMDB_ID: Final = re.compile(r"(?:tt)?([0-9]{1,10})", re.ASCII)


def render_card(catalog: Catalog, item_idx: int) -> Body:
    """Return a ``MovieCard``."""
    item_id = catalog.item_id[item_idx]
    return {
        "item_idx": item_idx,
        "item_id": item_id,
        "title": catalog.title[item_idx],
        "year": int(catalog.year[item_idx]) or None,
        "genres": catalog.genres[item_idx],
        "director": catalog.director[item_idx],
        "poster": f"/posters/{quote(item_id)}.svg",
    }


def render_movie(catalog: Catalog, item_idx: int, stats: ItemStats) -> Body:
    """Return a ``MovieResponse``."""
    imdb = _IMDB_ID.fullmatch(catalog.imdb_id[item_idx] or "")
    tmdb_id = catalog.tmdb_id[item_idx]
    return {
        **render_card(catalog, item_idx),
        "keywords": catalog.keywords[item_idx],
        "country": None,
        "mean_rating": stats.mean_rating,
        "n_interactions": stats.n_interactions,
        "imdb_url": f"https://www.imdb.com/title/tt{imdb[1].zfill(7)}/" if imdb else None,
        "tmdb_url": f"https://www.themoviedb.org/movie/{int(tmdb_id)}" if tmdb_id else None,
    }


def render_similar(catalog: Catalog, neighbour: Similar) -> Body:
    """Return a ``SimilarMovie``."""
    return {
        **render_card(catalog, neighbour.item_idx),
        "similarity": neighbour.similarity,
        "basis": neighbour.basis,
    }


def render_recommended(catalog: Catalog, item: RecommendedItem) -> Body:
    """Return a ``RecommendedMovie``."""
    return {
        **render_card(catalog, item.item_idx),
        "rank": item.rank,
        "score": item.score,
        "match": item.match,
        "reasons": render_reasons(catalog, item.reasons),
        "sources": render_hits(item.hits),
    }


def render_reasons(catalog: Catalog, reasons: Sequence[Reason]) -> list[Body]:
    """Return ``ReasonOut`` bodies."""
    return [
        {
            "tag": reason.tag.value,
            "text": reason.text,
            "because": [
                {"item_id": catalog.item_id[index], "title": catalog.title[index]} for index in reason.because
            ],
        }
        for reason in reasons
    ]


def render_hits(hits: Sequence[SourceHit]) -> list[Body]:
    """Return ``SourceHitOut`` bodies."""
    return [{"source": hit.source, "rank": hit.rank, "score": hit.score, "share": hit.share} for hit in hits]


def render_trace(catalog: Catalog, trace: ItemTrace) -> Body:
    """Return a ``DebugItem``."""
    return {
        "item": render_recommended(catalog, trace.item),
        "features": trace.features,
        "contributions": trace.contributions,
        "base_score": trace.base_score,
        "raw_score": trace.raw_score,
        "evidence": {
            source: [
                {"item_id": catalog.item_id[index], "title": catalog.title[index], "amount": amount}
                for index, amount in watched
            ]
            for source, watched in trace.evidence.items()
        },
    }


def render_viewer(service: RecommenderService, user_idx: int) -> Body:
    """Return a ``ViewerOut``: the trained history in a nutshell."""
    history = service.trained_history(user_idx)
    return {
        "user_idx": user_idx,
        "user_id": service.user_id[user_idx],
        "n_events": len(history),
        "last_event": render_time(int(history.timestamp[-1])) if len(history) else None,
        "top_genres": [share.name for share in service.taste(history).genres[:3]],
    }


def render_shares(shares: Sequence[Share]) -> list[Body]:
    """Return ``ShareOut`` bodies."""
    return [{"name": each.name, "share": each.share, "everyone": each.everyone} for each in shares]


def render_recent(
    catalog: Catalog, history: History, feedback: Sequence[FeedbackEvent], limit: int
) -> list[Body]:
    """Return ``HistoryEntry`` bodies, newest first."""
    return [
        {
            "item": render_card(catalog, entry.item_idx),
            "rating": entry.rating,
            "when": render_time(entry.when),
            "live": entry.origin is not Origin.DATASET,
            "action": None if entry.action is None else entry.action.value,
        }
        for entry in write_diary(history, feedback, catalog)[:limit]
    ]


def render_time(seconds: int) -> datetime:
    """Return seconds since the epoch as a UTC time."""
    return datetime.fromtimestamp(seconds, UTC)
