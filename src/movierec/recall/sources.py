"""The recall sources of a build, in their locked order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from movierec.recall.als import Als
from movierec.recall.base import RecallSource
from movierec.recall.genre import Genre
from movierec.recall.item_item import CoSeen, ItemItem
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import NextStep, Sequence
from movierec.schema import Catalog, Interactions
from movierec.stages import RecallConfig

SOURCE_NAMES: Final = ("popularity", "item_item", "co_seen", "als", "sequence", "next_step", "genre")


def make_sources(config: RecallConfig) -> dict[str, RecallSource]:
    """Return unfitted sources by name, in the order of ``SOURCE_NAMES``."""
    sources: tuple[RecallSource, ...] = (
        Popularity(config.popularity),
        ItemItem(config.item_item),
        CoSeen(config.co_seen),
        Als(config.als),
        Sequence(config.sequence),
        NextStep(config.next_step),
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
