"""Two lists side by side: what moved, what is new, what left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ui.models import Pick
from ui.text import count_things

Change = Literal["same", "up", "down", "new"]


@dataclass(frozen=True, slots=True)
class Row:
    """A place of the later list; ``moved`` is how many places up it went, 0 where it is new."""

    pick: Pick
    change: Change
    moved: int


@dataclass(frozen=True, slots=True)
class ListDifference:
    """The later list, row by row, and what of the earlier one is no longer in it."""

    rows: tuple[Row, ...]
    gone: tuple[Pick, ...]

    @property
    def n_kept(self) -> int:
        """How many films are in both lists."""
        return sum(row.change != "new" for row in self.rows)

    @property
    def n_new(self) -> int:
        """How many films are in the later list alone."""
        return len(self.rows) - self.n_kept

    def describe(self) -> str:
        """Return the difference in one sentence."""
        if not self.rows:
            return "The list is empty."
        if not self.n_new and not self.gone:
            moved = sum(row.moved != 0 for row in self.rows)
            return f"The same films, {moved} of them moved." if moved else "The same list."
        return (
            f"{self.n_kept} of {count_things(len(self.rows), 'film')} in both lists, "
            f"{self.n_new} new, {len(self.gone)} gone."
        )


def compare_lists(before: Sequence[Pick], after: Sequence[Pick]) -> ListDifference:
    """Compare two lists by their places, best first."""
    place_before = {pick.item_id: place for place, pick in enumerate(before)}
    rows = []
    for place, pick in enumerate(after):
        earlier = place_before.get(pick.item_id)
        if earlier is None:
            rows.append(Row(pick, "new", 0))
        else:
            moved = earlier - place
            change: Change = "up" if moved > 0 else "down" if moved < 0 else "same"
            rows.append(Row(pick, change, moved))
    shown = {pick.item_id for pick in after}
    return ListDifference(tuple(rows), tuple(pick for pick in before if pick.item_id not in shown))
