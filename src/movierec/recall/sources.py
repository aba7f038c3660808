"""The recall sources of a build, in their locked order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from movierec.recall.als import Als, AlsSeen
from movierec.recall.base import RecallSource
from movierec.recall.genre import Genre
from movierec.recall.item_item import CoSeen, ItemItem
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import Lift, NextStep, Sequence
from movierec.recall.sitting import Sitting
from movierec.recall.transition import Transition
from movierec.schema import Catalog, Interactions
from movierec.stages import RecallConfig

SOURCE_NAMES: Final = (
    "popularity",
    "item_item",
    "co_seen",
    "als",
    "als_seen",
    "sequence",
    "next_step",
    "lift",
    "transition",
    "sitting",
    "genre",
)


def make_sources(config: RecallConfig) -> dict[str, RecallSource]:
    """Return unfitted sources by name, in the order of ``SOURCE_NAMES``."""
    sources: tuple[RecallSource, ...] = (
        Popularity(config.popularity),
        ItemItem(config.item_item),
        CoSeen(config.co_seen),
        Als(config.als),
        AlsSeen(config.als_seen),
        Sequence(config.sequence),
        NextStep(config.next_step),
        Lift(config.lift),
        Transition(config.transition),
        Sitting(config.sitting),
        Genre(config.genre),
    )
    return {source.name: source for source in sources}


def fit_sources(
    config: RecallConfig, interactions: Interactions, catalog: Catalog
) -> Mapping[str, RecallSource]:
    """Return every source fitted on the same rows."""
    sources = make_sources(config)
    for source in sources.values():
        source.fit(interactions, catalog)
    return sources
