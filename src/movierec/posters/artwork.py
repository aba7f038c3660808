"""A poster for every film, drawn from its facts: the same film always gets the same one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from movierec.posters.motifs import BACKDROPS, CENTRED, FLAT, GROUNDED, MOTIFS
from movierec.posters.motifs.dice import Dice
from movierec.posters.palettes import Palette, choose_mood
from movierec.posters.typesetting import FONTS, Face, TitleBlock, measure_text, set_title

WIDTH: Final = 300
HEIGHT: Final = 450
_MARGIN: Final = 24
_PLATE_BEFORE: Final = 1968
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u0080-\u009f]")
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


@dataclass(frozen=True, slots=True)
class _Text:
    title: str
    credit: str
    face: Face


def draw_poster(
    title: str, year: int | None, genres: Sequence[str], director: str | None, seed_text: str
) -> str:
    """Return the poster of a film as a self-contained SVG document, 2 to 3, under 8 kB.

    Parameters
    ----------
    title, director : shown as text; any Unicode, escaped, never interpreted
    year : shown, and films before 1968 get a paper frame; None or 0 where unknown
    genres : the most telling one decides on colours, type and motif
    seed_text : what sets one film apart from another, such as its id; decides on the variant

    Notes
    -----
    Made for ``<img>``: the ids inside are the same in every poster, so two of them inlined into one page
    would share gradients.
    """
    dice = Dice(seed_text)
    mood = choose_mood(genres)
    colours, motif = dice.pick(mood.palettes), dice.pick(mood.motifs)
    text = _Text(_clean(title) or "Untitled", _set_credit(year, _clean(director or "")), mood.face)
    if year and year < _PLATE_BEFORE:
        body = _lay_out_plate(dice, colours, motif, text)
    elif motif in GROUNDED:
        body = _lay_out_below_title(dice, colours, motif, text)
    else:
        body = _lay_out_above_title(dice, colours, motif, text)
    label = escape(f"{text.title} ({year})" if year else text.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img"><title>{label}</title>{body}</svg>'
    )


def _clean(text: str) -> str:
    """Return text on one line, without what XML or a reader cannot take."""
    return " ".join(_UNPRINTABLE.sub("", text).split())


def _set_credit(year: int | None, director: str) -> str:
    parts = [str(year)] if year else []
    return "  ·  ".join([*parts, director] if director else parts)


def _lay_out_above_title(dice: Dice, colours: Palette, motif: str, text: _Text) -> str:
    """Let the picture fade, or end at an edge, where the title begins."""
    block = set_title(text.title, text.face, WIDTH - 2 * _MARGIN, 122)
    centred = text.face == "serif" or motif in CENTRED
    top = 408 - block.height
    back = _fill_backdrop(colours, motif, HEIGHT)
    picture = _draw_picture(dice, colours, motif)
    if motif in FLAT:
        edge = min(312, top - 20)
        floor = f'<rect y="{edge}" width="{WIDTH}" height="{HEIGHT - edge}" fill="{colours.night}"/>'
        picture = f'<g transform="translate(0 {min(0, (edge - 312) // 2)})">{picture}</g>'
    else:
        start = min(250, top - 70)
        floor = _fade(colours.night, start, min(330, top + 4))
    return (
        back
        + picture
        + floor
        + _set_texts(text, block, top, centred, colours.paper, colours.glow, colours.paper)
    )


def _lay_out_below_title(dice: Dice, colours: Palette, motif: str, text: _Text) -> str:
    """Set the title into the sky and the credit on the ground."""
    block = set_title(text.title, text.face, WIDTH - 2 * _MARGIN, 118)
    back = _fill_backdrop(colours, motif, HEIGHT)
    picture = f'<g transform="translate(0 140)">{_draw_picture(dice, colours, motif)}</g>'
    shade = _fade(colours.night, 190, 0, 0.75)
    return (
        back
        + picture
        + shade
        + _fade(colours.night, 370, 430, 0.9)
        + _set_texts(text, block, 26, True, colours.paper, colours.glow, colours.paper)
    )


def _lay_out_plate(dice: Dice, colours: Palette, motif: str, text: _Text) -> str:
    """Frame the picture on paper, as films were announced before the late sixties."""
    block = set_title(text.title, text.face, WIDTH - 2 * _MARGIN, 96, largest=46)
    bottom = min(312, 400 - block.height - 12)
    shift = round((bottom - 18) - 0.88 * 306) if motif in GROUNDED else round((bottom - 18 - 0.88 * 300) / 2)
    plate = f'<clipPath id="p"><rect x="18" y="18" width="264" height="{bottom - 18}"/></clipPath>'
    picture = _fill_backdrop(colours, motif, bottom) + (
        f'<g transform="translate(18 {18 + shift}) scale(.88)">{_draw_picture(dice, colours, motif)}</g>'
    )
    top = bottom + (408 - bottom - block.height) // 2
    frame = f'<rect x="10" y="10" width="280" height="430" fill="none" stroke="{colours.deep}"/>'
    return (
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{colours.paper}"/>'
        f'{plate}<g clip-path="url(#p)">{picture}</g>{frame}'
        + _set_texts(text, block, top, True, colours.night, colours.deep, colours.night)
    )


def _draw_picture(dice: Dice, colours: Palette, motif: str) -> str:
    picture = MOTIFS[motif](dice, colours)
    return picture if dice.roll() < 0.5 else f'<g transform="translate(300 0) scale(-1 1)">{picture}</g>'


def _fill_backdrop(colours: Palette, motif: str, height: int) -> str:
    upper, lower = (getattr(colours, name) for name in BACKDROPS[motif])
    return (
        f'<linearGradient id="b" x2="0" y2="1"><stop stop-color="{upper}"/>'
        f'<stop offset=".8" stop-color="{lower}"/></linearGradient>'
        f'<rect width="{WIDTH}" height="{height}" fill="url(#b)"/>'
    )


def _fade(colour: str, start: int, end: int, strength: float = 1.0) -> str:
    """Return a veil that is clear at ``start``, ``strength`` at ``end``, and stays so beyond."""
    name = f"f{start}"
    low, high = min(start, end), HEIGHT if end > start else start
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="{start}" y2="{end}">'
        f'<stop stop-color="{colour}" stop-opacity="0"/>'
        f'<stop offset="1" stop-color="{colour}" stop-opacity="{strength:g}"/></linearGradient>'
        f'<rect y="{low}" width="{WIDTH}" height="{high - low}" fill="url(#{name})"/>'
    )


def _set_texts(
    text: _Text, block: TitleBlock, top: int, centred: bool, ink: str, accent: str, quiet: str
) -> str:
    """Return the title from ``top`` downwards and the credit at the foot."""
    reads_leftwards = bool(_RIGHT_TO_LEFT.search(text.title))
    width = WIDTH - 2 * _MARGIN
    x = WIDTH // 2 if centred else WIDTH - _MARGIN if reads_leftwards else _MARGIN
    lines = ""
    for number, content in enumerate(block.lines):
        y = top + block.size * 0.82 + number * block.leading
        wide = measure_text(content, text.face) * block.size
        # Keeps the line inside the poster where only a wider font is installed.
        exact = (
            f' textLength="{wide:.0f}" lengthAdjust="spacingAndGlyphs"'
            if wide > 0.8 * width and content.isascii()
            else ""
        )
        lines += f'<tspan x="{x}" y="{y:.0f}"{exact}>{escape(content)}</tspan>'
    anchor = ' text-anchor="middle"' if centred else ""
    direction = ' direction="rtl"' if reads_leftwards else ""
    title = (
        f'<text font-family="{FONTS[text.face]}" font-size="{block.size}" font-weight="700" '
        f'fill="{ink}"{anchor}{direction}>{lines}</text>'
    )
    size, credit = 16, text.credit
    while size > 13 and measure_text(credit, "sans") * size > width:
        size -= 1
    while measure_text(credit, "sans") * size > width:
        credit = credit[:-2].rstrip() + "…"
    foot = "" if centred or not reads_leftwards else ' text-anchor="end"'
    reach = -28 if reads_leftwards else 28
    rule = "" if centred else f'<path d="M{x} {top - 12}h{reach}" stroke="{accent}" stroke-width="4"/>'
    return (
        rule + title + f'<text x="{x}" y="430" font-family="{FONTS["sans"]}" font-size="{size}" '
        f'fill="{quiet}"{anchor or foot}>{escape(credit)}</text>'
    )
