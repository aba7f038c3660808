"""Which colours and which character a film's genres ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from movierec.posters.typesetting import Face


@dataclass(frozen=True, slots=True)
class Palette:
    """Five colours from dark to light: ``night`` carries the title, ``paper`` is its ink."""

    night: str
    deep: str
    mid: str
    glow: str
    paper: str


@dataclass(frozen=True, slots=True)
class Mood:
    """How a genre looks: its palettes, its motifs by name, and its type face."""

    palettes: tuple[Palette, ...]
    motifs: tuple[str, ...]
    face: Face = "sans"


def _palettes(*rows: str) -> tuple[Palette, ...]:
    return tuple(Palette(*(f"#{colour}" for colour in row.split())) for row in rows)


# From the most telling genre to the least: data sets list them in alphabetical order.
MOODS: Final[dict[str, Mood]] = {
    "Western": Mood(
        _palettes(
            "2b1310 7a2e1d c65a2e f2b450 fbe9c8",
            "1f1a2e 6b2f3f d1603d f6c667 fdeed2",
            "22170f 5d4023 b98545 f0d18a fff3d9",
        ),
        ("dunes", "mesa"),
        "serif",
    ),
    "Film-Noir": Mood(
        _palettes(
            "0c0d10 24272e 5b6069 d8d3c4 f4f0e6",
            "0e0b0a 2e2622 6e5f54 e3c98f f6efe0",
            "0a0f14 1c2a36 4d6475 c9d6dd eef3f5",
        ),
        ("blinds", "street_lamp"),
        "serif",
    ),
    "War": Mood(
        _palettes(
            "14170f 37402a 737a4e d9a441 f1ead2",
            "1b1512 4a2f24 8f5a3a e8b04b f5e7cf",
            "10161b 2c3d48 5f7a86 e0643c eef0ea",
        ),
        ("searchlights", "formation"),
    ),
    "Musical": Mood(
        _palettes(
            "1d0b2e 5a1a6b c2347d ffb13d fff1e0",
            "0d1238 27358f 4f6bf0 ff6f91 fdf0f3",
            "2a0a17 7d1538 d93a4e ffd166 fff4df",
        ),
        ("vinyl", "equaliser"),
    ),
    "Documentary": Mood(
        _palettes(
            "0f1c22 1f4a56 3f8c93 f2c14e f6f4ea",
            "1c1c1c 3c4042 8b9294 e85d3f f5f3ee",
            "14211b 2d5640 6fa06d f0d77b f4f6ea",
        ),
        ("contours", "halftone"),
    ),
    "Horror": Mood(
        _palettes(
            "0b0506 35090d 8c1118 ff3b2f f6e3da",
            "060a08 14291f 3c5f45 b6f04a e9f2dd",
            "0a0710 2a1240 5c2a7a ff4d6d f3e6f2",
        ),
        ("claws", "eye", "teeth"),
    ),
    "Animation": Mood(
        _palettes(
            "123a5c 1f7fb0 6cc7d9 ffd25e fffbe9",
            "3a1d5e 7a3fb0 f07ab0 ffd76a fff6ea",
            "0f4a40 1f9a77 9ad67f ffb347 fffbe6",
        ),
        ("hills", "balloons"),
    ),
    "Sci-Fi": Mood(
        _palettes(
            "060b1d 14275c 2f6fd0 7ff0ff eaf8ff",
            "0d0620 3a1673 9b3fe0 ff7ad9 f8ecff",
            "07140f 0f3a3a 1f8a80 f2ff7a effff4",
            "12090a 4a1c1c c2452d ffc46b fff1e0",
        ),
        ("orbits", "eclipse", "horizon_grid"),
    ),
    "Fantasy": Mood(
        _palettes(
            "140f33 3b2a7a 8a5bd1 ffd98a fbf2ff",
            "0b2330 135b66 41a59a ffe08a f0fbf4",
            "2a0f2e 74285f cf5f86 ffd7a0 fff0ea",
        ),
        ("castle", "crystals"),
        "serif",
    ),
    "Children": Mood(
        _palettes(
            "173f5f 2d83b5 8ed1c6 ffcb47 fffaea",
            "5a1f3d c2456b ff9a76 ffe27a fff7ea",
            "1d4d2b 4c9a4f b5d96b ffd84d fffce8",
        ),
        ("balloons", "hills"),
    ),
    "Mystery": Mood(
        _palettes(
            "0c1420 22364f 4f7590 f0c36b f1eee2",
            "160d1c 3e2450 7b5290 e9d18f f5eef5",
            "0d1a17 21453e 568072 e8b84f f0f2e6",
        ),
        ("keyhole", "doorway"),
        "serif",
    ),
    "Romance": Mood(
        _palettes(
            "35101f 8f2a4a e2687a ffc2a1 fff1e8",
            "2b1638 7a3a78 d77fa8 ffd3b0 fff2ec",
            "401414 a8392f ef8461 ffd79a fff4e4",
        ),
        ("two_circles", "hearts", "sunset_sea"),
        "serif",
    ),
    "Crime": Mood(
        _palettes(
            "0d0f16 232b3f 50607f ffb52e f5f0e3",
            "140c0c 3c1a1a 8a3327 f4c95d f8ecdc",
            "0b1413 1c3735 4a7a70 ff6b4a f1f3ea",
        ),
        ("skyline", "bars"),
    ),
    "Adventure": Mood(
        _palettes(
            "0e2430 1d5a6b 4fa3a0 ffd072 fdf6e3",
            "241232 5f2a6b c95b7b ffc069 fff1de",
            "14240f 3a5f24 8aa84a ffd65c fbf7df",
        ),
        ("mountains", "compass"),
    ),
    "Thriller": Mood(
        _palettes(
            "0c1013 1f3138 3f6a73 ff5a36 f3f1ea",
            "120a0d 40121f 9a1f33 ffd23f fbeee0",
            "0b0d1a 20285a 4656b0 f7f052 f3f3ff",
        ),
        ("spiral", "tunnel"),
    ),
    "Action": Mood(
        _palettes(
            "140b08 54180c d13d12 ffc31f fff3dc",
            "07121f 0f3a66 1f86c9 ff8a1f f3f8fc",
            "120a1e 43135e a8239a ffd21f fdf1fb",
        ),
        ("burst", "speed"),
    ),
    "Comedy": Mood(
        _palettes(
            "4a1a2c d2434c ff8f5a ffd84a fff8e6",
            "0f3b4a 1c8a94 5cc9b4 ffc93c fffbea",
            "33215c 6a4fc0 f786aa ffdf5a fff8ec",
            "523008 d9820f f7b733 fff0a8 fffaea",
        ),
        ("confetti", "grin", "quarters"),
    ),
    "Drama": Mood(
        _palettes(
            "17202b 34506a 7f9bb0 e9b872 f6f1e7",
            "241716 5c3630 a9705a e8c49a f9f0e4",
            "142019 38503f 82997a e6cf8f f4f3e6",
            "1e1729 4d3d66 9683ad efb9a0 f8f0ee",
        ),
        ("arches", "window_light", "half_sun"),
        "serif",
    ),
}
_FALLBACK: Final = Mood(MOODS["Drama"].palettes, ("quarters", "half_sun", "tunnel", "contours"))


def choose_mood(genres: Sequence[str]) -> Mood:
    """Return the mood of the most telling genre; unknown genres share a neutral one."""
    named = set(genres)
    return next((mood for genre, mood in MOODS.items() if genre in named), _FALLBACK)
