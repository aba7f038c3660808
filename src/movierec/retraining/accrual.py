"""The data set as it is by now: trained events and what viewers said since, on one clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from movierec.data.confidence import from_ratings
from movierec.data.tables import hash_tables, sort_ids
from movierec.feedback.events import FeedbackAction, FeedbackEvent, select_in_force
from movierec.histories import date_rating, weigh_feedback
from movierec.schema import BoolArray, Dataset, Interactions, LongArray


@dataclass(frozen=True)
class Accrued:
    """A data set joined with feedback.

    Attributes
    ----------
    dataset : everything, under the name of the data set it came from; users and items keep their indices,
        new users come after them
    live : bool[n_interactions], what came from the store
    """

    dataset: Dataset
    live: BoolArray


def accrue(dataset: Dataset, events: Iterable[FeedbackEvent]) -> Accrued:
    """Join a data set with all feedback events of its store, in server order.

    Undone events, and items the catalogue does not know, are left out. Feedback about a pair the data set
    has replaces its event, as it does in the history of a request. Live events keep the distances of their
    server times; a gap between the end of the data and the first of them is closed, since otherwise data
    that ended years ago would be years old from the first like on. Imported ratings have days of their own.
    """
    told: dict[str, list[FeedbackEvent]] = {}
    for event in events:
        told.setdefault(event.user_id, []).append(event)
    first = min((_moment(event) for own in told.values() for event in own if _is_live(event)), default=None)
    now = dataset.info.now
    gap = 0 if first is None else max(first - now - 60, 0)
    newcomers = _list_newcomers(dataset, told)
    user_id = (*dataset.user_id, *newcomers)
    index = {name: position for position, name in enumerate(user_id)}
    said: list[tuple[int, int, float, int]] = []
    for name, own in told.items():
        weighed = weigh_feedback(select_in_force(own), dataset.catalog)
        for item, (stars, event) in weighed.items():
            dated = date_rating(event, now)
            said.append((index[name], item, stars, _moment(event) - gap if dated is None else dated))
    interactions, live = _join(dataset, said, len(user_id))
    info = replace(
        dataset.info,
        content_hash=hash_tables(user_id, dataset.catalog, interactions),
        n_users=len(user_id),
        n_interactions=len(interactions),
        now=int(interactions.timestamp.max(initial=now)),
    )
    return Accrued(Dataset(info, user_id, dataset.catalog, interactions), live)


def _list_newcomers(dataset: Dataset, told: dict[str, list[FeedbackEvent]]) -> tuple[str, ...]:
    known = set(dataset.user_id)
    new = [
        name
        for name, own in told.items()
        if name not in known and weigh_feedback(select_in_force(own), dataset.catalog)
    ]
    return tuple(sort_ids(pl.Series(new, dtype=pl.String))) if new else ()


def _join(
    dataset: Dataset, said: list[tuple[int, int, float, int]], n_users: int
) -> tuple[Interactions, BoolArray]:
    rows = dataset.interactions
    user = np.array([row[0] for row in said], np.int32)
    item = np.array([row[1] for row in said], np.int32)
    stars = np.array([row[2] for row in said], np.float32)
    when = np.array([row[3] for row in said], np.int64)
    kept = rows.take(~np.isin(_pair(rows.user_idx, rows), user.astype(np.int64) * rows.n_items + item))
    joined = Interactions(
        np.concatenate([kept.user_idx, user]),
        np.concatenate([kept.item_idx, item]),
        np.concatenate([kept.rating, stars]),
        np.concatenate([kept.confidence, from_ratings(stars)]),
        np.concatenate([kept.timestamp, when]),
        n_users,
        rows.n_items,
    )
    live = np.concatenate([np.zeros(len(kept), np.bool_), np.ones(len(said), np.bool_)])
    order = np.lexsort((joined.timestamp, joined.user_idx))
    sorted_rows = Interactions(
        joined.user_idx[order],
        joined.item_idx[order],
        joined.rating[order],
        joined.confidence[order],
        joined.timestamp[order],
        n_users,
        rows.n_items,
    )
    return sorted_rows, live[order]


def _pair(user_idx: np.ndarray, rows: Interactions) -> LongArray:
    pairs: LongArray = user_idx.astype(np.int64) * rows.n_items + rows.item_idx
    return pairs


def _is_live(event: FeedbackEvent) -> bool:
    return event.action is not FeedbackAction.RATE


def _moment(event: FeedbackEvent) -> int:
    when: datetime | None = event.server_time or event.client_time
    return 0 if when is None else int(when.timestamp())
