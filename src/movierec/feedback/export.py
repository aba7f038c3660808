"""Feedback as files for analysis: JSON lines and Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson
import polars as pl

from movierec.artifacts.files import replace_atomically
from movierec.feedback.events import FeedbackEvent

JSONL_NAME: Final = "ui_feedback.jsonl"
PARQUET_NAME: Final = "ui_feedback.parquet"

_MOMENT: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = pl.Schema(
    [
        ("event_id", pl.String()),
        ("user_id", pl.String()),
        ("item_id", pl.String()),
        ("action", pl.String()),
        ("undoes", pl.String()),
        ("server_time", _MOMENT),
        ("client_time", _MOMENT),
        ("context", pl.String()),
        ("rating", pl.Float64()),
    ]
)


def export_jsonl(events: Iterable[FeedbackEvent], path: Path) -> int:
    """Write one JSON object per event and line, in the given order; return how many there were.

    Times are RFC 3339 in UTC; ``context`` is an object. The file appears whole or not at all.
    """
    count = 0
    with replace_atomically(path) as temporary, temporary.open("wb") as stream:
        for event in events:
            count += 1
            stream.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    return count


def export_parquet(events: Iterable[FeedbackEvent], path: Path) -> int:
    """Write one row per event, in the given order; return how many there were.

    Times are microsecond timestamps in UTC; ``context`` is JSON text. The file appears whole or not at all.
    """
    rows = [
        (
            str(event.event_id),
            event.user_id,
            event.item_id,
            event.action.value,
            None if event.undoes is None else str(event.undoes),
            event.server_time,
            event.client_time,
            orjson.dumps(event.context, option=orjson.OPT_SORT_KEYS).decode(),
            event.rating,
        )
        for event in events
    ]
    with replace_atomically(path) as temporary:
        pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(temporary)
    return len(rows)
