"""Motifs of pure geometry, gathered around the middle of the picture."""

from __future__ import annotations

import math

from movierec.posters.motifs.dice import Dice
from movierec.posters.motifs.shapes import around, boxes, circle, dots, line, loop, path, polygon, ring
from movierec.posters.palettes import Palette


def draw_orbits(dice: Dice, colours: Palette) -> str:
    """Draw a planet with tilted orbits and moons."""
    x, y, radius = dice.between(125, 175), dice.between(138, 160), dice.between(50, 62)
    stars = [(dice.between(4, 296), dice.between(4, 300)) for _ in range(40)]
    picture = dots(stars, colours.paper, 2, 0.75)
    tilt = dice.pick((-28, -18, 20, 30))
    front = ""
    for step in range(3):
        wide = radius + 34 + 26 * step
        flat = wide * 0.34
        back = f"M{-wide} 0A{wide} {flat:.0f} 0 0 1 {wide} 0"
        near = f"M{-wide} 0A{wide} {flat:.0f} 0 0 0 {wide} 0"
        shade = (colours.glow, colours.paper, colours.mid)[step]
        picture += f'<g transform="translate({x} {y}) rotate({tilt})">{line(back, shade, 2.5, 0.7)}</g>'
        moon_x, moon_y = around(0, 0, 1, dice.between(20, 160))
        front += line(near, shade, 2.5) + circle(moon_x * wide, moon_y * flat, 8 - step, shade)
    picture += circle(x, y, radius + 14, colours.mid, 0.3) + circle(x, y, radius, colours.mid)
    picture += path(
        f"M{x - radius * 0.71:.0f} {y + radius * 0.71:.0f}"
        f"A{radius} {radius} 0 0 0 {x + radius * 0.71:.0f} {y - radius * 0.71:.0f}"
        f"A{radius * 1.25:.0f} {radius * 1.25:.0f} 0 0 1 {x - radius * 0.71:.0f} {y + radius * 0.71:.0f}z",
        colours.night,
        0.5,
    )
    return picture + f'<g transform="translate({x} {y}) rotate({tilt})">{front}</g>'


def draw_eclipse(dice: Dice, colours: Palette) -> str:
    """Draw a dark disc before a light, rings spreading from it."""
    x, y, radius = dice.between(130, 170), dice.between(130, 160), dice.between(60, 74)
    picture = "".join(
        ring(x, y, radius + 22 * step, colours.mid, 1.5, 1 - 0.14 * step) for step in range(1, 7)
    )
    shift = dice.between(-8, 8)
    picture += circle(x, y, radius + 12, colours.glow, 0.25) + circle(x, y, radius, colours.glow)
    picture += circle(x + shift, y + 8, radius - 4, colours.night)
    angle = dice.between(200, 340)
    sight = around(x, y, radius + 44, angle)
    return (
        picture
        + circle(*sight, 7, colours.paper)
        + circle(*around(x, y, radius + 88, angle - 50), 4, colours.glow)
    )


def draw_spiral(dice: Dice, colours: Palette) -> str:
    """Draw a spiral one could fall into."""
    x, y, start = dice.between(125, 175), dice.between(140, 165), dice.between(0, 359)
    picture = ""
    for arm, shade in enumerate((colours.mid, colours.glow)):
        turns = [start + 180 * arm + 30 * step for step in range(33)]
        outer = [around(x, y, 3 + 0.21 * step * step, turn) for step, turn in enumerate(turns)]
        inner = [around(x, y, 2 + 0.155 * step * step, turn) for step, turn in enumerate(turns)]
        picture += path(loop([*outer, *reversed(inner)]), shade)
    return picture + circle(x, y, 6, colours.paper)


def draw_tunnel(dice: Dice, colours: Palette) -> str:
    """Draw discs inside discs, sliding off centre."""
    x, y = dice.between(140, 160), dice.between(140, 155)
    dx, dy = dice.pick((-5, -4, 4, 5)), dice.pick((-4, 3, 4))
    shades = (colours.mid, colours.deep, colours.glow, colours.deep, colours.mid, colours.night, colours.glow)
    picture = ""
    for step, shade in enumerate(shades):
        picture += circle(x + dx * step, y + dy * step, 132 - 19 * step, shade)
    return picture


def draw_burst(dice: Dice, colours: Palette) -> str:
    """Draw rays out of one blazing point."""
    x, y, turn = dice.between(90, 210), dice.between(150, 200), dice.between(0, 20)
    rays = "".join(
        f"M{x} {y}L{a:.0f} {b:.0f}L{c:.0f} {d:.0f}z"
        for step in range(14)
        for (a, b), (c, d) in [
            (around(x, y, 440, turn + 25.7 * step), around(x, y, 440, turn + 25.7 * step + 12.8))
        ]
    )
    picture = path(rays, colours.mid)
    spikes = []
    for step in range(22):
        reach = dice.between(84, 122) if step % 2 else dice.between(44, 58)
        spikes.append(around(x, y, reach, turn + 360 / 22 * step))
    inner = [(x + (a - x) * 0.6, y + (b - y) * 0.6) for a, b in spikes]
    return picture + polygon(spikes, colours.glow) + polygon(inner, colours.paper)


