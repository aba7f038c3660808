"""Preferences: what one person makes of any set of films, proposed to them or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from movierec.recall.merge import Merged
from movierec.schema import BoolArray, FloatArray, History, IntArray
from movierec.service import RecommenderService


@dataclass(frozen=True)
class Candidacy:
    """One person's candidates.

    Attributes
    ----------
    history : what is known of the person
    scores : catalogue-wide float32[n_items] of every source
    merged : the candidates with every source's rank
    wished : whether the person named genres
    """

    history: History
    scores: dict[str, FloatArray]
    merged: Merged
    wished: bool = False

    @classmethod
    def of(
        cls,
        service: RecommenderService,
        history: History,
        favourite_genres: Sequence[str] = (),
        allowed: BoolArray | None = None,
    ) -> Candidacy:
        """Ask all sources; ``allowed`` is bool[n_items], None allows everything."""
        scores = service.score_sources(history, favourite_genres)
        merged = service.engine.fusion.merge(history, scores, allowed)
        return cls(history, scores, merged, bool(favourite_genres))


@dataclass(frozen=True, slots=True)
class Preferences:
    """``order`` (any scale, higher is better) and ``match`` (a probability in [0, 1]), each float32[n]."""

    order: FloatArray
    match: FloatArray


def prefer(service: RecommenderService, candidacy: Candidacy, items: IntArray) -> Preferences:
    """Return what the ranker and the match model say of ``items``, int32[n].

    What was proposed to the person is judged among their own candidates, exactly as in their own list; the
    others as if they were added to it.
    """
    merged = candidacy.merged
    order = np.zeros(service.engine.n_items, np.float32)
    match = np.full(service.engine.n_items, service.engine.match.base_rate, np.float32)
    spare = np.setdiff1d(items, merged.item_idx).astype(np.int32)
    listed = np.concatenate([merged.item_idx, spare])
    fused = np.concatenate([merged.score, np.zeros(len(spare), np.float32)])
    own = len(merged)
    for rows, kept in ((slice(0, own), slice(0, own)), (slice(None), slice(own, None))):
        if not len(listed[kept]):
            continue
        features = service.engine.builder.build(
            candidacy.history, listed[rows], candidacy.scores, fused[rows]
        )
        ranker = service.engine.ranker
        score = fused[rows] if ranker is None else ranker.score(features, wished=candidacy.wished)
        order[listed[kept]] = score[kept]
        match[listed[kept]] = service.engine.match.predict(features[kept])
    return Preferences(order[items], match[items])
