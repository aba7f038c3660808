"""The effective history: what a viewer did in the data, and what they have said since."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from movierec.data.confidence import from_ratings
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.schema import Catalog, History

FEEDBACK_RATING: Final = {
    FeedbackAction.LIKE: 5.0,
    FeedbackAction.SAVE: 4.0,
    FeedbackAction.DISLIKE: 1.0,
}
"""Stars a thumb stands for: live feedback enters a history as ratings, like everything else."""


def join_feedback(trained: History, feedback: Sequence[FeedbackEvent], catalog: Catalog, now: int) -> History:
    """Return trained events plus live feedback in force; what the catalogue does not know is left out.

    Live events take the serving clock in the order they happened, imported ratings the day they were
    given; for an item rated before, the live event replaces the trained one.

    Parameters
    ----------
    feedback : newest first, as the store gives it
    now : the end of the data, seconds since the epoch
    """
    said = weigh_feedback(feedback, catalog)
    if not said:
        return trained
    items = np.array(list(said), np.int32)
    kept = trained.take(~np.isin(trained.item_idx, items))
    stars_of = np.array([stars for stars, _ in said.values()], np.float32)
    # Later thumbs count as newer: the clock moves on by a minute each.
    clock = itertools.count(now + 60, 60)
    dated = (date_rating(event, now) for _, event in said.values())
    moment = [next(clock) if rated is None else rated for rated in dated]
    joined = History(
        np.concatenate([kept.item_idx, items]),
        np.concatenate([kept.rating, stars_of]),
        np.concatenate([kept.confidence, from_ratings(stars_of)]),
        np.concatenate([kept.timestamp, np.array(moment, np.int64)]),
    )
    return joined.take(np.argsort(joined.timestamp, kind="stable"))


def weigh_feedback(
    feedback: Sequence[FeedbackEvent], catalog: Catalog
) -> dict[int, tuple[float, FeedbackEvent]]:
    """Return the stars and the event of every item in a viewer's feedback in force, oldest first.

    ``feedback`` is newest first, as the store gives it.
    """
    said: dict[int, tuple[float, FeedbackEvent]] = {}
    # Turned around before the stable sort, so that marks of one moment keep their order.
    oldest_first = feedback[::-1]
    for event in sorted(oldest_first, key=_when):
        index = catalog.index_of.get(event.item_id)
        stars = event.rating if event.rating is not None else FEEDBACK_RATING.get(event.action)
        if index is None or stars is None:
            continue
        # A saved film that was also given a thumb keeps the thumb's meaning.
        if event.action is FeedbackAction.SAVE and index in said:
            continue
        said.pop(index, None)
        said[index] = stars, event
    return said


def date_rating(event: FeedbackEvent, now: int) -> int | None:
    """Return when an imported rating counts: its own day, never after the end of the data; else None."""
    if event.action is not FeedbackAction.RATE:
        return None
    when = event.client_time or event.server_time
    return now if when is None else min(int(when.timestamp()), now)


def _when(event: FeedbackEvent) -> datetime:
    return event.server_time or datetime.min.replace(tzinfo=UTC)
