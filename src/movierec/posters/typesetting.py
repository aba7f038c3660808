"""Breaking a title into lines and finding the largest size at which it fits."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Face = Literal["sans", "serif"]

# Advance widths of ASCII 32 to 126 in hundredths of an em: those of Helvetica Bold and Times Bold, which
# the fonts below share with their free counterparts.
_SANS: Final = (
    "28 33 47 56 56 89 72 24 33 33 39 58 28 33 28 28 56 56 56 56 56 56 56 56 56 56 33 33 58 58 58 61 "
    "98 72 72 72 72 67 61 78 72 28 56 72 61 83 72 78 67 78 72 67 61 72 67 94 67 67 61 33 28 33 58 56 "
    "33 56 61 56 61 56 33 61 61 28 28 56 28 89 61 61 61 61 39 56 33 61 56 78 56 56 50 39 28 39 58 "
)
_SERIF: Final = (
    "25 33 56 50 50 100 83 28 33 33 50 57 25 33 25 28 50 50 50 50 50 50 50 50 50 50 33 33 57 57 57 50 "
    "93 72 67 72 72 67 61 78 78 39 50 78 67 94 72 78 61 78 72 56 67 72 72 100 72 72 67 33 28 33 58 50 "
    "33 50 56 44 56 44 33 50 56 28 33 56 28 83 56 50 56 56 44 39 33 56 50 72 50 50 44 39 22 39 52 "
)
_WIDTHS: Final[dict[Face, tuple[int, ...]]] = {
    "sans": tuple(map(int, _SANS.split())),
    "serif": tuple(map(int, _SERIF.split())),
}
FONTS: Final[dict[Face, str]] = {
    "sans": "Helvetica,Arial,'Liberation Sans',sans-serif",
    "serif": "'Times New Roman','Liberation Serif',Times,serif",
}
_LINE: Final = 1.06


@dataclass(frozen=True, slots=True)
class TitleBlock:
    """A set title: ``lines`` in logical order, ``size`` in pixels, ``height`` of all lines together."""

    lines: tuple[str, ...]
    size: int
    height: int
    leading: float


def measure_text(text: str, face: Face) -> float:
    """Return the width of bold text in em; a close guess beyond Latin letters."""
    return sum(_measure_character(character, face) for character in text)


def _measure_character(character: str, face: Face) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.0
    base = unicodedata.normalize("NFD", character)[0]
    if " " <= base <= "~":
        return _WIDTHS[face][ord(base) - 32] / 100
    if unicodedata.bidirectional(character) in ("R", "AL"):
        return 0.62
    return 0.86 if character.isupper() else 0.66


def set_title(title: str, face: Face, width: int, height: int, largest: int = 58) -> TitleBlock:
    """Return the title in the largest size at which it fits a box of ``width`` by ``height`` pixels.

    Lines are as even as the words allow; a word wider than the box at the smallest size is broken, and
    what does not fit even then ends in an ellipsis.
    """
    for size in range(largest, 19, -2):
        lines = _balance(title.split(), face, width / size)
        if lines is None:
            continue
        # Many short lines of huge type read worse than fewer of a smaller size.
        if len(lines) <= max(2, 1 + 60 // size) + (size < 40) and len(lines) * size * _LINE <= height:
            return _block(lines, size)
    size = 20
    pieces = [piece for word in title.split() for piece in _break_word(word, face, width / size)]
    lines = _wrap(pieces, face, width / size) or [title]
    fitting = int(height // (size * _LINE))
    if len(lines) > fitting:
        lines = [*lines[: fitting - 1], lines[fitting - 1].rstrip(" ,:;-") + "…"]
    return _block(lines, size)


def _block(lines: list[str], size: int) -> TitleBlock:
    return TitleBlock(tuple(lines), size, round(len(lines) * size * _LINE), size * _LINE)


def _wrap(words: list[str], face: Face, limit: float) -> list[str] | None:
    """Fill lines up to ``limit`` em one after the other; None where a word is wider than that."""
    lines: list[str] = []
    for word in words:
        if measure_text(word, face) > limit:
            return None
        if lines and measure_text(f"{lines[-1]} {word}", face) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _balance(words: list[str], face: Face, limit: float) -> list[str] | None:
    """Fill the fewest lines possible, and those as evenly as possible."""
    best = _wrap(words, face, limit)
    if best is None or len(best) < 2:
        return best
    for step in range(1, 13):
        tighter = _wrap(words, face, limit * (1 - 0.05 * step))
        if tighter is None or len(tighter) > len(best):
            break
        best = tighter
    return best


def _break_word(word: str, face: Face, limit: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and measure_text(pieces[-1] + character, face) > limit:
            pieces.append("")
        pieces[-1] += character
    return pieces
