"""A viewer's diary: everything they watched, rated or marked, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.schema import Catalog, History


class Origin(StrEnum):
    """Where an entry comes from: the data set, an imported file, or a press in the app."""

    DATASET = "dataset"
    IMPORT = "import"
    APP = "app"


@dataclass(frozen=True, slots=True)
class DiaryEntry:
    """One thing the viewer did; ``when`` in seconds since the epoch, ``rating`` in stars or None."""

    item_idx: int
    rating: float | None
    when: int
    origin: Origin
    action: FeedbackAction | None = None


def write_diary(
    trained: History, feedback: Sequence[FeedbackEvent], catalog: Catalog, *, saves: bool = True
) -> tuple[DiaryEntry, ...]:
    """Return trained and live events, newest first; a live opinion takes the place of the trained rating.

    Parameters
    ----------
    feedback : what stands, newest first, as the store gives it
    saves : whether films put aside for later are listed
    """
    live = [
        DiaryEntry(
            catalog.index_of[event.item_id],
            event.rating,
            _date_event(event),
            Origin.IMPORT if event.action is FeedbackAction.RATE else Origin.APP,
            event.action,
        )
        for event in feedback
        if event.item_id in catalog.index_of and (saves or event.action is not FeedbackAction.SAVE)
    ]
    replaced = {entry.item_idx for entry in live if entry.action is not FeedbackAction.SAVE}
    rows = zip(trained.item_idx.tolist(), trained.rating.tolist(), trained.timestamp.tolist(), strict=True)
    old = [
        DiaryEntry(item_idx, None if np.isnan(rating) else rating, when, Origin.DATASET)
        for item_idx, rating, when in rows
        if item_idx not in replaced
    ]
    # Stable, and both lists newest first: ties keep their order, the app's before the data set's.
    return tuple(sorted([*live, *old[::-1]], key=lambda entry: -entry.when))


def _date_event(event: FeedbackEvent) -> int:
    moment = event.client_time if event.action is FeedbackAction.RATE else None
    moment = moment or event.server_time
    return int(moment.timestamp()) if moment is not None else 0
