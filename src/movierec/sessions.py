"""Sessions: what somebody did a moment ago, in order, placed at the end of their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from movierec.data.confidence import DEFAULT_EVENT_WEIGHTS, from_ratings
from movierec.schema import History

STEP_SECONDS: Final = 60
"""Events of a session follow each other by a minute on the serving clock, as live feedback does."""


class SessionAction(StrEnum):
    """What can happen to a film in a session.

    ``watch`` is evidence without an opinion. ``skip`` says "not now": the film is left out of this list,
    and nothing is learnt from it, since passing over a poster is weak evidence of anything.
    """

    WATCH = "watch"
    LIKE = "like"
    SKIP = "skip"
    DISLIKE = "dislike"


_STARS: Final = {SessionAction.LIKE: 5.0, SessionAction.DISLIKE: 1.0, SessionAction.WATCH: np.nan}


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One event; its place in the sequence is its time."""

    item_idx: int
    action: SessionAction


def join_session(history: History, events: Sequence[SessionEvent], now: int) -> History:
    """Return the history with the events of a session after it; ``now`` is the serving clock in seconds.

    A film counts once, at its last event; an opinion outlives a later ``watch`` of the same film. What the
    session says of a film replaces what the history says.
    """
    said: dict[int, SessionAction] = {}
    for event in events:
        if event.action is SessionAction.SKIP:
            continue
        earlier = said.pop(event.item_idx, None)
        keeps = event.action is SessionAction.WATCH and earlier is not None
        said[event.item_idx] = earlier if keeps and earlier is not None else event.action
    if not said:
        return history
    items = np.array(list(said), np.int32)
    stars = np.array([_STARS[action] for action in said.values()], np.float32)
    watched = np.float32(DEFAULT_EVENT_WEIGHTS[SessionAction.WATCH.value])
    kept = history.take(~np.isin(history.item_idx, items))
    last = max(now, int(kept.timestamp[-1]) if len(kept) else now)
    when = last + STEP_SECONDS * np.arange(1, len(items) + 1, dtype=np.int64)
    return History(
        np.concatenate([kept.item_idx, items]),
        np.concatenate([kept.rating, stars]),
        np.concatenate([kept.confidence, np.where(np.isnan(stars), watched, from_ratings(stars))]),
        np.concatenate([kept.timestamp, when]),
    )
