"""From diaries, logs and imports to the bodies of ``schemas/diary.py``, and to files to keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from app.rendering import Body, render_card, render_time
from movierec.diary import DiaryEntry
from movierec.feedback.events import FeedbackEvent
from movierec.imports import ImportPlan, RatingsFile
from movierec.schema import Catalog
from movierec.timeline import Timeline

MAX_MATCHED: Final = 20
CSV_COLUMNS: Final = (
    *("event_id", "time", "action", "in_force", "item_id", "title", "year", "rating", "rated_at", "undoes"),
)


def render_entry(catalog: Catalog, entry: DiaryEntry) -> Body:
    """Return a ``DiaryEntryOut``."""
    return {
        "item": render_card(catalog, entry.item_idx),
        "rating": entry.rating,
        "when": render_time(entry.when),
        "origin": entry.origin.value,
        "action": None if entry.action is None else entry.action.value,
    }


def render_timeline(timeline: Timeline) -> Body:
    """Return a ``TimelineOut``."""
    return {
        "months": timeline.months,
        "genres": timeline.genres,
        "periods": [asdict(period) for period in timeline.periods],
    }


def render_event(catalog: Catalog, event: FeedbackEvent, in_force: frozenset[UUID]) -> Body:
    """Return a ``LogEntry``."""
    index = catalog.index_of.get(event.item_id)
    return {
        "event_id": event.event_id,
        "item_id": event.item_id,
        "item": None if index is None else render_card(catalog, index),
        "action": event.action.value,
        "rating": event.rating,
        "in_force": event.event_id in in_force,
        "undoes": event.undoes,
        "server_time": event.server_time,
        "client_time": event.client_time,
        "context": event.context,
    }


def render_import(
    catalog: Catalog, viewer: str, file: RatingsFile, plan: ImportPlan | None, *, dry_run: bool
) -> Body:
    """Return an ``ImportResponse``; without a plan the file waits for the choice of a user."""
    plan = plan or ImportPlan((), file.rejected, (), 0, 0)
    return {
        "viewer": viewer,
        "format": file.format,
        "users": file.users,
        "dry_run": dry_run,
        "n_matched": len(plan.matched),
        "n_by_id": sum(each.by == "id" for each in plan.matched),
        "new": len(plan.events),
        "stored": 0 if dry_run else len(plan.events),
        "unchanged": plan.unchanged,
        "kept_thumbs": plan.kept_thumbs,
        "matched": [
            {
                "line": each.row.line,
                "name": each.row.name,
                "rating": each.row.rating,
                "by": each.by,
                "item": render_card(catalog, each.item_idx),
            }
            for each in plan.matched[:MAX_MATCHED]
        ],
        "rejected": [asdict(each) for each in plan.rejected],
    }


def write_csv(catalog: Catalog, events: Sequence[FeedbackEvent], in_force: frozenset[UUID]) -> str:
    """Return the log as CSV, one event a row; text that a spreadsheet would run as a formula is quoted."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for event in events:
        index = catalog.index_of.get(event.item_id)
        title = "" if index is None else catalog.title[index]
        rows.writerow(
            [
                event.event_id,
                _write_time(event.server_time),
                event.action.value,
                "yes" if event.event_id in in_force else "no",
                _disarm(event.item_id),
                _disarm(title),
                "" if index is None else int(catalog.year[index]) or "",
                "" if event.rating is None else event.rating,
                _write_time(event.client_time),
                event.undoes or "",
            ]
        )
    return text.getvalue()


def _write_time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds")


def _disarm(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