def draw_speed(dice: Dice, colours: Palette) -> str:
    """Draw bars racing across at one angle."""
    picture = ""
    shades = (colours.mid, colours.glow, colours.paper, colours.mid, colours.glow, colours.deep)
    for step in range(11):
        y = -10 + 34 * step
        left, length = dice.between(-60, 170), dice.between(70, 230)
        width = dice.pick((6, 12, 20, 26))
        picture += line(f"M{left} {y}h{length}", dice.pick(shades), width)
    side = dice.pick((-32, 32))
    return f'<g transform="rotate({side} 150 150)">{picture}</g>'


def draw_confetti(dice: Dice, colours: Palette) -> str:
    """Draw playful shapes on a loose grid."""
    shades = (colours.glow, colours.paper, colours.deep, colours.night)
    picture = ""
    for row in range(4):
        for column in range(4):
            x, y = 38 + 75 * column + dice.between(-9, 9), 40 + 76 * row + dice.between(-9, 9)
            shade, kind = shades[(row + column + dice.between(0, 1)) % 4], dice.between(0, 5)
            turn = dice.between(0, 90)
            shape = (
                circle(0, 0, 24, shade),
                ring(0, 0, 19, shade, 10),
                path("M-26 13A26 26 0 0 1 26 13z", shade),
                polygon(((0, -26), (25, 20), (-25, 20)), shade),
                line("M-30 0q7.5-20 15 0t15 0t15 0t15 0", shade, 9),
                line("M0-22v44M-22 0h44", shade, 11),
            )[kind]
            picture += f'<g transform="translate({x} {y}) rotate({turn})">{shape}</g>'
    return picture


def draw_grin(dice: Dice, colours: Palette) -> str:
    """Draw a face of three shapes that cannot keep a straight line."""
    x, y = dice.between(140, 160), 150
    wink = dice.roll() < 0.4
    picture = circle(x, y, 122, colours.glow)
    picture += path(f"M{x - 74} {y + 14}a74 74 0 0 0 148 0z", colours.night)
    picture += path(f"M{x - 40} {y + 76}a46 46 0 0 1 80 0a74 74 0 0 1-80 0z", colours.deep)
    picture += circle(x - 42, y - 36, 17, colours.night)
    if wink:
        return picture + line(f"M{x + 24} {y - 34}q18-18 38 0", colours.night, 9)
    return picture + circle(x + 42, y - 36, 17, colours.night)


def draw_quarters(dice: Dice, colours: Palette) -> str:
    """Draw quarter discs in a tiled pattern."""
    shades = (colours.glow, colours.paper, colours.deep, colours.night)
    picture = ""
    for row in range(4):
        for column in range(4):
            x, y = 75 * column, 78 * row
            back, front = dice.between(0, 3), dice.between(1, 3)
            corner = dice.pick(
                (
                    f"M{x} {y}h75A75 78 0 0 1 {x} {y + 78}z",
                    f"M{x + 75} {y}v78A75 78 0 0 1 {x} {y}z",
                    f"M{x + 75} {y + 78}h-75A75 78 0 0 1 {x + 75} {y}z",
                    f"M{x} {y + 78}v-78A75 78 0 0 1 {x + 75} {y + 78}z",
                )
            )
            if dice.roll() < 0.55:
                picture += path(boxes([(x, y, 75, 78)]), shades[back])
            picture += path(corner, shades[(back + front) % 4])
    return picture


def draw_half_sun(dice: Dice, colours: Palette) -> str:
    """Draw two halves of a disc that do not quite meet."""
    shift = dice.pick((-26, -18, 18, 26))
    picture = path("M150 36a112 112 0 0 0 0 224z", colours.glow)
    picture = f'<g transform="translate(-4 {shift // 2})">{picture}</g>'
    stripes = "".join(f"M158 {40 + 16 * step + shift}h112" for step in range(14))
    disc = f"M154 {36 + shift}a112 112 0 0 1 0 224z"
    return (
        picture
        + path(disc, colours.deep)
        + f'<clipPath id="h"><path d="{disc}"/></clipPath>'
        + f'<g clip-path="url(#h)">{line(stripes, colours.mid, 4, 1, "butt")}</g>'
    )


def draw_contours(dice: Dice, colours: Palette) -> str:
    """Draw the height lines of an unknown hill."""
    x, y = dice.between(120, 180), dice.between(130, 170)
    waves = [(k, dice.between(4, 14) / 100, dice.between(0, 359)) for k in (2, 3, 5)]
    picture = ""
    for step in range(9):
        outline = []
        for corner in range(24):
            bend = sum(share * math.sin(math.radians(k * 15 * corner + phase)) for k, share, phase in waves)
            outline.append(around(x, y, (18 + 21 * step) * (1 + bend), 15 * corner))
        data = loop(outline)
        shade = colours.glow if step % 4 == 0 else colours.paper
        picture += line(data, shade, 3 if step % 4 == 0 else 1.4, 1 if step % 4 == 0 else 0.6)
    return picture + circle(x, y, 6, colours.glow)


