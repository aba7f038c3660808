"""Rows of a source as the columns of ``interactions.csv`` and ``items.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from movierec.data.harvest.pages import Row
from movierec.data.harvest.spec import Endpoint, SourceSpec
from movierec.schema import Columns

INTERACTION_HEADER: Final = (
    Columns.USER_ID,
    Columns.ITEM_ID,
    Columns.EVENT,
    Columns.TIMESTAMP,
    Columns.VALUE,
)
ITEM_HEADER: Final = (Columns.ITEM_ID, Columns.TITLE, Columns.YEAR, Columns.GENRES)
USER_HEADER: Final = (Columns.USER_ID,)
_MILLISECONDS: Final = 100_000_000_000
STARS: Final = 5.0

Line = tuple[str, ...]


def find(row: Row, names: Sequence[str]) -> Any:
    """Return the first value a row has under ``names``; ``a.b`` is ``b`` in the object ``a``."""
    for name in names:
        value: Any = row
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and value != "" and not isinstance(value, dict):
            return value
    return None


def read_event(row: Row, endpoint: Endpoint, spec: SourceSpec) -> Line:
    """Return user, item, event, seconds since the epoch and value; what is missing stays blank.

    Blank and odd values are left to ingest, which sets such rows aside with the reason.
    """
    value = ""
    if endpoint.event == "rating":
        stars = find(row, spec.rating)
        try:
            value = f"{float(stars) / spec.rating_scale * STARS:.4g}"
        except (TypeError, ValueError):
            value = _text(stars)
    return (
        _text(find(row, spec.user_id)),
        _text(find(row, spec.item_id)),
        endpoint.event,
        read_time(find(row, spec.timestamp)),
        value,
    )


def read_item(row: Row, spec: SourceSpec) -> Line:
    """Return item, title, year and genres joined by ``|``."""
    genres = find(row, spec.genres)
    if isinstance(genres, list):
        names = (each.get("name") if isinstance(each, dict) else each for each in genres)
        genres = "|".join(_text(name).replace("|", " ") for name in names if name)
    return (
        _text(find(row, spec.item_id)),
        _text(find(row, spec.title)),
        _text(find(row, spec.year)),
        _text(genres),
    )


def read_user(row: Row, spec: SourceSpec) -> Line:
    """Return the id of a user."""
    own = find(row, spec.user_id)
    return (_text(find(row, ("id",)) if own is None else own),)


def read_time(value: Any) -> str:
    """Return whole seconds since the epoch for seconds, milliseconds or ISO 8601; other text as it is."""
    if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return value
        return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
    try:
        seconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return _text(value)
    return str(seconds // 1000 if seconds >= _MILLISECONDS else seconds)


def sort_distinct(lines: Iterable[Line]) -> list[Line]:
    """Return each line once, sorted: the same rows give the same file however the pages overlapped."""
    return sorted(set(lines))


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else str(value).strip()
