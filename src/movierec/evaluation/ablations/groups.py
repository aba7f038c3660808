"""Which features belong together, and which live on a recall source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from movierec.errors import ConfigError
from movierec.recall.sources import SOURCE_NAMES

_SOURCES: Final = "|".join(SOURCE_NAMES)
_OF_SOURCE: Final = rf"(?:(?:{_SOURCES})_(?:score|rank)|merge_score)$"

FEATURE_GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source scores": rf"(?:{_SOURCES}|merge)_score$",
        "source ranks": rf"(?:{_SOURCES})_rank$",
        "views": rf"(?!{_OF_SOURCE}).*_(?:score|rank)$",
        "item activity and clock": (
            r"(?:then|now)_|item_(?:interactions|conf|days_since|mean|liked|trend|rating)"
        ),
        "pace": r"item_(?:step|place|days_in)",
        "taste and genre": (
            r"genre_(?:match|liked)|user_item_genre|item_genre|item_year|year_gap|popularity_gap|recent_year|expected_rating"
        ),
        "factor matches": r"factor_match",
        "profile": r"user_(?!item_genre)",
    }
)
"""Group to the pattern that the beginning of a feature's name follows; every feature is in exactly one."""


def group_features(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the columns of every group.

    Raises
    ------
    ConfigError
        If a feature is in no group or in several.
    """
    columns: dict[str, list[int]] = {group: [] for group in FEATURE_GROUPS}
    for column, name in enumerate(names):
        found = [group for group, pattern in FEATURE_GROUPS.items() if re.match(pattern, name)]
        if len(found) != 1:
            raise ConfigError(
                f"feature {name} must be in one group of ablations, is in {len(found)}: {found}; "
                "extend FEATURE_GROUPS"
            )
        columns[found[0]].append(column)
    return {group: tuple(found) for group, found in columns.items()}


def find_source_columns(source: str, names: Sequence[str]) -> tuple[int, ...]:
    """Return the columns computed from a source: its score and rank, its views, for ALS factor matches."""
    views = FEATURE_GROUPS["views"]
    return tuple(
        column
        for column, name in enumerate(names)
        if name in (f"{source}_score", f"{source}_rank")
        or (name.startswith(f"{source}_") and re.match(views, name))
        or (source == "als" and name.startswith("factor_match"))
    )