def draw_halftone(dice: Dice, colours: Palette) -> str:
    """Draw a printed dot screen, heavy in the middle."""
    x, y = dice.between(90, 210), dice.between(100, 190)
    sizes: dict[int, list[tuple[float, float]]] = {}
    for row in range(17):
        for column in range(16):
            a, b = 19 * column + (row % 2) * 9.5, 10 + 18 * row
            size = round(19 - math.hypot(a - x, b - y) / 10.5)
            if size > 1:
                sizes.setdefault(size // 2 * 2, []).append((a, b))
    return "".join(dots(points, colours.glow, size) for size, points in sizes.items())


def draw_vinyl(dice: Dice, colours: Palette) -> str:
    """Draw a record with its light catching the grooves."""
    x, y, turn = dice.between(140, 160), 152, dice.between(20, 70)
    picture = circle(x, y, 128, colours.night)
    picture += "".join(ring(x, y, radius, colours.deep, 1.5) for radius in (118, 108, 98, 88, 78, 68))
    for start in (turn, turn + 180):
        edge = "L".join(
            f"{a:.0f} {b:.0f}" for a, b in (around(x, y, 126, start), around(x, y, 126, start + 26))
        )
        picture += path(f"M{x} {y}L{edge}z", colours.paper, 0.14)
    picture += circle(x, y, 50, colours.glow) + path(f"M{x - 50} {y}a50 50 0 0 1 100 0z", colours.mid)
    return picture + circle(x, y, 7, colours.night)


def draw_equaliser(dice: Dice, colours: Palette) -> str:
    """Draw bars of sound, mirrored."""
    picture, shades = "", (colours.glow, colours.paper, colours.mid)
    for step in range(9):
        reach = dice.between(22, 60) + 62 * math.sin(math.pi * (step + 0.5) / 9)
        picture += line(f"M{30 + 30 * step} {150 - reach:.0f}V{150 + reach:.0f}", shades[step % 3], 16)
    return picture


def draw_crystals(dice: Dice, colours: Palette) -> str:
    """Draw a cluster of cut stones."""
    picture = dots([(dice.between(6, 294), dice.between(6, 190)) for _ in range(22)], colours.paper, 2.4, 0.8)
    for angle, length, half in ((-38, 150, 22), (36, 158, 24), (-17, 200, 27), (15, 186, 26), (0, 236, 33)):
        reach = length + dice.between(-14, 14)
        left = ((0, 0), (-half, -reach * 0.3), (-half * 0.7, -reach * 0.82), (0, -reach))
        right = ((0, 0), (half, -reach * 0.3), (half * 0.7, -reach * 0.82), (0, -reach))
        stone = polygon(left, colours.glow if angle == 0 else colours.mid)
        stone += polygon(right, colours.mid if angle == 0 else colours.deep)
        picture += f'<g transform="translate(150 292) rotate({angle})">{stone}</g>'
    return picture


def draw_two_circles(dice: Dice, colours: Palette) -> str:
    """Draw two discs and what they share."""
    y, gap = dice.between(140, 160), dice.between(46, 58)
    radius, lean = 88, dice.between(-24, 24)
    near, far = (150 - gap, y - lean), (150 + gap, y + lean)
    first, second = circle(*near, radius, "#000"), circle(*far, radius, colours.glow)
    return (
        circle(*near, radius, colours.mid)
        + circle(*far, radius, colours.paper, 0.92)
        + f'<clipPath id="c">{first}</clipPath><g clip-path="url(#c)">{second}</g>'
    )


def draw_hearts(dice: Dice, colours: Palette) -> str:
    """Draw one heart inside the other."""
    data = "M0 92C-120 10-96-84-40-84C-16-84 0-62 0-50C0-62 16-84 40-84C96-84 120 10 0 92z"
    x, y, lean = dice.between(140, 160), dice.between(146, 158), dice.pick((-9, -5, 5, 9))
    shades = (colours.mid, colours.glow, colours.deep, colours.paper)
    hearts = "".join(
        f'<g transform="scale({1.45 - 0.36 * step:.2f})">{path(data, shade)}</g>'
        for step, shade in enumerate(shades)
    )
    return f'<g transform="translate({x} {y}) rotate({lean})">{hearts}</g>'


def draw_compass(dice: Dice, colours: Palette) -> str:
    """Draw a compass rose, not quite pointing north."""
    x, y, turn = 150, 150, dice.between(8, 40)
    picture = ring(x, y, 124, colours.paper, 2, 0.7) + ring(x, y, 112, colours.glow, 6)
    for reach, shades in ((66, (colours.mid, colours.deep)), (106, (colours.glow, colours.paper))):
        offset = turn + (45 if reach == 66 else 0)
        for quarter in range(4):
            angle = offset + 90 * quarter
            tip = around(x, y, reach, angle)
            for side, shade in zip((-45, 45), shades, strict=True):
                picture += polygon(((x, y), tip, around(x, y, 24, angle + side)), shade)
    return picture + circle(x, y, 8, colours.night)
