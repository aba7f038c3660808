"""Standing: where one film stands for one viewer, and which of their titles put it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from movierec.errors import UnknownItemError
from movierec.preferences import Candidacy, prefer
from movierec.reasons import gather_evidence, list_hits_of
from movierec.recall.base import liked
from movierec.schema import History, Reason, SourceHit
from movierec.service import RecommenderService


@dataclass(frozen=True, slots=True)
class Cause:
    """A liked title and its share of the evidence for a film; the shares of all causes sum to 1."""

    item_idx: int
    share: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One film for one viewer.

    ``match`` is the chance of liking it; ``place`` counts from 1 among ``n_candidates`` proposed films and
    is None for a film no source proposed. A film in the history has neither, but ``seen_rating`` and
    ``seen_at`` (seconds since the epoch) of the viewer's own event. ``causes`` are all liked titles that
    speak for the film, the strongest first.
    """

    item_idx: int
    seen: bool
    seen_rating: float | None
    seen_at: int | None
    match: float | None
    place: int | None
    n_candidates: int
    reasons: tuple[Reason, ...]
    causes: tuple[Cause, ...]
    hits: tuple[SourceHit, ...]


def find_standing(
    service: RecommenderService, history: History, item_idx: int, favourite_genres: Sequence[str] = ()
) -> Standing:
    """Return where the film stands; the place is that in the viewer's own unfiltered list."""
    if not 0 <= item_idx < len(service.catalog):
        raise UnknownItemError(f"item_idx must be between 0 and {len(service.catalog) - 1}, got {item_idx}")
    seen = np.flatnonzero(history.item_idx == item_idx)
    if len(seen):
        event = int(seen[-1])
        rating = float(history.rating[event])
        earlier = history.take(history.item_idx != item_idx)
        return Standing(
            item_idx,
            True,
            None if np.isnan(rating) else rating,
            int(history.timestamp[event]),
            *(None, None, 0, ()),
            _list_causes(service, earlier, item_idx),
            (),
        )
    candidacy = Candidacy.of(service, history, favourite_genres)
    candidates = candidacy.merged.item_idx
    items = candidates if item_idx in candidates else np.append(candidates, np.int32(item_idx))
    judged = prefer(service, candidacy, items)
    row = int(np.flatnonzero(items == item_idx)[0])
    proposed = row < len(candidates)
    place = None
    if proposed:
        order = np.lexsort((candidates, -judged.order[: len(candidates)]))
        place = int(np.flatnonzero(order == row)[0]) + 1
    hits = list_hits_of(candidacy.merged, [row], service.engine.merge_config)[0] if proposed else ()
    return Standing(
        item_idx,
        False,
        None,
        None,
        float(judged.match[row]),
        place,
        len(candidates),
        service.explain(history, item_idx, hits),
        _list_causes(service, history, item_idx),
        hits,
    )


def _list_causes(service: RecommenderService, history: History, item_idx: int) -> tuple[Cause, ...]:
    if not len(history):
        return ()
    positive = liked(history.rating, history.confidence)
    share = np.where(positive, gather_evidence(service.engine, history, item_idx).combined(), 0.0)
    if share.sum() <= 0:
        return ()
    share = share / share.sum()
    order = np.lexsort((history.item_idx, -share))
    return tuple(
        Cause(int(history.item_idx[event]), float(share[event])) for event in order if share[event] > 0
    )
