"""The pictures of the generated posters, each drawn on a field 300 wide and 310 high.

What stands on the ground reaches below the field, so that a layout may show more of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from movierec.posters.motifs import abstracts, landscapes, scenes
from movierec.posters.motifs.dice import Dice
from movierec.posters.palettes import Palette

Motif = Callable[[Dice, Palette], str]

MOTIFS: Final[dict[str, Motif]] = {
    name.removeprefix("draw_"): getattr(module, name)
    for module in (abstracts, landscapes, scenes)
    for name in vars(module)
    if name.startswith("draw_")
}
GROUNDED: Final = frozenset(
    name.removeprefix("draw_") for name in vars(landscapes) if name.startswith("draw_")
) | {"arches", "searchlights", "formation", "blinds", "street_lamp", "window_light"}

# What a layout must know of a motif: patterns end at an edge, and which colours lie behind it.
FLAT: Final = frozenset({"confetti", "grin", "quarters", "half_sun", "halftone", "vinyl"})
CENTRED: Final = frozenset({"hearts", "compass", "keyhole", "eclipse", "eye"})
_NIGHT: Final = ("night", "deep")
_DEEP: Final = ("deep", "night")
_DUSK: Final = ("deep", "mid")
_BRIGHT: Final = ("mid", "mid")
BACKDROPS: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(MOTIFS, _DEEP),
    **dict.fromkeys(GROUNDED, _DUSK),
    **dict.fromkeys(("orbits", "eclipse", "castle", "teeth", "searchlights"), _NIGHT),
    **dict.fromkeys(FLAT, _BRIGHT),
}
