"""The few SVG shapes every motif is made of; coordinates are whole pixels to keep posters small."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]


def circle(x: float, y: float, radius: float, fill: str, opacity: float = 1.0) -> str:
    """Return a filled circle."""
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{fill}"{_opacity(opacity)}/>'


def ring(x: float, y: float, radius: float, stroke: str, width: float, opacity: float = 1.0) -> str:
    """Return an open circle."""
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="none" stroke="{stroke}" '
        f'stroke-width="{width:g}"{_opacity(opacity)}/>'
    )


def path(data: str, fill: str, opacity: float = 1.0) -> str:
    """Return a filled path."""
    return f'<path d="{data}" fill="{fill}"{_opacity(opacity)}/>'


def line(data: str, stroke: str, width: float, opacity: float = 1.0, cap: str = "round") -> str:
    """Return an unfilled path."""
    return (
        f'<path d="{data}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linecap="{cap}" stroke-linejoin="round"{_opacity(opacity)}/>'
    )


def polygon(points: Iterable[Point], fill: str, opacity: float = 1.0) -> str:
    """Return a filled polygon."""
    return path("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points) + "z", fill, opacity)


def loop(points: Sequence[Point]) -> str:
    """Return path data of a smooth closed curve along points."""
    points = list(points)
    middles = [
        ((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in zip(points, points[1:] + points[:1], strict=True)
    ]
    turns = zip([*points[1:], points[0]], [*middles[1:], middles[0]], strict=True)
    start = f"M{middles[0][0]:.0f} {middles[0][1]:.0f}"
    return start + "".join(f"Q{a:.0f} {b:.0f} {c:.0f} {d:.0f}" for (a, b), (c, d) in turns) + "z"


def boxes(rows: Iterable[tuple[float, float, float, float]]) -> str:
    """Return path data for many rectangles given as x, y, width, height."""
    return "".join(f"M{x:.0f} {y:.0f}h{w:.0f}v{h:.0f}h{-w:.0f}z" for x, y, w, h in rows)


def dots(points: Iterable[Point], fill: str, size: float, opacity: float = 1.0) -> str:
    """Return many round dots of one size."""
    return line("".join(f"M{x:.0f} {y:.0f}h0" for x, y in points), fill, size, opacity)


def around(x: float, y: float, radius: float, degrees: float) -> Point:
    """Return the point at an angle on a circle; 0 is to the right, 90 below."""
    angle = math.radians(degrees)
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def person(x: float, feet: float, height: float, fill: str) -> str:
    """Return a small standing figure."""
    h = height
    return circle(x, feet - h * 0.87, h * 0.13, fill) + path(
        f"M{x - h * 0.17:.1f} {feet - h * 0.5:.1f}"
        f"q0 {-h * 0.21:.1f} {h * 0.17:.1f} {-h * 0.21:.1f}t{h * 0.17:.1f} {h * 0.21:.1f}"
        f"L{x + h * 0.11:.1f} {feet:.1f}H{x + h * 0.015:.1f}L{x:.1f} {feet - h * 0.36:.1f}"
        f"L{x - h * 0.015:.1f} {feet:.1f}H{x - h * 0.11:.1f}z",
        fill,
    )


def plane(x: float, y: float, fill: str, turn: int = 0, size: float = 1.0) -> str:
    """Return a small propeller plane seen from above, nose up before it is turned."""
    body = path("M0-12l3 9l17 7v4l-17-3l-1 8l5 4v2l-7-2l-7 2v-2l5-4l-1-8l-17 3v-4l17-7z", fill)
    return f'<g transform="translate({x:.0f} {y:.0f}) rotate({turn}) scale({size:g})">{body}</g>'


def _opacity(value: float) -> str:
    return "" if value == 1.0 else f' opacity="{value:g}"'
