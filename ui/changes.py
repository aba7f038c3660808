"""What the recommender's new answer changed, film by film."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from ui.models import Pick


@dataclass(frozen=True, slots=True)
class Changes:
    """Two answers side by side; ``moved`` maps item id to places upwards, of films in both.

    ``answered`` left because the viewer marked them, ``gone`` left for other films.
    """

    new: tuple[Pick, ...]
    gone: tuple[Pick, ...]
    answered: tuple[Pick, ...]
    moved: dict[str, int]

    @property
    def n_moved(self) -> int:
        """How many films stand at another place than before."""
        return sum(places != 0 for places in self.moved.values())

    def find(self, item_id: str) -> Literal["new", "stayed"] | int:
        """Return ``new``, ``stayed`` or the places a film moved upwards."""
        if item_id not in self.moved:
            return "new"
        return self.moved[item_id] or "stayed"


def compare(before: Sequence[Pick], after: Sequence[Pick], marked: Collection[str] = ()) -> Changes:
    """Return what changed; ``marked`` are ids of films the viewer said something about."""
    old = {pick.item_id: place for place, pick in enumerate(before)}
    now = {pick.item_id: place for place, pick in enumerate(after)}
    left = [pick for pick in before if pick.item_id not in now]
    return Changes(
        tuple(pick for pick in after if pick.item_id not in old),
        tuple(pick for pick in left if pick.item_id not in marked),
        tuple(pick for pick in left if pick.item_id in marked),
        {item_id: old[item_id] - place for item_id, place in now.items() if item_id in old},
    )
